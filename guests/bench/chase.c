/* Follows pointers in a random order through 64 MiB: every access in another page, memory-bound on any host. */
#include "../lib/runtime.h"

enum { NODES = 1 << 22, HOPS = 1 << 20 };
typedef struct node {
  struct node *next;
  u64 value;
} node;
static node nodes[NODES];

int main(int argc, char **argv) {
  u64 count = count_argument(argc, argv, 2), checksum = 0;
  /* A linear congruential generator of full period (Hull and Dobell) visits every node once. */
  for (u64 i = 0; i < NODES; i++) {
    nodes[i].next = &nodes[(i * 1664525 + 1013904223) % NODES];
    nodes[i].value = i;
  }
  node *at = nodes;
  for (u64 i = 0; i < count; i++)
    for (u64 hop = 0; hop < HOPS; hop++) {
      checksum = (checksum << 7 | checksum >> 57) ^ at->value++;
      at = at->next;
    }
  print_checksum("chase", count, checksum);
  return 0;
}
