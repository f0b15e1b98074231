// The trie builder against the published roots of ethereum/tests (TrieTests/trieanyorder_secureTrie.json), and the block
// made with it against the tool that makes it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeRlp, keccak256, toUtf8Bytes } from 'ethers';
import { bytesToHex } from '../../src/bytes.ts';
import { ACCOUNT_BLOCK_PATH, accountBlock } from '../../tools/makeAccountBlock.ts';
import { buildTrie, rlp } from '../../tools/stateTrie.ts';

const secure = (entries: Record<string, string>) =>
  buildTrie(
    Object.entries(entries).map(([key, value]) => ({
      key: Buffer.from(keccak256(toUtf8Bytes(key)).slice(2), 'hex'),
      value: toUtf8Bytes(value),
    })),
  );

describe('a trie', () => {
  it('has the published roots', () => {
    const roots: [Record<string, string>, string][] = [
      [{ A: 'a'.repeat(50) }, '0xe9e2935138352776cad724d31c9fa5266a5c593bb97726dd2a908fe6d53284df'],
      [
        { doe: 'reindeer', dog: 'puppy', dogglesworth: 'cat' },
        '0xd4cd937e4a4368d7931a9cf51686b7e10abb3dce38a39000fd7902a092b64585',
      ],
      [
        { do: 'verb', horse: 'stallion', doge: 'coin', dog: 'puppy' },
        '0x29b235a58c3c25ab83010c327d5932bcf05324b7d6b1185e650798034783ca9d',
      ],
      [{}, '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'],
    ];
    for (const [entries, root] of roots) assert.equal(bytesToHex(secure(entries).root), root);
  });

  it('keeps nodes under 32 bytes inside of their parents', () => {
    const entry = (key: number[], value: number) => ({ key: Uint8Array.from(key), value: Uint8Array.of(value) });
    const { root, nodes } = buildTrie([entry([0x11, 0x11], 1), entry([0x11, 0x22], 2)]);
    const branch = ['0x', ['0x31', '0x01'], ['0x32', '0x02'], ...Array(14).fill('0x')];
    assert.equal(nodes.length, 1);
    assert.equal(bytesToHex(root), keccak256(nodes[0] ?? '0x'));
    assert.deepEqual(decodeRlp(nodes[0] ?? '0x'), ['0x0011', branch]);
    assert.ok(rlp(branch).length < 32);
  });
});

describe('the account block', () => {
  it('is what its tool makes', () => {
    const path = fileURLToPath(new URL(`../../${ACCOUNT_BLOCK_PATH}`, import.meta.url));
    assert.equal(readFileSync(path, 'utf8'), accountBlock(), 'run node tools/makeAccountBlock.ts');
  });

  it('has branches, extensions and leaves, more than five deep', () => {
    const nodes = JSON.parse(accountBlock()).witness.state.map((node: string) => decodeRlp(node) as string[]);
    const isLeaf = (node: string[]) => Number.parseInt(node[0]?.[2] ?? '', 16) >= 2;
    const pairs = nodes.filter((node: string[]) => node.length === 2);
    assert.equal(pairs.filter(isLeaf).length, 52);
    assert.ok(pairs.some((node: string[]) => !isLeaf(node)));
    assert.ok(nodes.filter((node: string[]) => node.length === 17).length > 15);
  });
});
