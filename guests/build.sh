#!/bin/sh
# Builds the C guests (account, bench, gas and float) into the folder given or in place, and writes there which bytes came
# out (SHA256SUMS) of which compiler (COMPILER). The same compiler gives the same bytes in any folder.
set -eu
cd "$(dirname "$0")"
out=${1:-.}
cc=${RISCV_CC:-riscv64-linux-gnu-gcc}

flags="-mabi=lp64 -mcmodel=medlow -O2 -std=c11 -Wall -Wextra -Werror
  -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns
  -fno-ident -ffunction-sections"
link="-nostdlib -static -no-pie -Wl,--gc-sections,--build-id=none,-z,noseparate-code,-z,norelro,--no-warn-rwx-segments"

# build ARCHITECTURE NAME SOURCE...
build() {
  arch=$1
  name=$2
  shift 2
  mkdir -p "$out/$(dirname "$name")"
  # shellcheck disable=SC2086
  "$cc" -march="$arch" $flags $link -o "$out/$name.elf" "$@"
}

integer=rv64imac
build $integer account/account account/account.c account/trie.c account/oracle.c account/rlp.c lib/keccak.c lib/runtime.c
build $integer gas/gas gas/gas.c account/oracle.c lib/keccak.c lib/runtime.c
for name in sieve sha256 keccak quicksort fibonacci chase bytecode matrix; do
  case $name in
    keccak) build $integer bench/$name bench/$name.c lib/keccak.c lib/runtime.c ;;
    *) build $integer bench/$name bench/$name.c lib/runtime.c ;;
  esac
done
build rv64gc float/float float/float.c lib/runtime.c

{
  "$cc" --version | head -n 1
  "$("$cc" -print-prog-name=ld)" --version | head -n 1
} > "$out/COMPILER"
cd "$out"
sha256sum account/*.elf bench/*.elf float/*.elf gas/*.elf > SHA256SUMS
