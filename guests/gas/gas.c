/* A bit of everything at random places of 64 MiB, for the gas table: loads, stores, atomics, accesses across two pages,
   and a preimage of the oracle, whose hash is input 1, every 256 rounds. `gas.elf [ROUNDS]` */
#include "../account/oracle.h"

enum { WORDS = 1 << 23, PAGE_BYTES = 4096, PREIMAGE_BYTES = 600 };
static u64 heap[WORDS] __attribute__((aligned(4096)));

int main(int argc, char **argv) {
  u64 count = count_argument(argc, argv, 1000), x = 0x9e3779b97f4a7c15, checksum = 0;
  u8 hash[32];
  if (oracle_input(PARENT_BLOCK_HASH, hash) != 0) return 2;
  for (u64 i = 0; i < WORDS; i++) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    heap[i] = x;
  }
  for (u64 i = 0; i < count; i++) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    checksum += heap[x % WORDS];
    heap[(x >> 20) % WORDS] = checksum;
    checksum ^= __atomic_fetch_add(&heap[(x >> 40) % WORDS], checksum, __ATOMIC_RELAXED);
    /* Three bytes of one page and five of the next: the compiler would split what it knows to be misaligned. */
    u64 old;
    u8 *across = (u8 *)heap + (1 + (x >> 30) % (sizeof heap / PAGE_BYTES - 1)) * PAGE_BYTES - 3;
    __asm__ volatile("ld %0, (%1)\n sd %2, (%1)" : "=&r"(old) : "r"(across), "r"(checksum) : "memory");
    checksum ^= old;
    if (i % 256 == 0 && oracle_preimage(hash, (u8 *)heap + (x >> 10) % (sizeof heap - PREIMAGE_BYTES), PREIMAGE_BYTES) < 0)
      return 3;
  }
  print_checksum("gas", count, checksum);
  return 0;
}
