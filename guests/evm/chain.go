// The chain around the block as the processor sees it: the configuration, and ancestor headers fetched by their hash.

package main

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/consensus"
	"github.com/ethereum/go-ethereum/consensus/beacon"
	"github.com/ethereum/go-ethereum/consensus/ethash"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rlp"
)

// oracleChain implements core.ChainContext over the oracle.
type oracleChain struct {
	config  *params.ChainConfig
	current *types.Header
	engine  consensus.Engine
	headers map[common.Hash]*types.Header
}

// newOracleChain is the chain that ends in the parent header `current`.
func newOracleChain(config *params.ChainConfig, current *types.Header) *oracleChain {
	return &oracleChain{
		config:  config,
		current: current,
		engine:  beacon.New(ethash.NewFaker()),
		headers: map[common.Hash]*types.Header{current.Hash(): current},
	}
}

func (c *oracleChain) Config() *params.ChainConfig  { return c.config }
func (c *oracleChain) Engine() consensus.Engine     { return c.engine }
func (c *oracleChain) CurrentHeader() *types.Header { return c.current }

// GetHeader returns the ancestor with this hash; nil if its number is another.
func (c *oracleChain) GetHeader(hash common.Hash, number uint64) *types.Header {
	header := c.GetHeaderByHash(hash)
	if header.Number.Uint64() != number {
		return nil
	}
	return header
}

func (c *oracleChain) GetHeaderByHash(hash common.Hash) *types.Header {
	if header := c.headers[hash]; header != nil {
		return header
	}
	header := fetchHeader(hash)
	c.headers[hash] = header
	return header
}

// GetHeaderByNumber walks back from the parent: nil above it.
func (c *oracleChain) GetHeaderByNumber(number uint64) *types.Header {
	header := c.current
	for header.Number.Uint64() > number {
		header = c.GetHeaderByHash(header.ParentHash)
	}
	if header.Number.Uint64() != number {
		return nil
	}
	return header
}

func fetchHeader(hash common.Hash) *types.Header {
	header := new(types.Header)
	if err := rlp.DecodeBytes(keccakPreimage(hash), header); err != nil {
		fail("header %s: %v", hash, err)
	}
	if header.Hash() != hash {
		fail("header %s: its fields hash to %s", hash, header.Hash())
	}
	if header.Number == nil || !header.Number.IsUint64() || header.Difficulty == nil {
		fail("header %s: its number or difficulty is out of range", hash)
	}
	return header
}
