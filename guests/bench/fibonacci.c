/* Fibonacci numbers by the definition: calls and returns, nothing else. */
#include "../lib/runtime.h"

__attribute__((noinline)) static u64 fibonacci(u64 n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

int main(int argc, char **argv) {
  u64 count = count_argument(argc, argv, 8), checksum = 0;
  for (u64 i = 0; i < count; i++) checksum = checksum * 31 + fibonacci(24 + i % 2);
  print_checksum("fibonacci", count, checksum);
  return 0;
}
