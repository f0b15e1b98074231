// Which chain's rules apply: one that go-ethereum or this program knows by its chain id, or a genesis given as the
// program's first argument, which is then part of the program root.

package main

import (
	_ "embed"
	"encoding/json"
	"os"

	"github.com/ethereum/go-ethereum/params"
)

// go-ethereum has dropped Holesky; its blocks remain.
//
//go:embed chains/holesky.json
var holesky []byte

// chainConfig returns the configuration of the chain with this id. An argument is the JSON of a genesis, of which the
// field "config" counts, or of a chain configuration alone; its chain id must be the one of the inputs.
func chainConfig(chainID uint64) *params.ChainConfig {
	if len(os.Args) > 1 {
		config := parseConfig([]byte(os.Args[1]))
		if config.ChainID == nil || !config.ChainID.IsUint64() || config.ChainID.Uint64() != chainID {
			fail("the genesis given is of chain %v, the input of chain %d", config.ChainID, chainID)
		}
		return config
	}
	for _, config := range []*params.ChainConfig{
		params.MainnetChainConfig, params.SepoliaChainConfig, params.HoodiChainConfig, parseConfig(holesky),
	} {
		if config.ChainID.Uint64() == chainID {
			return config
		}
	}
	fail("chain %d is not known: give its genesis as the first argument", chainID)
	return nil
}

func parseConfig(text []byte) *params.ChainConfig {
	var genesis struct {
		Config *params.ChainConfig `json:"config"`
	}
	if err := json.Unmarshal(text, &genesis); err != nil {
		fail("genesis: %v", err)
	}
	if genesis.Config != nil {
		return genesis.Config
	}
	config := new(params.ChainConfig)
	if err := json.Unmarshal(text, config); err != nil {
		fail("chain configuration: %v", err)
	}
	return config
}
