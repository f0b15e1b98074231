/* Proves what an account holds in the state before a block: `account ADDRESS BALANCE NONCE`.

   It reads the parent block's hash (input 1), fetches that header and walks the state trie below its state root, node by
   node, through the preimage oracle. Its output is the keccak256 of the account's RLP; an account that is not in the
   state counts as the empty one (nonce 0, balance 0, no storage, no code), and its output is the hash of that.

   Exit code: 0 balance and nonce are as claimed, 1 they are not, 2 wrong arguments, 3 the header or a node is missing or
   damaged. BALANCE is decimal or 0x hexadecimal, below 2^256; NONCE likewise, below 2^64. */
#include "../lib/keccak.h"
#include "oracle.h"
#include "rlp.h"
#include "trie.h"

enum exit_code { AS_CLAIMED = 0, NOT_AS_CLAIMED = 1, WRONG_ARGUMENTS = 2, DAMAGED_INPUT = 3 };
enum { ADDRESS_BYTES = 20, BALANCE_BYTES = 32, NONCE_BYTES = 8 };
enum { HEADER_BYTES_MAX = 4096, HEADER_ITEMS_MAX = 32, HEADER_STATE_ROOT = 3, ACCOUNT_ITEMS = 4 };

/* The account that every address has before it is first used, as RLP: [0, 0, root of the empty trie, hash of no code]. */
static const u8 empty_account[] = {
    0xf8, 0x44, 0x80, 0x80, 0xa0, 0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45, 0xe6, 0x92,
    0xc0, 0xf8, 0x6e, 0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4,
    0x21, 0xa0, 0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
    0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70};

static u8 header[HEADER_BYTES_MAX];

__attribute__((noreturn)) static void stop(enum exit_code code, const char *why) {
  print("account: ");
  print(why);
  print("\n");
  exit(code);
}

static int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* Reads a decimal or 0x number into `size` big-endian bytes. 0, or -1 if it is not one or does not fit. */
static int parse_number(const char *text, u8 *bytes, usize size) {
  int base = text[0] == '0' && text[1] == 'x' ? 16 : 10;
  const char *at = base == 16 ? text + 2 : text;
  fill(bytes, 0, size);
  if (*at == 0) return -1;
  for (; *at != 0; at++) {
    int carry = digit_value(*at);
    if (carry < 0 || carry >= base) return -1;
    for (usize i = size; i-- > 0;) {
      int sum = bytes[i] * base + carry;
      bytes[i] = (u8)sum;
      carry = sum >> 8;
    }
    if (carry != 0) return -1;
  }
  return 0;
}

static int parse_address(const char *text, u8 address[ADDRESS_BYTES]) {
  if (length_of(text) != 2 + 2 * ADDRESS_BYTES || text[1] != 'x') return -1;
  return parse_number(text, address, ADDRESS_BYTES);
}

/* Prints a big-endian number in decimal, dividing it by ten until nothing is left. */
static void print_number(const u8 *bytes, usize size) {
  u8 rest[BALANCE_BYTES];
  char text[80];
  usize at = sizeof text;
  text[--at] = 0;
  copy(rest, bytes, size);
  for (int is_zero = 0; !is_zero;) {
    int remainder = 0;
    is_zero = 1;
    for (usize i = 0; i < size; i++) {
      int value = remainder << 8 | rest[i];
      rest[i] = (u8)(value / 10);
      remainder = value % 10;
      if (rest[i] != 0) is_zero = 0;
    }
    text[--at] = (char)('0' + remainder);
  }
  print(text + at);
}

/* Fetches the header of the parent block and copies its state root. */
static void read_state_root(const u8 block_hash[32], u8 root[32]) {
  rlp_item items[HEADER_ITEMS_MAX];
  if (oracle_hint("l2-block-header", block_hash) != 0) stop(DAMAGED_INPUT, "hint channel closed");
  long length = oracle_preimage(block_hash, header, sizeof header);
  if (length < 0) stop(DAMAGED_INPUT, "header is missing, too long, or has another hash");
  int count = rlp_read_whole_list(header, (usize)length, items, HEADER_ITEMS_MAX);
  const rlp_item *state_root = &items[HEADER_STATE_ROOT];
  if (count <= HEADER_STATE_ROOT || state_root->is_list || rlp_size(state_root) != 32)
    stop(DAMAGED_INPUT, "header has no state root");
  copy(root, state_root->payload, 32);
}

/* Prints one field of the account, and the claim if it is another. 1 if they agree. */
static int compare_field(const char *name, const u8 *found, const u8 *claimed, usize size) {
  int agrees = equal(found, claimed, size);
  print(name);
  print_number(found, size);
  if (!agrees) {
    print(" (claimed ");
    print_number(claimed, size);
    print(")");
  }
  return agrees;
}

int main(int argc, char **argv) {
  u8 address[ADDRESS_BYTES], claimed_balance[BALANCE_BYTES], claimed_nonce[NONCE_BYTES];
  if (argc != 4) stop(WRONG_ARGUMENTS, "expected ADDRESS BALANCE NONCE");
  if (parse_address(argv[1], address) != 0) stop(WRONG_ARGUMENTS, "expected an address of 0x and 40 digits");
  if (parse_number(argv[2], claimed_balance, BALANCE_BYTES) != 0) stop(WRONG_ARGUMENTS, "balance is not a number");
  if (parse_number(argv[3], claimed_nonce, NONCE_BYTES) != 0) stop(WRONG_ARGUMENTS, "nonce is not a number");

  u8 block_hash[32], root[32], key[32];
  if (oracle_input(PARENT_BLOCK_HASH, block_hash) != 0) stop(DAMAGED_INPUT, "the parent block's hash is missing");
  read_state_root(block_hash, root);
  keccak256(address, sizeof address, key);

  rlp_item value = {empty_account, empty_account, empty_account + sizeof empty_account, 0};
  lookup result = trie_find(root, key, &value);
  if (result == DAMAGED) stop(DAMAGED_INPUT, "a node of the state trie is missing or damaged");
  if (result == ABSENT) value.payload = empty_account, value.end = empty_account + sizeof empty_account;

  rlp_item fields[ACCOUNT_ITEMS];
  u8 nonce[NONCE_BYTES], balance[BALANCE_BYTES];
  _Alignas(32) u8 hash[32];
  if (rlp_read_whole_list(value.payload, rlp_size(&value), fields, ACCOUNT_ITEMS) != ACCOUNT_ITEMS ||
      rlp_read_integer(&fields[0], nonce, NONCE_BYTES) != 0 ||
      rlp_read_integer(&fields[1], balance, BALANCE_BYTES) != 0 || fields[2].is_list || rlp_size(&fields[2]) != 32 ||
      fields[3].is_list || rlp_size(&fields[3]) != 32)
    stop(DAMAGED_INPUT, "the account is damaged");
  keccak256(value.payload, rlp_size(&value), hash);
  if (oracle_output(hash) != 0) stop(DAMAGED_INPUT, "the output cannot be written");

  print("account ");
  print_hex(address, sizeof address);
  int agrees = compare_field(": balance ", balance, claimed_balance, BALANCE_BYTES);
  agrees &= compare_field(", nonce ", nonce, claimed_nonce, NONCE_BYTES);
  print(result == ABSENT ? ", absent" : "");
  print(agrees ? ": as claimed\n" : ": not as claimed\n");
  return agrees ? AS_CLAIMED : NOT_AS_CLAIMED;
}
