/* Every floating-point instruction, in every rounding mode, on edge values and random ones: prints a digest of results and
   flags for each. argv[1]: draws for each (default 1000); argv[2], the number of a line, prints its draws instead. */
#include "../lib/runtime.h"

enum source { INTEGER, SINGLE, DOUBLE };

static u64 seed;

static u64 next_random(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}

static const u64 doubles[] = {
    0, 1, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x7ff0000000000000, 0xfff0000000000000,
    0x7ff8000000000000, 0x7ff0000000000001, 0xfff8000000000123, 0x000fffffffffffff, 0x0010000000000000,
    0x7fefffffffffffff, 0x3fefffffffffffff, 0x43e0000000000000, 0xc3e0000000000000, 0x43f0000000000000,
    0x41dfffffffc00000, 0x41e0000000000000, 0xc1e0000000000000, 0x41f0000000000000, 0x3fe0000000000000,
    0x3ff8000000000000, 0x4004000000000000, 0xbfe0000000000000, 0x380fffffffffffff, 0x36a0000000000000,
    0x3690000000000000, 0x47efffffe0000000, 0x47efffffefffffff, 0x8000000000000001, 0x800fffffffffffff,
};
static const u32 singles[] = {
    0, 1, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc00123, 0x007fffff,
    0x00800000, 0x7f7fffff, 0x3f7fffff, 0x4f000000, 0xcf000000, 0x5f000000, 0xdf000000, 0x5f800000, 0x3f000000,
    0x3fc00000, 0x40200000, 0x4effffff, 0x4f7fffff, 0x80000001, 0x807fffff,
};

/* A number of `bits` bits whose exponent has `exponent` bits: an edge, or random with a middling exponent, few digits, or
   none of these. */
static u64 draw_number(u64 edge, int bits, int exponent) {
  u64 random = next_random();
  int fraction = bits - 1 - exponent;
  u64 keep = (1ul << fraction) - 1, sign = 1ul << (bits - 1);
  u64 middle = ((1ul << (exponent - 1)) - 8 + next_random() % 70) << fraction;
  switch (next_random() % 8) {
  case 0: case 1: case 2: return edge;
  case 3: case 4: return (random & (keep | sign)) | middle;
  case 5: return (random & (sign | 3ul << (fraction - 2))) | middle;
  case 6: return (random & sign) | next_random() % 64;
  default: return random & (sign | (sign - 1));
  }
}

static u64 draw(enum source source) {
  if (source == INTEGER) {
    u64 random = next_random(), edge = doubles[next_random() % (sizeof doubles / sizeof *doubles)];
    return next_random() % 4 ? (u64)((long)random >> next_random() % 64) : edge;
  }
  if (source == DOUBLE) return draw_number(doubles[next_random() % (sizeof doubles / sizeof *doubles)], 64, 11);
  u64 box = next_random() % 32 ? 0xffffffff00000000 : next_random() << 32;
  return box | draw_number(singles[next_random() % (sizeof singles / sizeof *singles)], 32, 8);
}

static void print_word(u64 word) {
  u8 bytes[8];
  for (int i = 0; i < 8; i++) bytes[i] = (u8)(word >> (56 - 8 * i));
  print_hex(bytes, 8);
}

/* What an instruction is executed on: a0 and fa0 hold `a`, fa1 holds `b`, fa2 holds `c`; then what a0, fa0 and fflags hold. */
struct registers {
  u64 a, b, c, integer, number, flags;
};

/* A function for each instruction, then a list of them. */
#define OPERATION(name, word, kind)                                                                                    \
  static void execute_##word(struct registers *r) {                                                                    \
    register u64 a0 __asm__("a0") = r->a;                                                                              \
    u64 number, flags;                                                                                                 \
    __asm__ volatile("csrw fflags, zero\n fmv.d.x fa0, a0\n fmv.d.x fa1, %[b]\n fmv.d.x fa2, %[c]\n .4byte " #word    \
                     "\n csrr %[flags], fflags\n fmv.x.d %[number], fa0"                                               \
                     : "+r"(a0), [flags] "=&r"(flags), [number] "=&r"(number)                                          \
                     : [b] "r"(r->b), [c] "r"(r->c)                                                                    \
                     : "fa0", "fa1", "fa2");                                                                           \
    r->integer = a0;                                                                                                   \
    r->number = number;                                                                                                \
    r->flags = flags;                                                                                                  \
  }
#include "generated/operations.h"
#undef OPERATION

static const struct operation {
  const char *name;
  enum source source;
  void (*execute)(struct registers *);
} operations[] = {
#define OPERATION(name, word, kind) {name, kind, execute_##word},
#include "generated/operations.h"
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static void print_draw(const struct registers *r) {
  const u64 words[] = {r->a, r->b, r->c, r->integer, r->number, r->flags};
  for (int i = 0; i < 6; i++) {
    print_word(words[i]);
    print(i < 5 ? " " : "\n");
  }
}

/* A digest of `count` results with their flags. */
static u64 run(const struct operation *operation, u64 count, int show) {
  enum source other = operation->source == INTEGER ? DOUBLE : operation->source;
  u64 digest = 0xcbf29ce484222325;
  seed = 88172645463325252;
  for (u64 i = 0; i < count; i++) {
    struct registers r;
    r.a = draw(operation->source);
    r.b = draw(other);
    r.c = draw(other);
    operation->execute(&r);
    if (show) print_draw(&r);
    digest = (digest ^ r.integer) * 0x100000001b3;
    digest = (digest ^ digest >> 29 ^ r.number) * 0x100000001b3;
    digest = (digest ^ digest >> 31 ^ r.flags) * 0x100000001b3;
  }
  return digest;
}

int main(int argc, char **argv) {
  u64 count = count_argument(argc, argv, 1000);
  u64 only = argc > 2 ? count_argument(argc - 1, argv + 1, 0) : 0;
  for (u64 line = 1; line <= OPERATIONS; line++) {
    const struct operation *operation = &operations[line - 1];
    if (only == line) run(operation, count, 1);
    if (only != 0) continue;
    u64 digest = run(operation, count, 0);
    print(operation->name);
    print(" ");
    print_word(digest);
    print("\n");
  }
  return 0;
}
