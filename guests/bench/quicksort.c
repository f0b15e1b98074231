/* Quicksort of 2^16 pseudo-random numbers: recursion, branches that cannot be predicted. */
#include "../lib/runtime.h"

enum { NUMBERS = 1 << 16 };
static u64 numbers[NUMBERS];

static void sort(u64 *first, u64 *last) {
  while (first < last) {
    u64 pivot = first[(last - first) / 2], *low = first, *high = last;
    while (low <= high) {
      while (*low < pivot) low++;
      while (*high > pivot) high--;
      if (low > high) break;
      u64 swapped = *low;
      *low++ = *high;
      *high-- = swapped;
    }
    /* The smaller part by recursion, the larger by the loop: the stack stays logarithmic. */
    if (high - first < last - low) {
      sort(first, high);
      first = low;
    } else {
      sort(low, last);
      last = high;
    }
  }
}

int main(int argc, char **argv) {
  u64 count = count_argument(argc, argv, 4), checksum = 0, random = 0x9e3779b97f4a7c15;
  for (u64 i = 0; i < count; i++) {
    for (int j = 0; j < NUMBERS; j++) {
      random ^= random << 13, random ^= random >> 7, random ^= random << 17;
      numbers[j] = random;
    }
    sort(numbers, numbers + NUMBERS - 1);
    for (int j = 1; j < NUMBERS; j++)
      if (numbers[j - 1] > numbers[j]) return 1;
    for (int j = 0; j < NUMBERS; j += 97) checksum = checksum * 31 + numbers[j];
  }
  print_checksum("quicksort", count, checksum);
  return 0;
}
