//! An ordinary Rust program: the standard library's maps, strings, floating point, threads, channels, and a panic that is
//! caught. Prints the same always.

use std::collections::{BTreeMap, HashMap};
use std::sync::{mpsc, Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use std::{panic, thread};

fn threads() {
    let counts = Arc::new(Mutex::new(HashMap::new()));
    let (sender, receiver) = mpsc::channel();
    let workers: Vec<_> = (0..3u64)
        .map(|number| {
            let (counts, sender) = (counts.clone(), sender.clone());
            thread::Builder::new()
                .name(format!("worker {number}"))
                .spawn(move || {
                    for i in 0..1000u64 {
                        *counts.lock().unwrap().entry(i % 7).or_insert(0) += number + i;
                    }
                    sender.send((number, thread::current().name().unwrap().to_string())).unwrap();
                    if number == 1 {
                        panic!("worker 1 has had enough");
                    }
                    number * 10
                })
                .unwrap()
        })
        .collect();
    drop(sender);
    let names: BTreeMap<_, _> = receiver.iter().collect();
    println!("threads: {names:?}");
    let results: Vec<_> = workers
        .into_iter()
        .map(|worker| worker.join().map_err(|error| *error.downcast_ref::<&str>().unwrap()))
        .collect();
    println!("results: {results:?}");
    let counts: BTreeMap<_, _> = counts.lock().unwrap().clone().into_iter().collect();
    println!("counts: {counts:?}");
}

fn waiting() {
    let start = Instant::now();
    let (mutex, condition) = (Mutex::new(()), Condvar::new());
    let (_guard, status) = condition.wait_timeout(mutex.lock().unwrap(), Duration::from_millis(1)).unwrap();
    thread::sleep(Duration::from_millis(2));
    println!("waiting: {}, {}", status.timed_out(), start.elapsed() >= Duration::from_millis(3));
}

fn main() {
    println!("hello, {}", std::env::args().nth(1).unwrap_or("world".to_string()));
    threads();
    waiting();
    let sum: f64 = (1..=1000).map(|i| 1.0 / f64::from(i)).sum();
    println!("floating point: {sum} {} {:e} {}", 2f64.sqrt(), 1.1f64.powi(100), f64::NAN.max(0.1f64.mul_add(10.0, -1.0)));
    let caught = panic::catch_unwind(|| Vec::<u8>::new()[3]);
    println!("panic: {}", if caught.is_err() { "caught" } else { "none" });
    println!("files: {}", std::fs::read("/no/such/file").map_or("none", |_| "there are"));
    let text: String = "Grüße".chars().rev().collect();
    println!("text: {text}, {:?}", "3,1,2".split(',').map(str::parse::<i32>).collect::<Result<Vec<_>, _>>());
    std::process::exit(7);
}
