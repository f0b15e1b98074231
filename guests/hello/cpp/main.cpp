// An ordinary C++ program: exceptions through frames and threads, the standard library's containers, streams and threads.
// Prints the same always.
#include <chrono>
#include <condition_variable>
#include <exception>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

struct Witness {
  const char *name;
  explicit Witness(const char *name) : name(name) {}
  ~Witness() { std::cout << "  left " << name << '\n'; }
};

struct Shape {
  virtual ~Shape() = default;
};
struct Circle : Shape {
  double radius = 2.5;
};

[[noreturn]] static void deep(int depth) {
  Witness witness(depth == 0 ? "the bottom" : "a frame");
  if (depth == 0) throw std::out_of_range("too deep");
  deep(depth - 1);
}

static void exceptions() {
  try {
    try {
      deep(3);
    } catch (const std::logic_error &error) {
      std::cout << "caught " << error.what() << '\n';
      std::throw_with_nested(std::runtime_error("and so"));
    }
  } catch (const std::runtime_error &error) {
    std::cout << "caught " << error.what();
    try {
      std::rethrow_if_nested(error);
    } catch (const std::out_of_range &nested) {
      std::cout << ", because of " << nested.what() << '\n';
    }
  }
  try {
    (void)std::vector<int>(3).at(7);
  } catch (const std::exception &) {
    std::cout << "the library throws too\n";
  }
  int caught = 0;
  for (int i = 0; i < 1000; i++) try {
      throw i;
    } catch (int value) {
      caught += value;
    }
  std::cout << "thrown and caught: " << caught << '\n';
  Circle circle;
  Shape *shape = &circle;
  std::cout << "cast: " << (dynamic_cast<Circle *>(shape) != nullptr ? circle.radius : 0) << '\n';
}

static void threads() {
  std::mutex mutex;
  std::map<int, std::string> said;
  std::vector<std::thread> workers;
  thread_local int calls = 0;
  for (int i = 0; i < 3; i++)
    workers.emplace_back([&, i] {
      try {
        for (; calls < 100 * (i + 1); calls++) std::this_thread::yield();
        throw std::runtime_error("thrown in thread " + std::to_string(i) + " after " + std::to_string(calls) + " calls");
      } catch (const std::exception &error) {
        std::lock_guard lock(mutex);
        said[i] = error.what();
      }
    });
  for (auto &worker : workers) worker.join();
  for (const auto &[number, text] : said) std::cout << number << ": " << text << '\n';

  auto failing = std::async(std::launch::async, []() -> int { throw std::domain_error("from another thread"); });
  try {
    (void)failing.get();
  } catch (const std::domain_error &error) {
    std::cout << "future: " << error.what() << '\n';
  }
  std::condition_variable condition;
  std::unique_lock lock(mutex);
  auto status = condition.wait_for(lock, std::chrono::milliseconds(2));
  std::cout << "waiting: " << (status == std::cv_status::timeout ? "timed out" : "woken") << '\n';
}

int main() {
  exceptions();
  threads();
  std::unordered_map<std::string, std::shared_ptr<double>> table;
  for (int i = 0; i < 1000; i++) table[std::to_string(i)] = std::make_shared<double>(i / 7.0);
  double sum = 0;
  for (int i = 0; i < 1000; i++) sum += *table.at(std::to_string(i));
  std::cout.precision(17);
  std::cout << "sum " << sum << ", in entries " << table.size() << '\n';
  return 0;
}
