/* A small stack machine that counts Collatz steps: a dispatch loop, as in any virtual machine that runs inside. */
#include "../lib/runtime.h"

enum operation { PUSH, LOAD, STORE, ADD, MULTIPLY, SHIFT_RIGHT, AND, LESS, JUMP, JUMP_IF_ZERO, HALT };
enum variable { NUMBER, LIMIT, CURRENT, STEPS, VARIABLES };

typedef struct instruction {
  u8 operation;
  u8 operand;
} instruction;

static const instruction program[] = {
    /*  0 */ {PUSH, 1}, {STORE, NUMBER},
    /*  2 */ {LOAD, NUMBER}, {LOAD, LIMIT}, {LESS, 0}, {JUMP_IF_ZERO, 36}, {LOAD, NUMBER}, {STORE, CURRENT},
    /*  8 */ {PUSH, 1}, {LOAD, CURRENT}, {LESS, 0}, {JUMP_IF_ZERO, 31},
    /* 12 */ {LOAD, STEPS}, {PUSH, 1}, {ADD, 0}, {STORE, STEPS},
    /* 16 */ {LOAD, CURRENT}, {PUSH, 1}, {AND, 0}, {JUMP_IF_ZERO, 26},
    /* 20 */ {LOAD, CURRENT}, {PUSH, 3}, {MULTIPLY, 0}, {PUSH, 1}, {ADD, 0}, {JUMP, 29},
    /* 26 */ {LOAD, CURRENT}, {PUSH, 1}, {SHIFT_RIGHT, 0},
    /* 29 */ {STORE, CURRENT}, {JUMP, 8},
    /* 31 */ {LOAD, NUMBER}, {PUSH, 1}, {ADD, 0}, {STORE, NUMBER}, {JUMP, 2},
    /* 36 */ {HALT, 0},
};

/* Collatz steps of all numbers below `limit`. */
static u64 run(u64 limit) {
  u64 variables[VARIABLES] = {0}, stack[8], *top = stack;
  variables[LIMIT] = limit;
  for (const instruction *at = program;; at++) {
    switch (at->operation) {
      case PUSH: *top++ = at->operand; break;
      case LOAD: *top++ = variables[at->operand]; break;
      case STORE: variables[at->operand] = *--top; break;
      case ADD: top--; top[-1] += top[0]; break;
      case MULTIPLY: top--; top[-1] *= top[0]; break;
      case SHIFT_RIGHT: top--; top[-1] >>= top[0]; break;
      case AND: top--; top[-1] &= top[0]; break;
      case LESS: top--; top[-1] = top[-1] < top[0]; break;
      case JUMP: at = program + at->operand - 1; break;
      case JUMP_IF_ZERO: if (*--top == 0) at = program + at->operand - 1; break;
      default: return variables[STEPS];
    }
  }
}

int main(int argc, char **argv) {
  u64 count = count_argument(argc, argv, 4), checksum = 0;
  for (u64 i = 0; i < count; i++) checksum = checksum * 31 + run(1000 + i);
  print_checksum("bytecode", count, checksum);
  return 0;
}
