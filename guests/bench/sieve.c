/* Sieve of Eratosthenes over a million numbers: byte stores at growing strides. */
#include "../lib/runtime.h"

enum { NUMBERS = 1 << 20 };
static u8 composite[NUMBERS];

int main(int argc, char **argv) {
  u64 count = count_argument(argc, argv, 4), checksum = 0;
  for (u64 i = 0; i < count; i++) {
    fill(composite, 0, NUMBERS);
    for (u64 n = 2; n < NUMBERS; n++) {
      if (composite[n]) continue;
      checksum = checksum * 31 + n;
      for (u64 multiple = n * n; multiple < NUMBERS; multiple += n) composite[multiple] = 1;
    }
  }
  print_checksum("sieve", count, checksum);
  return 0;
}
