// Program evm executes one Ethereum block inside the machine, with go-ethereum's own state transition, and writes the
// state root that it comes to.
//
// Its inputs (local keys of the preimage oracle): 1 the parent's block hash, 3 the input hash, 4 the block's number, 5 the
// chain id, 6 the parent's state root. The input is the block's hash and the hashes of the parts of its body; header, body
// parts, trie nodes, code and ancestor headers are fetched one by one, each by its keccak256.
//
// It exits 0, with the header's state root as output, if the block is valid, and 1 if it is not.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/ethereum/go-ethereum/trie"
	"github.com/ethereum/go-ethereum/triedb"
)

const (
	// gcPercent trades memory for steps, up to memoryLimit: a block leaves little garbage.
	gcPercent   = 400
	memoryLimit = 2 << 30

	// bodyPartBytes is the size of every part of the body but the last, which may be shorter.
	bodyPartBytes = 120_000
	// maxBodyParts bounds the body: 61 MB, several times what a block's gas can pay for.
	maxBodyParts = 512
)

func main() {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memoryLimit)
	parentHash := localInput(inputParentHash)
	parentRoot := localInput(inputParentRoot)
	number := localInput(inputNumber)
	chainID := localInput(inputChainID).Big()
	if !chainID.IsUint64() {
		fail("chain id %s", chainID)
	}

	header, body := fetchBlock(localInput(inputBody))
	block := types.NewBlockWithHeader(header).WithBody(*body)
	if header.ParentHash != parentHash {
		fail("the header's parent is %s, the input %s", header.ParentHash, parentHash)
	}
	if common.BigToHash(header.Number) != number || header.Number.Sign() == 0 {
		fail("the header's number is %s, the input %s", header.Number, number.Big())
	}
	parent := fetchHeader(parentHash)
	if parent.Root != parentRoot {
		fail("the parent's state root is %s, the input %s", parent.Root, parentRoot)
	}

	config := chainConfig(chainID.Uint64())
	chain := newOracleChain(config, parent)
	if err := verifyHeader(chain, header); err != nil {
		fail("header: %v", err)
	}
	if err := verifyBody(chain, block); err != nil {
		fail("body: %v", err)
	}
	root := execute(chain, block, parentRoot)
	writeOutput(root)
	fmt.Fprintf(os.Stderr, "valid: block %d, %d transactions, %d gas, state root %s\n",
		block.NumberU64(), len(block.Transactions()), block.GasUsed(), root)
}

// fetchBlock reads the input, the header and the body parts that it names.
func fetchBlock(input common.Hash) (*types.Header, *types.Body) {
	names := keccakPreimage(input)
	parts := len(names)/common.HashLength - 1
	if len(names)%common.HashLength != 0 || parts < 1 || parts > maxBodyParts {
		fail("the input has %d bytes, expected a block hash and the hashes of 1 to %d parts", len(names), maxBodyParts)
	}
	hash := common.BytesToHash(names[:common.HashLength])
	hint(fmt.Sprintf("eth-block %s", hash))
	header := fetchHeader(hash)
	var encoded []byte
	for i := 1; i <= parts; i++ {
		name := common.BytesToHash(names[i*common.HashLength : (i+1)*common.HashLength])
		part := keccakPreimage(name)
		// A key has no room for a hash's first byte.
		if crypto.Keccak256Hash(part) != name {
			fail("body part %d does not have the hash %s", i, name)
		}
		if len(part) == 0 || len(part) > bodyPartBytes || (i < parts && len(part) < bodyPartBytes) {
			fail("body part %d of %d has %d bytes, expected %d, the last one fewer", i, parts, len(part), bodyPartBytes)
		}
		encoded = append(encoded, part...)
	}
	body := new(types.Body)
	if err := rlp.DecodeBytes(encoded, body); err != nil {
		fail("body: %v", err)
	}
	return header, body
}

// verifyBody checks that the header commits to the body.
func verifyBody(chain *oracleChain, block *types.Block) error {
	header := block.Header()
	if chain.config.IsOsaka(block.Number(), block.Time()) && block.Size() > params.MaxBlockSize {
		return core.ErrBlockOversized
	}
	if hash := types.CalcUncleHash(block.Uncles()); hash != header.UncleHash {
		return fmt.Errorf("uncle hash %s, the header says %s", hash, header.UncleHash)
	}
	if err := verifyUncles(chain.current, block); err != nil {
		return err
	}
	if hash := types.DeriveSha(block.Transactions(), trie.NewStackTrie(nil)); hash != header.TxHash {
		return fmt.Errorf("transaction root %s, the header says %s", hash, header.TxHash)
	}
	if err := verifyWithdrawals(block, header); err != nil {
		return err
	}
	return verifyBlobs(block, header)
}

func verifyWithdrawals(block *types.Block, header *types.Header) error {
	if (header.WithdrawalsHash == nil) != (block.Withdrawals() == nil) {
		return fmt.Errorf("withdrawals in the body: %t, in the header: %t", block.Withdrawals() != nil, header.WithdrawalsHash != nil)
	}
	if header.WithdrawalsHash == nil {
		return nil
	}
	if hash := types.DeriveSha(block.Withdrawals(), trie.NewStackTrie(nil)); hash != *header.WithdrawalsHash {
		return fmt.Errorf("withdrawals root %s, the header says %s", hash, *header.WithdrawalsHash)
	}
	return nil
}

func verifyBlobs(block *types.Block, header *types.Header) error {
	var blobs uint64
	for i, tx := range block.Transactions() {
		blobs += uint64(len(tx.BlobHashes()))
		if tx.BlobTxSidecar() != nil {
			return fmt.Errorf("transaction %d carries a blob sidecar", i)
		}
	}
	if header.BlobGasUsed == nil {
		if blobs > 0 {
			return fmt.Errorf("%d blobs before blobs exist", blobs)
		}
		return nil
	}
	if *header.BlobGasUsed != blobs*params.BlobTxBlobGasPerBlob {
		return fmt.Errorf("blob gas %d, the header says %d", blobs*params.BlobTxBlobGasPerBlob, *header.BlobGasUsed)
	}
	return nil
}

// execute runs the block on the parent's state and requires gas, bloom, receipts, requests and state root of the header.
func execute(chain *oracleChain, block *types.Block, parentRoot common.Hash) common.Hash {
	db := newOracleDB()
	statedb, err := state.New(parentRoot, state.NewDatabase(triedb.NewDatabase(db, triedb.HashDefaults), state.NewCodeDB(db)))
	if err != nil {
		fail("parent state: %v", err)
	}
	result, err := core.NewStateProcessor(chain).Process(context.Background(), block, statedb, nil, nil, vm.Config{}, nil)
	if err != nil {
		fail("execution: %v", err)
	}
	if err := core.NewBlockValidator(chain.config, nil).ValidateState(block, statedb, result, false); err != nil {
		fail("result: %v", err)
	}
	if err := statedb.Error(); err != nil {
		fail("state: %v", err)
	}
	return block.Root()
}
