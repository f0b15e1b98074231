// Which chain's rules apply: one that go-ethereum or this program knows by its chain id, or a genesis given as the
// program's first argument, which is then part of the program root.

package main

import (
	_ "embed"
	"encoding/json"
	"os"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/params"
)

// go-ethereum has dropped Holesky; its blocks remain.
//
//go:embed chains/holesky.json
var holesky []byte

const holeskyChainID = 17000

// chainConfig returns the configuration of the chain with this id. An argument is the JSON of a genesis, of which the
// field "config" counts, or of a chain configuration alone; its chain id must be the one of the inputs.
func chainConfig(chainID uint64) *params.ChainConfig {
	if len(os.Args) > 2 {
		fail("%d arguments, expected at most one, a genesis", len(os.Args)-1)
	}
	if len(os.Args) == 2 {
		config := parseConfig([]byte(os.Args[1]))
		if config.ChainID == nil || !config.ChainID.IsUint64() || config.ChainID.Uint64() != chainID {
			fail("the genesis given is of chain %v, the input of chain %d", config.ChainID, chainID)
		}
		return config
	}
	for _, config := range []*params.ChainConfig{
		params.MainnetChainConfig, params.SepoliaChainConfig, params.HoodiChainConfig,
	} {
		if config.ChainID.Uint64() == chainID {
			return config
		}
	}
	if chainID == holeskyChainID {
		return parseConfig(holesky)
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
	config := genesis.Config
	if config == nil {
		config = new(params.ChainConfig)
		if err := json.Unmarshal(text, config); err != nil {
			fail("chain configuration: %v", err)
		}
	}
	complete(config)
	return config
}

// complete sets what older configurations leave out although newer forks need it, to mainnet's values.
func complete(config *params.ChainConfig) {
	if config.BlobScheduleConfig == nil {
		config.BlobScheduleConfig = new(params.BlobScheduleConfig)
	}
	blobs := config.BlobScheduleConfig
	for _, entry := range []struct{ schedule, standard **params.BlobConfig }{
		{&blobs.Cancun, &params.DefaultCancunBlobConfig},
		{&blobs.Prague, &params.DefaultPragueBlobConfig},
		{&blobs.BPO1, &params.DefaultBPO1BlobConfig},
		{&blobs.BPO2, &params.DefaultBPO2BlobConfig},
	} {
		if *entry.schedule == nil {
			*entry.schedule = *entry.standard
		}
	}
	if config.DepositContractAddress == (common.Address{}) {
		config.DepositContractAddress = params.MainnetChainConfig.DepositContractAddress
	}
}
