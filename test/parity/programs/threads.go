// The runtime of Go: goroutines, channels, timers, locks, threads, the garbage collector. Prints only what does not depend
// on who runs when.
package main

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func channels() int {
	var group sync.WaitGroup
	results := make(chan int)
	for i := range 6 {
		group.Add(1)
		go func() { defer group.Done(); results <- fib(5+i) * i }()
	}
	go func() { group.Wait(); close(results) }()
	sum := 0
	for result := range results {
		sum += result
	}
	return sum
}

func timers() (bool, int) {
	start := time.Now()
	time.Sleep(30 * time.Millisecond)
	slept := time.Since(start) >= 30*time.Millisecond
	ticker := time.NewTicker(4 * time.Millisecond)
	ticks := 0
	timeout := time.After(60 * time.Millisecond)
	for {
		select {
		case <-ticker.C:
			if ticks++; ticks == 3 {
				ticker.Stop()
			}
		case <-timeout:
			return slept, ticks
		}
	}
}

func turns() (turn, total int) {
	var lock sync.Mutex
	changed := sync.NewCond(&lock)
	done := make(chan bool)
	for id := range 3 {
		go func() {
			for range 5 {
				lock.Lock()
				for turn%3 != id {
					changed.Wait()
				}
				total += id * turn
				turn++
				changed.Broadcast()
				lock.Unlock()
			}
			done <- true
		}()
	}
	for range 3 {
		<-done
	}
	return
}

func many() int64 {
	var count atomic.Int64
	var group sync.WaitGroup
	for i := range 40 {
		group.Add(1)
		go func() { count.Add(int64(i)); runtime.Gosched(); count.Add(1); group.Done() }()
	}
	group.Wait()
	return count.Load()
}

// A goroutine with a thread of its own.
func locked() int {
	numbers := make(chan int)
	go func() { runtime.LockOSThread(); numbers <- 7; numbers <- 8 }()
	return <-numbers + <-numbers
}

func garbage() (int, bool) {
	kept := make([]*[2048]byte, 0)
	for i := range 40 {
		block := new([2048]byte)
		block[i] = byte(i)
		if i%8 == 0 {
			kept = append(kept, block)
		}
	}
	runtime.GC()
	check := 0
	for i, block := range kept {
		check += int(block[8*i])
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return check, stats.NumGC > 0
}

func recovers() (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	var list []int
	return fmt.Sprint(list[len(message)+3])
}

func main() {
	fmt.Println(channels())
	fmt.Println(timers())
	fmt.Println(turns())
	fmt.Println(many(), locked())
	fmt.Println(garbage())
	fmt.Println(recovers(), strings.Repeat("-", 3), 1.0/3.0)
}
