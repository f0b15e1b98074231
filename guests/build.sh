#!/bin/sh
# Builds the C guests, account/account.elf, gas/gas.elf and bench/*.elf, into the folder given or in place, and writes there which bytes
# came out (SHA256SUMS) of which compiler (COMPILER). The same compiler gives the same bytes in any folder.
set -eu
cd "$(dirname "$0")"
out=${1:-.}
cc=${RISCV_CC:-riscv64-linux-gnu-gcc}

flags="-march=rv64imac -mabi=lp64 -mcmodel=medlow -O2 -std=c11 -Wall -Wextra -Werror
  -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns
  -fno-ident -ffunction-sections"
link="-nostdlib -static -no-pie -Wl,--gc-sections,--build-id=none,-z,noseparate-code,-z,norelro,--no-warn-rwx-segments"

build() {
  name=$1
  shift
  mkdir -p "$out/$(dirname "$name")"
  # shellcheck disable=SC2086
  "$cc" $flags $link -o "$out/$name.elf" "$@"
}

build account/account account/account.c account/trie.c account/oracle.c account/rlp.c lib/keccak.c lib/runtime.c
build gas/gas gas/gas.c account/oracle.c lib/keccak.c lib/runtime.c
for name in sieve sha256 keccak quicksort fibonacci chase bytecode matrix; do
  case $name in
    keccak) build bench/$name bench/$name.c lib/keccak.c lib/runtime.c ;;
    *) build bench/$name bench/$name.c lib/runtime.c ;;
  esac
done

{
  "$cc" --version | head -n 1
  "$("$cc" -print-prog-name=ld)" --version | head -n 1
} > "$out/COMPILER"
cd "$out"
sha256sum account/*.elf bench/*.elf gas/*.elf > SHA256SUMS
