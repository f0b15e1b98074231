/* Product of 64 x 64 matrices of integers: multiplications and loads in a regular order. */
#include "../lib/runtime.h"

enum { SIZE = 64 };
static u64 a[SIZE][SIZE], b[SIZE][SIZE], product[SIZE][SIZE];

int main(int argc, char **argv) {
  u64 count = count_argument(argc, argv, 20);
  for (u64 i = 0; i < SIZE * SIZE; i++) {
    a[i / SIZE][i % SIZE] = i * 0x9e3779b97f4a7c15;
    b[i / SIZE][i % SIZE] = (i + 7) * 0xc2b2ae3d27d4eb4f;
  }
  for (u64 n = 0; n < count; n++) {
    for (int i = 0; i < SIZE; i++)
      for (int j = 0; j < SIZE; j++) {
        u64 sum = 0;
        for (int k = 0; k < SIZE; k++) sum += a[i][k] * b[k][j];
        product[i][j] = sum;
      }
    for (int i = 0; i < SIZE; i++)
      for (int j = 0; j < SIZE; j++) a[i][j] = product[i][j] ^ product[j][i] >> 7;
  }
  u64 checksum = 0;
  for (u64 i = 0; i < SIZE * SIZE; i++) checksum = checksum * 31 + a[i / SIZE][i % SIZE];
  print_checksum("matrix", count, checksum);
  return 0;
}
