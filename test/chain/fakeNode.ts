// A node over HTTP that answers as a test tells it to, and a small block for it to serve.
import { createServer, type ServerResponse } from 'node:http';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { encodeRlp } from 'ethers/utils';

/** Answers one call, or writes to the response itself and returns undefined. */
export type Answer = (method: string, params: readonly unknown[], response: ServerResponse) => unknown;

/** A running node; its errors are `{ error: { code, message } }`. */
export interface FakeNode {
  readonly url: string;
  readonly calls: readonly string[];
  stop(): void;
}

/** Starts a node on a free port of this machine. */
export async function startNode(answer: Answer): Promise<FakeNode> {
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const { id, method, params } = JSON.parse(Buffer.concat(parts).toString());
    calls.push(method);
    const result = answer(method, params, response);
    if (result === undefined) return;
    const isError = typeof result === 'object' && result !== null && 'error' in result;
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...(isError ? result : { result }) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://user:secret@127.0.0.1:${port}/key`, calls, stop };
}

const bytes = (count: number, value: number) => new Uint8Array(count).fill(value);
const hash = (data: string) => `0x${Buffer.from(keccak_256(Buffer.from(data.slice(2), 'hex'))).toString('hex')}`;

function header(number: number, parentHash: string, stateRoot: string): string {
  const blank = [bytes(32, 1), bytes(20, 2)];
  const rest = [bytes(32, 3), bytes(32, 4), bytes(256, 0), bytes(0, 0), Uint8Array.of(number)];
  return encodeRlp([parentHash, ...blank, stateRoot, ...rest]);
}

/** Block 5 with its parent 4 and grandparent 3, raw, and the root node of the state before it. */
export function smallBlock() {
  const node = encodeRlp([bytes(32, 7), bytes(33, 8)]);
  const grandparent = header(3, hash('0x00'), hash('0x01'));
  const parent = header(4, hash(grandparent), hash(node));
  const own = header(5, hash(parent), hash('0x02'));
  const block = `0x${encodeListOf([own, encodeRlp([]), encodeRlp([])])}`;
  return { block, own, node, parent, grandparent, blockHash: hash(own), preStateRoot: hash(node) };
}

/** RLP of a list whose items are RLP already, without 0x. */
function encodeListOf(items: readonly string[]): string {
  const payload = items.map((item) => item.slice(2)).join('');
  const size = (payload.length / 2).toString(16);
  const length = size.padStart(size.length + (size.length % 2), '0');
  return (0xf7 + length.length / 2).toString(16) + length + payload;
}
