// The preimage oracle as a program inside the machine sees it: file descriptors 3 to 6 of the fault-proof VM convention,
// and the output on 7. A preimage that the host does not have stops the machine before the read: it never returns.

package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"github.com/ethereum/go-ethereum/common"
)

const (
	fdHintWrite     = 4
	fdPreimageRead  = 5
	fdPreimageWrite = 6
	fdOutput        = 7

	keyLocal  = 1
	keyKeccak = 2

	// maxPreimageBytes bounds what a length prefix may ask for: the largest trie node, code, header or body part is
	// far below.
	maxPreimageBytes = 1 << 24
)

// Indices of the local keys: the six inputs of a run.
const (
	inputParentHash = 1
	inputBody       = 3
	inputNumber     = 4
	inputChainID    = 5
	inputParentRoot = 6
)

// localInput returns the 32-byte input word of this index.
func localInput(index byte) common.Hash {
	var key [32]byte
	key[0], key[31] = keyLocal, index
	word := preimage(key)
	if len(word) != 32 {
		fail("input %d has %d bytes, expected 32", index, len(word))
	}
	return common.BytesToHash(word)
}

// keccakPreimage returns the bytes whose keccak256 is hash. The machine's contract checks the hash, so it is not checked
// again here.
func keccakPreimage(hash common.Hash) []byte {
	key := [32]byte(hash)
	key[0] = keyKeccak
	return preimage(key)
}

// oracle keeps a question and its answer together: the state's tries are read by several goroutines at once.
var oracle sync.Mutex

func preimage(key [32]byte) []byte {
	oracle.Lock()
	defer oracle.Unlock()
	writeAll(fdPreimageWrite, key[:])
	var prefix [8]byte
	readAll(fdPreimageRead, prefix[:])
	length := binary.BigEndian.Uint64(prefix[:])
	if length > maxPreimageBytes {
		fail("preimage of %x has %d bytes, expected at most %d", key, length, maxPreimageBytes)
	}
	data := make([]byte, length)
	readAll(fdPreimageRead, data)
	return data
}

// hint tells the host what will be asked for. It has no effect on the run.
func hint(text string) {
	message := make([]byte, 4+len(text))
	binary.BigEndian.PutUint32(message, uint32(len(text)))
	copy(message[4:], text)
	writeAll(fdHintWrite, message)
}

// writeOutput sets the 32-byte output of the run.
func writeOutput(word common.Hash) {
	writeAll(fdOutput, word[:])
}

// readAll and writeAll make the system calls themselves: a read moves at most 32 bytes, and package os would take locks
// and enter the scheduler around each.
func readAll(fd uintptr, data []byte) {
	transfer(syscall.SYS_READ, fd, data)
}

func writeAll(fd uintptr, data []byte) {
	transfer(syscall.SYS_WRITE, fd, data)
}

func transfer(call, fd uintptr, data []byte) {
	for len(data) > 0 {
		moved, _, errno := syscall.RawSyscall(call, fd, uintptr(unsafe.Pointer(&data[0])), uintptr(len(data)))
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 || moved == 0 {
			fail("system call %d on file descriptor %d: %v, %d bytes", call, fd, errno, moved)
		}
		data = data[moved:]
	}
}

// fail ends the run: the block is not shown to be valid. The reason is for the reader; only the exit code counts.
func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "invalid: "+format+"\n", args...)
	os.Exit(1)
}
