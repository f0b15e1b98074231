// Rules of a header and of uncles: go-ethereum's, put together here where its own entry point would read the clock, take
// a header for known that the oracle can give, or ask for the bodies of seven ancestors.

package main

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/consensus"
	"github.com/ethereum/go-ethereum/consensus/ethash"
	"github.com/ethereum/go-ethereum/consensus/misc"
	"github.com/ethereum/go-ethereum/consensus/misc/eip1559"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/params"
)

const (
	maxUncles     = 2
	maxUncleDepth = 6
)

// verifyHeader checks a header against its parent by the rules of its fork. Seals are not checked: which block the chain
// agreed on is for who fixed the input.
func verifyHeader(chain *oracleChain, header *types.Header) error {
	parent, config := chain.current, chain.config
	if prague := config.IsPrague(header.Number, header.Time); prague != (header.RequestsHash != nil) {
		return fmt.Errorf("requests hash in the header: %t, expected: %t", !prague, prague)
	}
	if header.Difficulty.Sign() > 0 {
		if parent.Difficulty.Sign() == 0 {
			return consensus.ErrInvalidTerminalBlock
		}
		return verifyWorkHeader(config, parent, header)
	}
	if !config.IsLondon(header.Number) {
		return errors.New("no difficulty before London")
	}
	return chain.engine.VerifyHeader(chain, header)
}

// verifyWorkHeader checks a header with difficulty: ethash's rules without its look at the clock, which would make the
// verdict depend on when it is given.
func verifyWorkHeader(config *params.ChainConfig, parent, header *types.Header) error {
	switch {
	case uint64(len(header.Extra)) > params.MaximumExtraDataSize:
		return fmt.Errorf("extra data of %d bytes", len(header.Extra))
	case new(big.Int).Sub(header.Number, parent.Number).Cmp(common.Big1) != 0:
		return consensus.ErrInvalidNumber
	case header.Time <= parent.Time:
		return fmt.Errorf("time %d, the parent's is %d", header.Time, parent.Time)
	case header.GasLimit > params.MaxGasLimit:
		return fmt.Errorf("gas limit %d", header.GasLimit)
	case header.GasUsed > header.GasLimit:
		return fmt.Errorf("gas used %d, the limit is %d", header.GasUsed, header.GasLimit)
	case config.IsShanghai(header.Number, header.Time):
		return errors.New("difficulty after the merge")
	case header.WithdrawalsHash != nil:
		return errors.New("fields of later forks")
	}
	if want := ethash.CalcDifficulty(config, header.Time, parent); want.Cmp(header.Difficulty) != 0 {
		return fmt.Errorf("difficulty %s, expected %s", header.Difficulty, want)
	}
	if config.IsLondon(header.Number) {
		if err := eip1559.VerifyEIP1559Header(config, parent, header); err != nil {
			return err
		}
	} else {
		if header.BaseFee != nil {
			return fmt.Errorf("base fee %s before London", header.BaseFee)
		}
		if err := misc.VerifyGaslimit(parent.GasLimit, header.GasLimit); err != nil {
			return err
		}
	}
	return misc.VerifyDAOHeaderExtraData(config, header)
}

// verifyUncles checks what the block and its parent tell: at most two, different, of the last six generations, not the
// parent, not its sibling's child. Whether an uncle's fields follow from an ancestor's, and whether an earlier block has
// it already, is left to consensus, as seals are: it needs the bodies of seven ancestors.
func verifyUncles(parent *types.Header, block *types.Block) error {
	if len(block.Uncles()) > maxUncles {
		return fmt.Errorf("%d uncles", len(block.Uncles()))
	}
	known := map[common.Hash]bool{block.Hash(): true, parent.Hash(): true}
	for i, uncle := range block.Uncles() {
		if !uncle.Number.IsUint64() {
			return fmt.Errorf("uncle %d has the number %s", i, uncle.Number)
		}
		depth := block.NumberU64() - uncle.Number.Uint64()
		switch {
		case known[uncle.Hash()]:
			return fmt.Errorf("uncle %d is known already", i)
		case depth < 1 || depth > maxUncleDepth:
			return fmt.Errorf("uncle %d has the number %s", i, uncle.Number)
		case depth == 1 && uncle.ParentHash != parent.ParentHash, uncle.ParentHash == block.ParentHash():
			return fmt.Errorf("uncle %d is the child of %s", i, uncle.ParentHash)
		}
		known[uncle.Hash()] = true
	}
	return nil
}
