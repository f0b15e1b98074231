// The program as a process, natively: its inputs and preimages on the descriptors that the machine gives it. Witness is
// go-ethereum itself: its chain maker makes blocks of every fork that its consensus tests know, with a state of their own,
// and its block chain accepts each of them before the program is asked.

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"maps"
	"math/big"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/consensus/beacon"
	"github.com/ethereum/go-ethereum/consensus/ethash"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/ethdb"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/ethereum/go-ethereum/tests"
	"github.com/ethereum/go-ethereum/triedb"
	"github.com/holiman/uint256"
)

// asGuest in the environment makes the test's own binary the program, or one that asks questions in parallel.
const asGuest = "OMO_TEST_AS_GUEST"

func TestMain(m *testing.M) {
	switch os.Getenv(asGuest) {
	case "":
		os.Exit(m.Run())
	case "questions":
		askInParallel()
	default:
		main()
	}
}

// askInParallel asks for the preimages whose hashes are the input, from several goroutines, and checks each.
func askInParallel() {
	names := keccakPreimage(localInput(inputBody))
	var group sync.WaitGroup
	for name := range slices.Chunk(names, common.HashLength) {
		group.Go(func() {
			hash := common.BytesToHash(name)
			if found := crypto.Keccak256Hash(keccakPreimage(hash)); found != hash {
				fail("asked for %s, got %s", hash, found)
			}
		})
	}
	group.Wait()
}

// testOracle is what a run is given: input words by index, preimages by hash.
type testOracle struct {
	inputs    map[byte]common.Hash
	preimages map[common.Hash][]byte
	questions bool
}

func newTestOracle() *testOracle {
	return &testOracle{inputs: map[byte]common.Hash{}, preimages: map[common.Hash][]byte{}}
}

func (o *testOracle) add(preimage []byte) common.Hash {
	hash := crypto.Keccak256Hash(preimage)
	hash[0] = keyKeccak
	o.preimages[hash] = preimage
	return crypto.Keccak256Hash(preimage)
}

func (o *testOracle) answer(key common.Hash) ([]byte, bool) {
	if key[0] == keyLocal {
		word, ok := o.inputs[key[31]]
		return word[:], ok
	}
	preimage, ok := o.preimages[key]
	return preimage, ok
}

// setInput makes the input of a body cut into these parts.
func (o *testOracle) setInput(blockHash common.Hash, parts ...[]byte) {
	names := blockHash.Bytes()
	for _, part := range parts {
		names = append(names, o.add(part).Bytes()...)
	}
	o.inputs[inputBody] = o.add(names)
}

func (o *testOracle) clone() *testOracle {
	return &testOracle{inputs: maps.Clone(o.inputs), preimages: maps.Clone(o.preimages)}
}

// run executes the program; config is its argument, unless nil.
func (o *testOracle) run(t *testing.T, config *params.ChainConfig) (exitCode int, output []byte, reason string) {
	t.Helper()
	mode := "program"
	if o.questions {
		mode = "questions"
	}
	command := exec.Command(os.Args[0])
	if config != nil {
		text, err := json.Marshal(map[string]any{"config": config})
		check(t, err)
		command.Args = append(command.Args, string(text))
	}
	command.Env = []string{asGuest + "=" + mode}
	var stderr bytes.Buffer
	command.Stderr = &stderr
	pipe := func() (*os.File, *os.File) {
		read, write, err := os.Pipe()
		check(t, err)
		return read, write
	}
	hintReply, _ := pipe()
	hintRead, hintWrite := pipe()
	replyRead, replyWrite := pipe()
	keyRead, keyWrite := pipe()
	outputRead, outputWrite := pipe()
	command.ExtraFiles = []*os.File{hintReply, hintWrite, replyRead, keyWrite, outputWrite}
	check(t, command.Start())
	for _, file := range command.ExtraFiles {
		file.Close()
	}
	go io.Copy(io.Discard, hintRead)
	go func() {
		defer replyWrite.Close()
		var key common.Hash
		for {
			if _, err := io.ReadFull(keyRead, key[:]); err != nil {
				return
			}
			preimage, ok := o.answer(key)
			if !ok {
				return
			}
			replyWrite.Write(binary.BigEndian.AppendUint64(nil, uint64(len(preimage))))
			replyWrite.Write(preimage)
		}
	}()
	output, err := io.ReadAll(outputRead)
	check(t, err)
	command.Wait()
	return command.ProcessState.ExitCode(), output, stderr.String()
}

func (o *testOracle) mustAccept(t *testing.T, config *params.ChainConfig, root common.Hash) {
	t.Helper()
	if code, output, reason := o.run(t, config); code != 0 || !bytes.Equal(output, root[:]) {
		t.Errorf("exit code %d, output %x, expected %x: %s", code, output, root, reason)
	}
}

// mustRefuse expects exit code 1 without output, and the reason to hold this text.
func (o *testOracle) mustRefuse(t *testing.T, config *params.ChainConfig, text string) {
	t.Helper()
	if code, output, reason := o.run(t, config); code != 1 || len(output) > 0 || !strings.Contains(reason, text) {
		t.Errorf("exit code %d, output %x, expected a refusal because of %q: %s", code, output, text, reason)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// testChain is a chain that go-ethereum made and accepted, with everything it ever stored.
type testChain struct {
	config *params.ChainConfig
	blocks []*types.Block // the genesis first
	db     ethdb.Database
}

var (
	testKey     = must(crypto.HexToECDSA(strings.Repeat("45", 32)))
	testAddress = crypto.PubkeyToAddress(testKey.PublicKey)
	otherKey    = must(crypto.HexToECDSA(strings.Repeat("46", 32)))
	contract    = common.HexToAddress("0xc0de")
	// contractCode sets the slot and value that it is called with, sets slot 255 to the hash of block number - 3, and logs.
	contractCode = common.FromHex("602035600035556003430340" + "60ff55" + "60006000a000")
)

// makeChain makes seven blocks, each with whatever its fork knows: uncles, withdrawals, requests, all types of transaction.
func makeChain(t *testing.T, config *params.ChainConfig) *testChain {
	t.Helper()
	genesis := &core.Genesis{
		Config:     config,
		GasLimit:   30_000_000,
		Difficulty: big.NewInt(131_072),
		Alloc:      core.SystemContractAllocs(),
	}
	if config.TerminalTotalDifficulty != nil && config.TerminalTotalDifficulty.Sign() == 0 {
		genesis.Difficulty = new(big.Int)
	}
	genesis.Alloc[testAddress] = types.Account{Balance: new(big.Int).Lsh(common.Big1, 100)}
	genesis.Alloc[contract] = types.Account{Code: contractCode, Balance: common.Big0, Nonce: 1}
	for _, address := range params.DAODrainList()[:3] {
		genesis.Alloc[address] = types.Account{Balance: common.Big32}
	}
	db := rawdb.NewMemoryDatabase()
	engine := beacon.New(ethash.NewFaker())
	first := genesis.MustCommit(db, triedb.NewDatabase(db, triedb.HashDefaults))
	chain, err := core.NewBlockChain(rawdb.NewMemoryDatabase(), genesis, engine, core.DefaultConfig().WithArchive(true))
	check(t, err)
	defer chain.Stop()

	blocks, _ := core.GenerateChain(config, first, engine, db, 6, func(i int, block *core.BlockGen) {
		fillBlock(block, config, i)
		// An uncle of the first blocks of the DAO fork would need their mark.
		if block.Difficulty().Sign() > 0 && i >= 3 && (config.DAOForkBlock == nil || i < 5) {
			addUncle(block, 2)
			if i == 5 {
				addUncle(block, 3)
			}
		}
	})
	_, err = chain.InsertChain(blocks)
	check(t, err)
	last, _ := core.GenerateChain(config, blocks[5], engine, db, 1, func(_ int, block *core.BlockGen) {
		block.AddTxWithChain(chain, callContract(block, config, 255, 1))
	})
	_, err = chain.InsertChain(last)
	check(t, err)
	return &testChain{config, append(append([]*types.Block{first}, blocks...), last...), db}
}

// addUncle adds a child of the ancestor that is this many generations up.
func addUncle(block *core.BlockGen, generation int) {
	number := int(block.Number().Int64())
	parent := block.PrevBlock(number - generation - 1)
	block.AddUncle(&types.Header{
		ParentHash: parent.Hash(), Number: big.NewInt(int64(number - generation + 1)),
		Coinbase: common.Address{byte(generation)},
	})
}

func price(block *core.BlockGen, config *params.ChainConfig) *big.Int {
	if config.IsLondon(block.Number()) {
		return new(big.Int).Add(block.BaseFee(), common.Big1)
	}
	return common.Big1
}

func callContract(block *core.BlockGen, config *params.ChainConfig, slot, value int64) *types.Transaction {
	data := append(common.BigToHash(big.NewInt(slot)).Bytes(), common.BigToHash(big.NewInt(value)).Bytes()...)
	return types.MustSignNewTx(testKey, block.Signer(), &types.LegacyTx{
		Nonce: block.TxNonce(testAddress), To: &contract, Gas: 900_000, GasPrice: price(block, config), Data: data,
	})
}

func fillBlock(block *core.BlockGen, config *params.ChainConfig, i int) {
	number, time := block.Number(), block.Timestamp()
	block.SetCoinbase(common.Address{0xcb, byte(i)})
	gasPrice := price(block, config)
	id := uint256.MustFromBig(config.ChainID)
	send := func(tx types.TxData) { block.AddTx(types.MustSignNewTx(testKey, block.Signer(), tx)) }
	nonce := func() uint64 { return block.TxNonce(testAddress) }
	to := common.Address{0x70, byte(i)}

	send(&types.LegacyTx{Nonce: nonce(), To: &to, Value: common.Big32, Gas: 900_000, GasPrice: gasPrice})
	send(&types.LegacyTx{Nonce: nonce(), Value: common.Big1, Gas: 1_800_000, GasPrice: gasPrice, Data: common.FromHex("6001600055600a60006000f0")})
	if i > 0 {
		return
	}
	if config.IsBerlin(number) {
		list := types.AccessList{{Address: contract, StorageKeys: []common.Hash{{}}}}
		send(&types.AccessListTx{ChainID: config.ChainID, Nonce: nonce(), To: &to, Gas: 900_000, GasPrice: gasPrice, AccessList: list})
	}
	if config.IsLondon(number) {
		send(&types.DynamicFeeTx{ChainID: config.ChainID, Nonce: nonce(), To: &to, Gas: 900_000, GasFeeCap: gasPrice, GasTipCap: common.Big1})
	}
	if config.IsShanghai(number, time) {
		block.AddWithdrawal(&types.Withdrawal{Validator: 7, Address: to, Amount: 9})
	}
	fee := uint256.MustFromBig(gasPrice)
	if config.IsCancun(number, time) {
		send(&types.BlobTx{ChainID: id, Nonce: nonce(), To: to, Gas: 900_000, GasFeeCap: fee, GasTipCap: uint256.NewInt(1),
			BlobFeeCap: uint256.NewInt(100), BlobHashes: []common.Hash{{1}, {1, 2}}})
	}
	if config.IsPrague(number, time) {
		authority := must(types.SignSetCode(otherKey, types.SetCodeAuthorization{ChainID: *id, Address: contract}))
		send(&types.SetCodeTx{ChainID: id, Nonce: nonce(), To: to, Gas: 900_000, GasFeeCap: fee, GasTipCap: uint256.NewInt(1),
			AuthList: []types.SetCodeAuthorization{authority}})
		send(&types.LegacyTx{Nonce: nonce(), To: &params.WithdrawalQueueAddress, Value: common.Big32, Gas: 1_800_000, GasPrice: gasPrice, Data: make([]byte, 56)})
	}
}

// oracleOf is an honest oracle for block i of the chain.
func (c *testChain) oracleOf(i int) *testOracle {
	o := newTestOracle()
	iterator := c.db.NewIterator(nil, nil)
	defer iterator.Release()
	for iterator.Next() {
		o.add(bytes.Clone(iterator.Value()))
	}
	for _, block := range c.blocks {
		o.add(must(rlp.EncodeToBytes(block.Header())))
	}
	parent := c.blocks[i-1]
	o.inputs[inputParentHash] = parent.Hash()
	o.inputs[inputNumber] = common.BigToHash(c.blocks[i].Number())
	o.inputs[inputChainID] = common.BigToHash(c.config.ChainID)
	o.inputs[inputParentRoot] = parent.Root()
	o.setBlock(c.blocks[i].Header(), *c.blocks[i].Body())
	return o
}

// setBlock makes header and body the input, as they are.
func (o *testOracle) setBlock(header *types.Header, body types.Body) {
	o.add(must(rlp.EncodeToBytes(header)))
	encoded := must(rlp.EncodeToBytes(&body))
	o.setInput(header.Hash(), slices.Collect(slices.Chunk(encoded, bodyPartBytes))...)
}

func TestEveryFork(t *testing.T) {
	for name, config := range tests.Forks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(name, "ToParis") || config.UBTTime != nil {
				t.Skip("made by no chain maker")
			}
			chain := makeChain(t, config)
			for i := 1; i < len(chain.blocks); i++ {
				chain.oracleOf(i).mustAccept(t, config, chain.blocks[i].Root())
			}
		})
	}
}

// TestHeader changes one field of a header that is right otherwise, hash and parent included.
func TestHeader(t *testing.T) {
	hash, number := common.Hash{1}, uint64(131_072)
	changes := map[string]func(*types.Header){
		"uncle hash":        func(h *types.Header) { h.UncleHash = hash },
		"coinbase":          func(h *types.Header) { h.Coinbase[0]++ },
		"state root":        func(h *types.Header) { h.Root[31] ^= 1 },
		"transaction root":  func(h *types.Header) { h.TxHash[0]++ },
		"receipt root":      func(h *types.Header) { h.ReceiptHash[0]++ },
		"bloom":             func(h *types.Header) { h.Bloom[0]++ },
		"difficulty":        func(h *types.Header) { h.Difficulty = new(big.Int).Add(h.Difficulty, common.Big1) },
		"no difficulty":     func(h *types.Header) { h.Difficulty = new(big.Int) },
		"number":            func(h *types.Header) { h.Number = new(big.Int).Add(h.Number, common.Big1) },
		"large number":      func(h *types.Header) { h.Number = new(big.Int).Lsh(h.Number, 64) },
		"gas limit":         func(h *types.Header) { h.GasLimit *= 2 },
		"largest gas limit": func(h *types.Header) { h.GasLimit = 1<<64 - 1 },
		"gas used":          func(h *types.Header) { h.GasUsed++ },
		"too much gas used": func(h *types.Header) { h.GasUsed = h.GasLimit + 1 },
		"time":              func(h *types.Header) { h.Time = 0 },
		"extra data":        func(h *types.Header) { h.Extra = make([]byte, 33) },
		"base fee":          func(h *types.Header) { h.BaseFee = big.NewInt(1) },
		"large base fee":    func(h *types.Header) { h.BaseFee = new(big.Int).Lsh(common.Big1, 300) },
		"withdrawals root":  func(h *types.Header) { h.WithdrawalsHash = &hash },
		"blob gas used":     func(h *types.Header) { h.BlobGasUsed = &number },
		"excess blob gas":   func(h *types.Header) { h.ExcessBlobGas = &number },
		"beacon root":       func(h *types.Header) { h.ParentBeaconRoot = &hash },
		"requests hash":     func(h *types.Header) { h.RequestsHash = &hash },
		"empty requests":    func(h *types.Header) { h.RequestsHash = &types.EmptyRequestsHash },
		"access list hash":  func(h *types.Header) { h.BlockAccessListHash = &hash },
		"slot number":       func(h *types.Header) { h.SlotNumber = &number },
	}
	// A proof-of-stake block without its mark is one of another kind.
	for _, fork := range []string{"Frontier", "London", "Paris", "Shanghai", "Cancun", "Prague", "Osaka", "Amsterdam"} {
		t.Run(fork, func(t *testing.T) {
			t.Parallel()
			chain := makeChain(t, tests.Forks[fork])
			block := chain.blocks[1]
			honest := chain.oracleOf(1)
			for name, change := range changes {
				header := types.CopyHeader(block.Header())
				change(header)
				if header.Hash() == block.Hash() || (name == "slot number" && header.SlotNumber != nil && block.SlotNumber() != nil) {
					continue // The same, or another that is as good.
				}
				changed := honest.clone()
				changed.setBlock(header, *block.Body())
				if code, output, reason := changed.run(t, chain.config); code != 1 || len(output) > 0 {
					t.Errorf("another %s: exit code %d, output %x: %s", name, code, output, reason)
				}
			}
		})
	}
}

func TestBody(t *testing.T) {
	chain := makeChain(t, tests.Forks["Prague"])
	block, honest := chain.blocks[1], chain.oracleOf(1)
	changes := map[string]func(*types.Body){
		"transaction root":    func(b *types.Body) { b.Transactions = b.Transactions[1:] },
		"uncle hash":          func(b *types.Body) { b.Uncles = []*types.Header{block.Header()} },
		"withdrawals root":    func(b *types.Body) { b.Withdrawals = nil; b.Withdrawals = []*types.Withdrawal{} },
		"withdrawals in body": func(b *types.Body) { b.Withdrawals = nil },
	}
	for text, change := range changes {
		body := *block.Body()
		change(&body)
		changed := honest.clone()
		changed.setBlock(block.Header(), body)
		text = strings.Replace(text, "in body", "in the body", 1)
		changed.mustRefuse(t, chain.config, text)
	}
}

// TestUncles changes the uncle of a block, and the header's word for it.
func TestUncles(t *testing.T) {
	chain := makeChain(t, tests.Forks["London"])
	block, uncles := chain.blocks[7], chain.blocks[6].Uncles()
	number := block.NumberU64()
	uncle := func(change func(*types.Header)) *types.Header {
		header := types.CopyHeader(uncles[0])
		change(header)
		return header
	}
	cases := []struct {
		text   string
		uncles []*types.Header
	}{
		{"3 uncles", []*types.Header{uncles[0], uncles[1], chain.blocks[4].Uncles()[0]}},
		{"uncle 1 is known", []*types.Header{uncles[0], uncles[0]}},
		{"uncle 0 is known", []*types.Header{chain.blocks[6].Header()}},
		{"uncle 0 has the number 7", []*types.Header{uncle(func(h *types.Header) { h.Number.SetUint64(number) })}},
		{"uncle 0 has the number 0", []*types.Header{uncle(func(h *types.Header) { h.Number.SetUint64(number - 7) })}},
		{"uncle 0 has the number 8", []*types.Header{uncle(func(h *types.Header) { h.Number.SetUint64(number + 1) })}},
		{"uncle 0 has the number 18446744073709551616", []*types.Header{uncle(func(h *types.Header) { h.Number.Lsh(common.Big1, 64) })}},
		{"uncle 0 is the child", []*types.Header{uncle(func(h *types.Header) { h.ParentHash = block.ParentHash() })}},
		{"uncle 0 is the child", []*types.Header{uncle(func(h *types.Header) { h.Number.SetUint64(number - 1) })}},
	}
	for _, c := range cases {
		header := types.CopyHeader(block.Header())
		header.UncleHash = types.CalcUncleHash(c.uncles)
		changed := chain.oracleOf(7)
		changed.setBlock(header, types.Body{Transactions: block.Transactions(), Uncles: c.uncles})
		changed.mustRefuse(t, chain.config, c.text)
	}
}

func TestInput(t *testing.T) {
	chain := makeChain(t, tests.Forks["Prague"])
	block, honest := chain.blocks[6], chain.oracleOf(6)
	body := must(rlp.EncodeToBytes(block.Body()))
	hash := block.Hash()
	input := func(text string, parts ...[]byte) {
		t.Helper()
		changed := honest.clone()
		changed.setInput(hash, parts...)
		changed.mustRefuse(t, chain.config, text)
	}
	input("the input has 32 bytes")
	input("the input has 16448 bytes", make([][]byte, maxBodyParts+1)...)
	input("body part 1 of 2 has 100 bytes", body[:100], body[100:])
	input("body part 2 of 2 has 0 bytes", make([]byte, bodyPartBytes), nil)
	input("body part 1 of 1 has 120001 bytes", make([]byte, bodyPartBytes+1))
	input("body: ", body[:len(body)-1])
	input("body: ", append(bytes.Clone(body), 0))
	input("body: ", []byte{0xc0})

	word := func(index byte, text string, change func(*common.Hash)) {
		t.Helper()
		changed := honest.clone()
		value := changed.inputs[index]
		change(&value)
		changed.inputs[index] = value
		changed.mustRefuse(t, chain.config, text)
	}
	word(inputParentHash, "the header's parent is", func(h *common.Hash) { h[31] ^= 1 })
	word(inputNumber, "the header's number is", func(h *common.Hash) { h[31]++ })
	word(inputNumber, "the header's number is", func(h *common.Hash) { h[0]++ })
	word(inputChainID, "the genesis given is of chain", func(h *common.Hash) { h[31]++ })
	word(inputChainID, "chain id", func(h *common.Hash) { h[0]++ })
	word(inputParentRoot, "the parent's state root is", func(h *common.Hash) { h[0]++ })

	// A hash that differs in the byte for which a key has no room.
	changed := honest.clone()
	names := append(hash.Bytes(), crypto.Keccak256(body)...)
	names[32] ^= 1
	changed.inputs[inputBody] = changed.add(names)
	changed.mustRefuse(t, chain.config, "body part 1 does not have the hash")
	names[32] ^= 1
	names[0] ^= 1
	changed.inputs[inputBody] = changed.add(names)
	changed.mustRefuse(t, chain.config, "its fields hash to")

	honest.mustRefuse(t, nil, "header: ")
	other := honest.clone()
	other.inputs[inputChainID] = common.BigToHash(big.NewInt(31337))
	other.mustRefuse(t, nil, "chain 31337 is not known")
}

// TestParallelQuestions: go-ethereum reads the state from several goroutines, and each must get its own answer.
func TestParallelQuestions(t *testing.T) {
	o := newTestOracle()
	o.questions = true
	var names []byte
	for i := range 5000 {
		names = append(names, o.add(binary.BigEndian.AppendUint64(nil, uint64(i))).Bytes()...)
	}
	o.inputs[inputBody] = o.add(names)
	if code, _, reason := o.run(t, nil); code != 0 {
		t.Errorf("exit code %d: %s", code, reason)
	}
}

// TestDAOFork crosses the block whose accounts are drained.
func TestDAOFork(t *testing.T) {
	config := *tests.Forks["Homestead"]
	config.DAOForkBlock, config.DAOForkSupport = big.NewInt(5), true
	chain := makeChain(t, &config)
	for i := 1; i < len(chain.blocks); i++ {
		chain.oracleOf(i).mustAccept(t, &config, chain.blocks[i].Root())
	}
	header := types.CopyHeader(chain.blocks[5].Header())
	header.Extra = nil
	plain := chain.oracleOf(5)
	plain.setBlock(header, *chain.blocks[5].Body())
	plain.mustRefuse(t, &config, "DAO")
}

// TestConfig leaves out of the genesis what older ones do not have.
func TestConfig(t *testing.T) {
	complete := *tests.Forks["Prague"]
	chain := makeChain(t, &complete)
	short := complete
	short.BlobScheduleConfig, short.TerminalTotalDifficulty, short.DepositContractAddress = nil, nil, common.Address{}
	chain.oracleOf(1).mustAccept(t, &short, chain.blocks[1].Root())

	for _, config := range []*params.ChainConfig{parseConfig(holesky), params.MainnetChainConfig} {
		check(t, config.CheckConfigForkOrder())
		check(t, parseConfig(must(json.Marshal(config))).CheckConfigForkOrder())
	}
	if id := parseConfig(holesky).ChainID.Int64(); id != holeskyChainID {
		t.Errorf("Holesky has the chain id %d", id)
	}
}

// parentOnly is a chain that knows no header but its last.
type parentOnly struct{ *oracleChain }

func (c parentOnly) GetHeader(hash common.Hash, _ uint64) *types.Header { return c.headers[hash] }

// TestWorkHeader holds the rules that are put together here against ethash's own, whose clock is later than every block's.
func TestWorkHeader(t *testing.T) {
	for _, fork := range []string{"Frontier", "Homestead", "Byzantium", "Constantinople", "London"} {
		chain := makeChain(t, tests.Forks[fork])
		parent, header := chain.blocks[5].Header(), chain.blocks[6].Header()
		ethashChain := parentOnly{newOracleChain(chain.config, parent)}
		for i, change := range []func(*types.Header){
			func(h *types.Header) {},
			func(h *types.Header) { h.Time += 1000 },
			func(h *types.Header) {
				h.Time = parent.Time + 1
				h.Difficulty = ethash.CalcDifficulty(chain.config, h.Time, parent)
			},
			func(h *types.Header) {
				h.Time = parent.Time
				h.Difficulty = ethash.CalcDifficulty(chain.config, h.Time, parent)
			},
			func(h *types.Header) { h.Difficulty.SetUint64(5) },
			func(h *types.Header) { h.GasLimit += parent.GasLimit/1024 - 1 },
			func(h *types.Header) { h.GasLimit += parent.GasLimit / 1024 },
			func(h *types.Header) { h.GasLimit -= parent.GasLimit/1024 - 1 },
			func(h *types.Header) { h.GasLimit = 1 << 63 },
			func(h *types.Header) { h.GasLimit = h.GasUsed - 1 },
			func(h *types.Header) { h.Extra = make([]byte, 32) },
			func(h *types.Header) { h.Extra = make([]byte, 33) },
			func(h *types.Header) { h.BaseFee = big.NewInt(875_000_000) },
			func(h *types.Header) { h.BaseFee = nil },
			func(h *types.Header) { h.Number.SetUint64(7) },
		} {
			changed := types.CopyHeader(header)
			change(changed)
			ours := verifyWorkHeader(chain.config, parent, changed)
			theirs := ethash.NewFaker().VerifyHeader(ethashChain, changed)
			if (ours == nil) != (theirs == nil) {
				t.Errorf("%s, change %d: %v, ethash says %v", fork, i, ours, theirs)
			}
		}
	}
}
