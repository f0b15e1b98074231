// The state as a key-value store that asks the preimage oracle: a trie node under its hash, a contract's code under 'c'
// and its hash, each fetched when the execution first looks at it. Everything else is kept in memory.

package main

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/ethdb"
	"github.com/ethereum/go-ethereum/ethdb/memorydb"
)

// oracleDB is a memory database in front of the oracle.
type oracleDB struct {
	*memorydb.Database
}

func newOracleDB() ethdb.Database {
	return rawdb.NewDatabase(&oracleDB{memorydb.New()})
}

// Get returns what was stored under key, or the preimage that key names. It keeps what it fetched.
func (db *oracleDB) Get(key []byte) ([]byte, error) {
	if value, err := db.Database.Get(key); err == nil {
		return value, nil
	}
	hash, ok := hashOf(key)
	if !ok {
		return db.Database.Get(key)
	}
	value := keccakPreimage(hash)
	return value, db.Database.Put(key, value)
}

// Has says whether Get would find a value, without asking the oracle for what it can only have.
func (db *oracleDB) Has(key []byte) (bool, error) {
	if _, ok := hashOf(key); ok {
		return true, nil
	}
	return db.Database.Has(key)
}

func hashOf(key []byte) (common.Hash, bool) {
	if len(key) == common.HashLength {
		return common.BytesToHash(key), true
	}
	if len(key) == len(rawdb.CodePrefix)+common.HashLength && key[0] == rawdb.CodePrefix[0] {
		return common.BytesToHash(key[len(rawdb.CodePrefix):]), true
	}
	return common.Hash{}, false
}
