/* See runtime.h. */
#include "runtime.h"

/* Linux enters with everything on the stack: argc, argv, 0, envp, 0, auxv. gp is set for the linker's relaxation. */
__asm__(".section .text\n"
        ".globl _start\n"
        ".type _start, @function\n"
        "_start:\n"
        ".option push\n"
        ".option norelax\n"
        "  lla gp, __global_pointer$\n"
        ".option pop\n"
        "  li fp, 0\n"
        "  li ra, 0\n"
        "  ld a0, 0(sp)\n"
        "  addi a1, sp, 8\n"
        "  andi sp, sp, -16\n"
        "  call main\n"
        "  j exit\n"
        ".size _start, . - _start\n");

enum { SYS_READ = 63, SYS_WRITE = 64, SYS_EXIT_GROUP = 94 };

static long system_call(long number, long a, long b, long c) {
  register long a7 __asm__("a7") = number;
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
}

void exit(int code) {
  for (;;) system_call(SYS_EXIT_GROUP, code, 0, 0);
}

long read(int fd, void *data, usize length) {
  return system_call(SYS_READ, fd, (long)data, (long)length);
}

long write(int fd, const void *data, usize length) {
  return system_call(SYS_WRITE, fd, (long)data, (long)length);
}

int read_fully(int fd, void *data, usize length) {
  u8 *at = data;
  while (length > 0) {
    long count = read(fd, at, length);
    if (count <= 0 || (usize)count > length) return -1;
    at += count;
    length -= (usize)count;
  }
  return 0;
}

int write_fully(int fd, const void *data, usize length) {
  const u8 *at = data;
  while (length > 0) {
    long count = write(fd, at, length);
    if (count <= 0 || (usize)count > length) return -1;
    at += count;
    length -= (usize)count;
  }
  return 0;
}

usize length_of(const char *text) {
  usize length = 0;
  while (text[length] != 0) length++;
  return length;
}

int equal(const void *a, const void *b, usize length) {
  const u8 *p = a, *q = b;
  for (usize i = 0; i < length; i++)
    if (p[i] != q[i]) return 0;
  return 1;
}

void copy(void *to, const void *from, usize length) {
  u8 *p = to;
  const u8 *q = from;
  for (usize i = 0; i < length; i++) p[i] = q[i];
}

void fill(void *to, u8 byte, usize length) {
  u8 *p = to;
  for (usize i = 0; i < length; i++) p[i] = byte;
}

/* The compiler may call these two by itself, for the assignment of a struct or an array's initial value. */
void *memcpy(void *to, const void *from, usize length) {
  copy(to, from, length);
  return to;
}

void *memset(void *to, int byte, usize length) {
  fill(to, (u8)byte, length);
  return to;
}

void print(const char *text) {
  write_fully(1, text, length_of(text));
}

void print_decimal(u64 value) {
  char text[20];
  usize at = sizeof text;
  do text[--at] = (char)('0' + value % 10);
  while ((value /= 10) != 0);
  write_fully(1, text + at, sizeof text - at);
}

void print_hex(const u8 *bytes, usize length) {
  static const char digits[] = "0123456789abcdef";
  char text[64];
  print("0x");
  while (length > 0) {
    usize count = length < sizeof text / 2 ? length : sizeof text / 2;
    for (usize i = 0; i < count; i++) {
      text[2 * i] = digits[bytes[i] >> 4];
      text[2 * i + 1] = digits[bytes[i] & 15];
    }
    write_fully(1, text, 2 * count);
    bytes += count;
    length -= count;
  }
}

u64 count_argument(int argc, char **argv, u64 otherwise) {
  if (argc < 2) return otherwise;
  u64 count = 0;
  const char *text = argv[1];
  for (usize i = 0; text[i] != 0 || i == 0; i++) {
    if (text[i] < '0' || text[i] > '9' || i == 18) {
      print("expected a number of iterations\n");
      exit(2);
    }
    count = 10 * count + (u64)(text[i] - '0');
  }
  return count;
}

void print_checksum(const char *name, u64 count, u64 checksum) {
  u8 bytes[8];
  for (int i = 0; i < 8; i++) bytes[i] = (u8)(checksum >> (56 - 8 * i));
  print(name);
  print(": ");
  print_decimal(count);
  print(" iterations, checksum ");
  print_hex(bytes, sizeof bytes);
  print("\n");
}
