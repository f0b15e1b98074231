/* What the freestanding guests stand on instead of a C library: program start, four system calls, text. No headers, no
   allocation, no errno. Linux/RISC-V numbers, so the same files run under qemu-riscv64. */
#ifndef RUNTIME_H
#define RUNTIME_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64; /* lp64 */
typedef unsigned long usize;

_Static_assert(sizeof(u32) == 4 && sizeof(u64) == 8 && sizeof(void *) == 8, "rv64 lp64");

/* Each guest has one. The result is the exit code. */
int main(int argc, char **argv);

__attribute__((noreturn)) void exit(int code);

/* One system call each; the result is the count, or -errno. */
long read(int fd, void *data, usize length);
long write(int fd, const void *data, usize length);

/* All bytes, whatever the system takes at once. 0, or -1 if the other side ended or refused. */
int read_fully(int fd, void *data, usize length);
int write_fully(int fd, const void *data, usize length);

usize length_of(const char *text);
int equal(const void *a, const void *b, usize length);
void copy(void *to, const void *from, usize length);
void fill(void *to, u8 byte, usize length);

/* Text to standard output. */
void print(const char *text);
void print_decimal(u64 value);
void print_hex(const u8 *bytes, usize length);

/* argv[1] as a decimal number, `otherwise` if there is none; exits 2 if it is not a number. */
u64 count_argument(int argc, char **argv, u64 otherwise);

/* "NAME: COUNT iterations, checksum 0x0123456789abcdef": the line that every benchmark ends with. */
void print_checksum(const char *name, u64 count, u64 checksum);

#endif
