// The account guest under qemu-riscv64: our block, the real blocks, and tries that no honest chain has.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeRlp, encodeRlp, keccak256, type RlpStructuredData, type RlpStructuredDataish, toBeArray } from 'ethers';
import { bytesToHex } from '../../src/bytes.ts';
import { type Block, blockInputs, readBlock } from '../../src/environment/block.ts';
import { createHost, type Host } from '../../src/environment/host.ts';
import { makeInputs } from '../../src/environment/inputs.ts';
import { keyOf } from '../../src/environment/preimageKey.ts';
import { blockSource } from '../../src/environment/sources/blockSource.ts';
import { accounts } from '../../tools/makeAccountBlock.ts';
import { buildTrie, hexPrefix, rlp, toNibbles } from '../../tools/stateTrie.ts';
import { QEMU_MISSING, runUnderQemu } from './qemu.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ELF = `${ROOT}guests/account/account.elf`;
const SHARED = `${ROOT}../shared/blocks`;
const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
const EMPTY_CODE = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';
const EMPTY_ACCOUNT = encodeRlp(['0x', '0x', EMPTY_ROOT, EMPTY_CODE]);

const hexBytes = (hex: string) => Buffer.from(hex.slice(2), 'hex');
const hostOf = (block: Block) => createHost({ inputs: blockInputs(block), sources: [blockSource(block, 'block')] });
const run = (host: Host, ...args: (string | bigint)[]) => runUnderQemu(ELF, args.map(String), host);

/** Runs with a claim and asserts how it ends; `account` is the RLP whose hash is the output. */
async function expectRun(host: Host, args: (string | bigint)[], exitCode: number, account?: string): Promise<string> {
  const found = await run(host, ...args);
  assert.equal(found.exitCode, exitCode, found.text);
  assert.equal(bytesToHex(found.output), account === undefined ? '0x' : keccak256(account), found.text);
  return found.text;
}

describe('the account guest on our own block', { skip: QEMU_MISSING }, () => {
  const block = readBlock(readFileSync(`${ROOT}traces/blocks/accounts.json`), 'accounts.json');
  const host = hostOf(block);

  it('confirms every account', async () => {
    for (const { address, balance, nonce, codeHash } of accounts()) {
      const account = encodeRlp([toBeArray(nonce), toBeArray(balance), EMPTY_ROOT, codeHash]);
      const text = await expectRun(host, [address, balance, nonce], 0, account);
      assert.equal(text, `account ${address}: balance ${balance}, nonce ${nonce}: as claimed\n`);
    }
  });

  it('refuses another balance or nonce, with the same output', async () => {
    const { address, balance, nonce, codeHash } = accounts()[5] ?? assert.fail();
    const account = encodeRlp([toBeArray(nonce), toBeArray(balance), EMPTY_ROOT, codeHash]);
    assert.equal(
      await expectRun(host, [address, balance + 1n, nonce], 1, account),
      `account ${address}: balance ${balance} (claimed ${balance + 1n}), nonce ${nonce}: not as claimed\n`,
    );
    assert.match(
      await expectRun(host, [address, balance, nonce + 1n], 1, account),
      /nonce 5 \(claimed 6\): not as claimed/,
    );
    await expectRun(host, [address.toUpperCase().replace('X', 'x'), `0x${balance.toString(16)}`, '0x5'], 0, account);
  });

  it('proves absence: nothing at a branch, another leaf, another extension', async () => {
    for (let i = 0; i < 24; i++) {
      const address = `0x${keccak256(Uint8Array.of(i)).slice(26)}`;
      assert.match(
        await expectRun(host, [address, 0n, 0n], 0, EMPTY_ACCOUNT),
        /balance 0, nonce 0, absent: as claimed/,
      );
      await expectRun(host, [address, 1n, 0n], 1, EMPTY_ACCOUNT);
    }
  });

  it('says each hint before it asks for what the hint names', async () => {
    const { hints, keys } = await run(host, accounts()[0]?.address ?? '', 0n, 0n);
    assert.equal(hints[0], `l2-block-header ${bytesToHex(block.parentHash)}`);
    assert.equal(hints[1], `l2-state-node ${bytesToHex(block.preStateRoot)}`);
    assert.equal(keys[0], `01${'00'.repeat(30)}01`);
    assert.deepEqual(
      keys.slice(1),
      hints.map((hint) => `02${hint.split(' 0x')[1]?.slice(2)}`),
    );
  });

  it('names wrong arguments', async () => {
    const address = `0x${'1'.repeat(40)}`;
    const wrong: string[][] = [
      [],
      [address, '1'],
      [address, '1', '1', '1'],
      [address.slice(0, -1), '1', '1'],
      [address.slice(2), '1', '1'],
      [`${address.slice(0, -1)}g`, '1', '1'],
      [address, '', '1'],
      [address, '0x', '1'],
      [address, '1e3', '1'],
      [address, '-1', '1'],
      [address, String(2n ** 256n), '1'],
      [address, '1', String(2n ** 64n)],
      [address, '1', '0x10000000000000000'],
    ];
    for (const args of wrong) assert.match(await expectRun(host, args, 2), /^account: /, args.join(' '));
  });
});

/** The account at `address`, as RLP, found by another walk of the trie than the guest's. */
function lookUp(block: Block, address: string): string {
  let node: RlpStructuredData = bytesToHex(block.preStateRoot);
  let path = toNibbles(hexBytes(keccak256(address)));
  for (;;) {
    if (node === '0x') return EMPTY_ACCOUNT;
    const isHash: boolean = typeof node === 'string';
    const items: RlpStructuredData = isHash ? decodeRlp(preimageOf(block, String(node))) : node;
    assert.ok(Array.isArray(items));
    if (items.length === 17) {
      node = items[path[0] ?? 16] ?? '0x';
      path = path.slice(1);
      continue;
    }
    const encoded = toNibbles(hexBytes(String(items[0])));
    const own = encoded.slice((encoded[0] ?? 0) % 2 === 1 ? 1 : 2);
    if (own.some((nibble, i) => nibble !== path[i])) return EMPTY_ACCOUNT;
    if ((encoded[0] ?? 0) >= 2) return String(items[1]);
    node = items[1] ?? '0x';
    path = path.slice(own.length);
  }
}

function preimageOf(block: Block, hash: string): Uint8Array {
  return block.preimages.get(`0x02${hash.slice(4)}`) ?? assert.fail(`no node ${hash}`);
}

describe('the account guest on real blocks', {
  skip: QEMU_MISSING || (!existsSync(SHARED) && 'no ../shared/blocks here'),
}, () => {
  const load = (name: string) => readBlock(readFileSync(`${SHARED}/${name}`), name);

  it('confirms who sent the first transaction ever, and that nobody had heard of its recipient', async () => {
    const host = hostOf(load('eth-mainnet-46147.json'));
    const sender = '0xa1e4380a3b1f749673e270229993ee55f35663b4';
    const account = encodeRlp(['0x', toBeArray(2000n * 10n ** 18n), EMPTY_ROOT, EMPTY_CODE]);
    await expectRun(host, [sender, 2000n * 10n ** 18n, 0n], 0, account);
    await expectRun(host, [sender, 2000n * 10n ** 18n, 1n], 1, account);
    await expectRun(host, ['0x5df9b87991262f6ba471f09758cde1c0fc1de734', 0n, 0n], 0, EMPTY_ACCOUNT);
  });

  it('confirms whom each block pays, as another walk of the trie finds it', async () => {
    for (const name of globSync('*.json*', { cwd: SHARED }).sort()) {
      const file = load(name);
      const header =
        [...file.preimages.values()].find((item) => keccak256(item) === bytesToHex(file.hash)) ?? assert.fail();
      const beneficiary = String((decodeRlp(header) as RlpStructuredData[])[2]);
      // Some blocks pay nobody by balance, so the path to their beneficiary is not in the witness.
      let account: string;
      try {
        account = lookUp(file, beneficiary);
      } catch (error) {
        assert.match(String(error), /no node/);
        assert.match(await expectRun(hostOf(file), [beneficiary, 0n, 0n], 3), /node of the state trie is missing/);
        continue;
      }
      const [nonce, balance] = (decodeRlp(account) as string[]).map((field) => BigInt(field === '0x' ? 0 : field));
      await expectRun(hostOf(file), [beneficiary, balance ?? 0n, nonce ?? 0n], 0, account);
    }
  });
});

const ADDRESS = `0x${'42'.repeat(20)}`;
const KEY = toNibbles(hexBytes(keccak256(ADDRESS)));
const GOOD = encodeRlp(['0x07', '0x0102', EMPTY_ROOT, EMPTY_CODE]);
const claim = [ADDRESS, 0x0102n, 7n];

/** A host of a header with this state root (the hash of the first node) and of these nodes, whatever they are. */
function hostOfNodes(nodes: readonly Uint8Array[], header?: Uint8Array): Host {
  const parent = header ?? rlp(['0x01', '0x02', '0x03', keccak256(nodes[0] ?? assert.fail()), '0x05']);
  const preimages = new Map([parent, ...nodes].map((item) => [bytesToHex(keyOf(item)), item]));
  const inputs = makeInputs({ parentBlockHash: hexBytes(keccak256(parent)) });
  return createHost({ inputs, sources: [{ name: 'nodes', preimage: (key) => preimages.get(bytesToHex(key)) }] });
}

/** A branch with one child at the key's nibble of this depth, and another child beside it. */
function branch(depth: number, child: RlpStructuredDataish, value = '0x'): RlpStructuredDataish[] {
  const items: RlpStructuredDataish[] = [...Array(16).fill('0x'), value];
  items[((KEY[depth] ?? 0) + 1) % 16] = `0x${'11'.repeat(32)}`;
  items[KEY[depth] ?? 0] = child;
  return items;
}

const leaf = (depth: number, value: string, path = KEY.slice(depth)): RlpStructuredDataish[] => [
  hexPrefix(path, true),
  value,
];
const other = (path: number[]) => path.map((nibble, i) => (i === path.length - 1 ? (nibble + 1) % 16 : nibble));

describe('the account guest on tries of any kind', { skip: QEMU_MISSING }, () => {
  it('reads a trie of one leaf, and the empty trie', async () => {
    await expectRun(hostOfNodes([rlp(leaf(0, GOOD))]), claim, 0, GOOD);
    await expectRun(hostOfNodes([rlp('0x')]), [ADDRESS, 0n, 0n], 0, EMPTY_ACCOUNT);
    await expectRun(hostOfNodes([rlp(leaf(0, GOOD, other(KEY)))]), [ADDRESS, 0n, 0n], 0, EMPTY_ACCOUNT);
  });

  it('walks branches and extensions of even and odd length to the leaf', async () => {
    for (const length of [1, 2, 5, 62]) {
      const inner = rlp(branch(length, keccak256(rlp(leaf(length + 1, GOOD)))));
      const top = rlp([hexPrefix(KEY.slice(0, length), false), keccak256(inner)]);
      await expectRun(hostOfNodes([top, inner, rlp(leaf(length + 1, GOOD))]), claim, 0, GOOD);
    }
    const away = rlp([hexPrefix(other(KEY.slice(0, 3)), false), `0x${'22'.repeat(32)}`]);
    await expectRun(hostOfNodes([away]), [ADDRESS, 0n, 0n], 0, EMPTY_ACCOUNT);
  });

  it('walks a branch at every depth, 64 of them', async () => {
    const nodes = [rlp(leaf(64, GOOD))];
    for (let depth = 63; depth >= 0; depth--) nodes.unshift(rlp(branch(depth, keccak256(nodes[0] ?? ''))));
    await expectRun(hostOfNodes(nodes), claim, 0, GOOD);
  });

  it('reads nodes that are embedded in their parents', async () => {
    // Keys of 64 nibbles leave room for little: an embedded leaf near the end, below 60 branches' worth of extension.
    const near = leaf(62, '0x05', other(KEY.slice(62)));
    const inner = rlp(branch(61, near));
    const top = rlp([hexPrefix(KEY.slice(0, 61), false), keccak256(inner)]);
    await expectRun(hostOfNodes([top, inner]), [ADDRESS, 0n, 0n], 0, EMPTY_ACCOUNT);
    // The same leaf on the path holds no account.
    const own = rlp(branch(61, leaf(62, '0x05')));
    const onPath = rlp([hexPrefix(KEY.slice(0, 61), false), keccak256(own)]);
    assert.match(await expectRun(hostOfNodes([onPath, own]), claim, 3), /the account is damaged/);
    // An embedded branch of nothing.
    const empty = Array(17).fill('0x');
    await expectRun(hostOfNodes([rlp(branch(0, empty))]), [ADDRESS, 0n, 0n], 0, EMPTY_ACCOUNT);
  });

  it('refuses nodes that no state trie has', async () => {
    const good = rlp(leaf(0, GOOD));
    const under = (length: number, node: Uint8Array) => [
      rlp([hexPrefix(KEY.slice(0, length), false), keccak256(node)]),
      node,
    ];
    const long = '0x'.padEnd(2 + 2 * 2000, '7');
    const below = rlp(branch(64, keccak256(good)));
    const cases: Record<string, Uint8Array[]> = {
      'not a list': [rlp('0x1234567890')],
      'cut short': [good.subarray(0, -1)],
      'with a byte behind it': [Buffer.concat([good, Uint8Array.of(0)])],
      'of three items': [rlp([hexPrefix(KEY, true), GOOD, '0x'])],
      'of one item': [rlp([GOOD])],
      'of 16 items': [rlp(Array(16).fill(`0x${'11'.repeat(32)}`))],
      'of 18 items': [rlp(Array(18).fill('0x'))],
      'too long': [rlp(leaf(0, long))],
      'with path flags above 3': [rlp([`0x4${hexPrefix(KEY, true).slice(3)}`, GOOD])],
      'with padding in its path': [rlp([`0x21${hexPrefix(KEY, true).slice(4)}`, GOOD])],
      'with an empty path encoding': [rlp(['0x', GOOD])],
      'with a path that is a list': [rlp([[], GOOD])],
      'a leaf whose path is too short': [rlp(leaf(2, GOOD))],
      'a leaf whose path is too long': [rlp(leaf(0, GOOD, [...KEY, 1, 2]))],
      'a leaf whose value is a list': [rlp([hexPrefix(KEY, true), ['0x07', '0x0102', EMPTY_ROOT, EMPTY_CODE]])],
      'a branch with a value': [rlp(branch(0, keccak256(good), '0x01'))],
      'a branch whose child is 31 bytes': [rlp(branch(0, `0x${'11'.repeat(31)}`))],
      'a branch whose child is 33 bytes': [rlp(branch(0, `0x${'11'.repeat(33)}`))],
      'a branch whose embedded child has 32 bytes': [rlp(branch(0, leaf(60, `0x${'11'.repeat(27)}`)))],
      'a branch below the whole key': [...under(63, rlp(branch(63, keccak256(below)))), below],
      'an extension of nothing': [rlp([hexPrefix([], false), keccak256(good)]), good],
      'an extension of the whole key': [rlp([hexPrefix(KEY, false), keccak256(good)]), good],
      'an extension to nowhere': [rlp([hexPrefix(KEY.slice(0, 2), false), '0x'])],
      'an extension to a leaf': under(2, rlp(leaf(2, GOOD))),
      'an extension to an extension': under(2, rlp([hexPrefix(KEY.slice(2, 4), false), `0x${'22'.repeat(32)}`])),
      'whose child is missing': [rlp(branch(0, `0x${'33'.repeat(32)}`))],
    };
    for (const [name, nodes] of Object.entries(cases))
      assert.match(await expectRun(hostOfNodes(nodes), claim, 3), /node of the state trie/, name);
  });

  it('refuses accounts that are not four canonical fields', async () => {
    const zeros = `0x${'00'.repeat(32)}`;
    const values: Record<string, string> = {
      'three fields': encodeRlp(['0x07', '0x01', EMPTY_ROOT]),
      'five fields': encodeRlp(['0x07', '0x01', EMPTY_ROOT, EMPTY_CODE, '0x']),
      'nonce with a zero in front': encodeRlp(['0x0007', '0x01', EMPTY_ROOT, EMPTY_CODE]),
      'nonce zero in a byte': encodeRlp(['0x00', '0x01', EMPTY_ROOT, EMPTY_CODE]),
      'nonce of nine bytes': encodeRlp([`0x01${'00'.repeat(8)}`, '0x01', EMPTY_ROOT, EMPTY_CODE]),
      'balance of 33 bytes': encodeRlp(['0x07', `0x01${'00'.repeat(32)}`, EMPTY_ROOT, EMPTY_CODE]),
      'balance that is a list': encodeRlp(['0x07', [], EMPTY_ROOT, EMPTY_CODE]),
      'short storage root': encodeRlp(['0x07', '0x01', EMPTY_ROOT.slice(0, -2), EMPTY_CODE]),
      'long code hash': encodeRlp(['0x07', '0x01', EMPTY_ROOT, `${zeros}00`]),
      'not a list': zeros,
      nothing: '0x',
      // The byte 7 in two bytes, and a length of 68 in two bytes: each means the same as a shorter encoding.
      'a small byte with a prefix': `0xf8478107820102a0${EMPTY_ROOT.slice(2)}a0${EMPTY_CODE.slice(2)}`,
      'a length of two bytes': `0xf9004607820102a0${EMPTY_ROOT.slice(2)}a0${EMPTY_CODE.slice(2)}`,
      'a long form of a short length': `0xf84707b8020102a0${EMPTY_ROOT.slice(2)}a0${EMPTY_CODE.slice(2)}`,
    };
    for (const [name, value] of Object.entries(values))
      assert.match(await expectRun(hostOfNodes([rlp(leaf(0, value))]), claim, 3), /the account is damaged/, name);
  });

  it('refuses headers without a state root, or too long', async () => {
    const good = rlp(leaf(0, GOOD));
    const root = keccak256(good);
    const fill = (count: number) => Array(count).fill('0x');
    await expectRun(hostOfNodes([good], rlp([...fill(3), root])), claim, 0, GOOD);
    await expectRun(hostOfNodes([good], rlp([...fill(3), root, ...fill(28)])), claim, 0, GOOD);
    const headers = [rlp(root), rlp(fill(3)), rlp([...fill(3), [root]]), rlp([...fill(3), root.slice(0, -2)])];
    headers.push(rlp([...fill(3), root, ...fill(29)]), rlp([...fill(3), root, `0x${'11'.repeat(4096)}`]));
    for (const header of headers) assert.match(await expectRun(hostOfNodes([good], header), claim, 3), /header/);
  });

  it('hashes what it is given: a source that lies is refused', async () => {
    const inner = rlp(branch(2, keccak256(rlp(leaf(3, GOOD)))));
    const nodes = [rlp([hexPrefix(KEY.slice(0, 2), false), keccak256(inner)]), inner, rlp(leaf(3, GOOD))];
    const honest = hostOfNodes(nodes);
    const { keys } = await run(honest, ...claim);
    assert.equal(keys.length, 5);
    for (const target of keys.slice(1))
      for (const position of [0, 1, -1]) {
        const lie = (key: Uint8Array) => {
          const preimage = honest.preimage(key);
          if (!preimage || Buffer.from(key).toString('hex') !== target) return preimage;
          const changed = Buffer.from(preimage);
          changed.writeUInt8((changed.at(position) ?? 0) ^ 0x10, position < 0 ? changed.length + position : position);
          return changed;
        };
        await expectRun({ ...honest, preimage: lie }, claim, 3);
      }
    const short: Host = { ...honest, preimage: (key) => (key[0] === 1 ? new Uint8Array(31) : honest.preimage(key)) };
    assert.match(await expectRun(short, claim, 3), /parent block's hash is missing/);
  });

  it('agrees with tries of the builder, whatever they hold', async () => {
    const entries = Array.from({ length: 40 }, (_, i) => {
      const address = `0x${keccak256(Uint8Array.of(7, i)).slice(26)}`;
      const account = encodeRlp([toBeArray(BigInt(i)), toBeArray(BigInt(i) ** 20n), EMPTY_ROOT, EMPTY_CODE]);
      return { address, account, balance: BigInt(i) ** 20n, nonce: BigInt(i) };
    });
    const trie = buildTrie(
      entries.map(({ address, account }) => ({ key: hexBytes(keccak256(address)), value: hexBytes(account) })),
    );
    const host = hostOfNodes(trie.nodes);
    for (const { address, account, balance, nonce } of entries)
      await expectRun(host, [address, balance, nonce], 0, account);
  });
});
