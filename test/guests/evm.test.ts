// The block executor: the committed file is what its sources give, and under qemu-riscv64 it comes to the state root of
// real blocks' headers. Its rules are held against go-ethereum, fork by fork, by its own tests (guests/evm/guest_test.go).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { decodeRlp, encodeRlp, type RlpStructuredData } from 'ethers';
import { bytesToHex, hexToBytes } from '../../src/bytes.ts';
import { openProgram, stateHashOf } from '../../src/cli/guest.ts';
import { decompress } from '../../src/compression.ts';
import { type Block, blockInputs, readBlock } from '../../src/environment/block.ts';
import { createHost, type Host } from '../../src/environment/host.ts';
import { keyOf } from '../../src/environment/preimageKey.ts';
import { blockSource } from '../../src/environment/sources/blockSource.ts';
import { ELF_BYTES_MAX } from '../../src/machine/elf.ts';
import {
  compile,
  EVM_FOLDER,
  EVM_MANIFEST,
  EVM_PROGRAM,
  type EvmManifest,
  goEnvironment,
  toolchain,
} from '../../tools/buildEvmGuest.ts';
import { sha256 } from '../../tools/guestFile.ts';
import { QEMU_MISSING, runUnderQemu } from './qemu.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SHARED = `${ROOT}../shared/blocks`;
const manifest: EvmManifest = JSON.parse(readFileSync(EVM_MANIFEST, 'utf8'));
const elf = decompress(readFileSync(EVM_PROGRAM), { name: EVM_PROGRAM, maxBytes: ELF_BYTES_MAX });

const folder = mkdtempSync(join(tmpdir(), 'omo-test-'));
after(() => rmSync(folder, { recursive: true }));

/** Why it cannot be built here, or false. */
function cannotBuild(): string | false {
  const { error, status, stderr } = spawnSync('go', ['mod', 'download'], {
    cwd: EVM_FOLDER,
    env: goEnvironment(),
    encoding: 'utf8',
  });
  if (error) return `Go is not installed (any release that can fetch ${toolchain()}, or that one)`;
  return status === 0 ? false : `Go cannot fetch what it needs: ${stderr.trim()}`;
}

describe('the committed block executor', () => {
  it('has the hash of its manifest, and was built by the toolchain of go.mod', () => {
    assert.deepEqual([elf.length, sha256(elf)], [manifest.bytes, manifest.sha256]);
    assert.equal(manifest.toolchain, toolchain());
  });

  it('has the program root of its manifest (after a change of the state record: npm run guest:evm -- --root)', () => {
    assert.equal(stateHashOf(openProgram(EVM_PROGRAM, []).machine), manifest.programRoot);
  });

  describe('from its sources', { skip: cannotBuild() }, () => {
    it('is built again, byte for byte', () => {
      const path = join(folder, 'rebuilt.elf');
      compile(path);
      assert.equal(sha256(readFileSync(path)), manifest.sha256);
    });

    for (const command of ['go vet .', 'go test .', 'gofmt -l .'])
      it(`passes ${command}`, () => {
        const [program = '', ...args] = command.split(' ');
        const env = { ...goEnvironment(), GOOS: undefined, GOARCH: undefined };
        const { status, stdout, stderr } = spawnSync(program, args, { cwd: EVM_FOLDER, env, encoding: 'utf8' });
        assert.equal(status, 0, `${stdout}${stderr}`);
        if (program === 'gofmt') assert.equal(stdout, '');
      });
  });
});

describe('the block executor under qemu', { skip: QEMU_MISSING }, () => {
  const path = join(folder, 'evm.elf');
  before(() => writeFileSync(path, elf, { mode: 0o755 }));
  const hostOf = (block: Block): Host =>
    createHost({ inputs: blockInputs(block), sources: [blockSource(block, 'block')] });
  const load = (file: string) => readBlock(readFileSync(file), file);

  it('executes our own block by the genesis given to it, and by no other', async () => {
    const block = load(`${ROOT}traces/blocks/accounts.json`);
    const host = hostOf(block);
    const forks = ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg', 'istanbul'];
    const config = Object.fromEntries([...forks, 'berlin', 'london'].map((fork) => [`${fork}Block`, 0]));
    const genesis = (chainId: number) => JSON.stringify({ config: { chainId, ...config }, alloc: {} });
    const good = await runUnderQemu(path, [genesis(20_250)], host);
    assert.deepEqual([good.exitCode, bytesToHex(good.output)], [0, bytesToHex(block.postStateRoot)]);
    for (const args of [[], [genesis(1)], ['{"chainId":20250}'], ['nonsense'], [genesis(20_250), 'x']]) {
      const { exitCode, output } = await runUnderQemu(path, args, host);
      assert.deepEqual([exitCode, output.length], [1, 0], args.join(' '));
    }
  });

  const skip = !existsSync(SHARED) && 'no ../shared/blocks here';
  const GOOD = ['13284492', '46147', '73141', '48712', '20612842', '22615247', '24647140'];
  for (const number of GOOD)
    it(`comes to the state root of mainnet block ${number}`, { skip }, async () => {
      const plain = `${SHARED}/eth-mainnet-${number}.json`;
      const block = load(existsSync(plain) ? plain : `${plain}.gz`);
      const { exitCode, output } = await runUnderQemu(path, [], hostOf(block));
      assert.deepEqual([exitCode, bytesToHex(output)], [0, bytesToHex(block.postStateRoot)]);
    });

  it('refuses a block whose header claims another state root', { skip }, async () => {
    const { exitCode, output } = await runUnderQemu(path, [], withStateRoot(`${SHARED}/eth-mainnet-46147.json`));
    assert.deepEqual([exitCode, output.length], [1, 0]);
  });

  it('asks for the node that a witness lacks, and says nothing', { skip }, async () => {
    const { keys, output } = await runUnderQemu(path, [], hostOf(load(`${SHARED}/eth-hoodi-1151683.json`)));
    assert.equal(keys.at(-1), '02224bab8f0d640af8c8c34c9d9592cf1a0d7e6e9fb6f799e70ef0a216f80f6e');
    assert.equal(output.length, 0);
  });

  /** The host of a block with one bit of the state root in its header changed, and all that follows from it. */
  function withStateRoot(file: string): Host {
    const json = JSON.parse(readFileSync(file, 'utf8'));
    const [header, ...body] = decodeRlp(json.block) as RlpStructuredData[][];
    assert.ok(header);
    const root = hexToBytes(String(header[3]), { what: 'state root', bytes: 32 });
    root[31] = (root[31] ?? 0) ^ 1;
    header[3] = bytesToHex(root);
    const blockHash = bytesToHex(keccak_256(hexToBytes(encodeRlp(header), { what: 'header', maxBytes: 1000 })));
    const changed = { ...json, block: encodeRlp([header, ...body]), blockHash, postStateRoot: header[3] };
    return hostOf(readBlock(Buffer.from(JSON.stringify(changed)), file));
  }

  it('asks for nothing by another key than keccak256 or an input', async () => {
    const block = load(`${ROOT}traces/blocks/accounts.json`);
    const { keys } = await runUnderQemu(path, [], hostOf(block));
    const inputs = [1, 6, 4, 5, 3].map((index) => `01${'00'.repeat(30)}0${index}`);
    assert.deepEqual(keys.slice(0, 6), [...inputs, bytesToHex(keyOf(block.input)).slice(2)]);
  });
});
