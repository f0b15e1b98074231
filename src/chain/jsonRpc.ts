// A JSON-RPC client for reading: one URL, every answer bounded in time and size. A node is not trusted and may be slow,
// rate-limited or somebody else's machine; what it refuses and what it fails at are different errors.

import { ChainError, UsageError } from '../errors.ts';
import { readBody, requestFailure } from './http.ts';

/** Bounds of a client's requests. */
export interface RpcBounds {
  /** Time for a whole request, in seconds. */
  readonly timeoutSeconds?: number;
  /** Largest answer, in bytes. */
  readonly maxBytes?: number;
}

const DEFAULT_TIMEOUT_SECONDS = 60;
const DEFAULT_MAX_BYTES = 512 * 2 ** 20;
/** Error of JSON-RPC for a method that the node does not have. */
const METHOD_NOT_FOUND = -32601;
/** Characters of a node's own message that are repeated in ours. */
const MESSAGE_SHOWN = 300;

/** A node, asked over HTTP. */
export class JsonRpc {
  /** The URL without user, password, path and query, which often are keys: what messages call the node. */
  readonly name: string;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutSeconds: number;
  readonly #maxBytes: number;
  #nextId = 1;

  /** Throws a UsageError (`BAD_URL`) unless `url` is an http or https URL. */
  constructor(url: string, bounds: RpcBounds = {}) {
    const parsed = URL.parse(url);
    if (parsed === null || !['http:', 'https:'].includes(parsed.protocol))
      throw new UsageError('BAD_URL', `expected an http or https URL of a node, found "${url.slice(0, 20)}"`);
    const { username, password } = parsed;
    const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
    const json = { 'content-type': 'application/json' };
    this.#headers = username === '' ? json : { ...json, authorization: `Basic ${login}` };
    // fetch refuses a URL with a user in it.
    parsed.username = '';
    parsed.password = '';
    this.#url = parsed.href;
    this.name = `${parsed.protocol}//${parsed.host}`;
    this.#timeoutSeconds = bounds.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
    this.#maxBytes = bounds.maxBytes ?? DEFAULT_MAX_BYTES;
  }

  /**
   * The result of a method. Throws a ChainError: `RPC_UNREACHABLE`, `RPC_TIMEOUT`, `HTTP_TOO_LARGE`, `RPC_FAILED` (an HTTP
   * error or an answer that is not JSON-RPC), `RPC_NO_METHOD` (the node does not have it) or `RPC_REFUSED` (its own error).
   */
  async call(method: string, params: readonly unknown[] = []): Promise<unknown> {
    const id = this.#nextId++;
    const text = await this.#post(method, JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    const answer = parseAnswer(text);
    if (answer === undefined || answer.id !== id)
      throw new ChainError('RPC_FAILED', `${this.name}: ${method}: expected a JSON-RPC answer, found "${shown(text)}"`);
    if (answer.error === undefined) return answer.result;
    const { code, message } = answer.error;
    throw new ChainError(
      code === METHOD_NOT_FOUND ? 'RPC_NO_METHOD' : 'RPC_REFUSED',
      `${this.name}: ${method}: ${shown(String(message))} (${code})`,
      // A contract's own error is in its `data`.
      { cause: answer.error },
    );
  }

  async #post(method: string, body: string): Promise<string> {
    const what = `${this.name}: ${method}`;
    const signal = AbortSignal.timeout(1_000 * this.#timeoutSeconds);
    try {
      const response = await fetch(this.#url, { method: 'POST', headers: this.#headers, body, signal });
      const text = (await readBody(response, this.#maxBytes, what)).toString('utf8');
      // Some nodes send their JSON-RPC errors with an HTTP error status.
      if (response.ok || parseAnswer(text)?.error !== undefined) return text;
      throw new ChainError('RPC_FAILED', `${what}: HTTP ${response.status} ${response.statusText}`);
    } catch (cause) {
      if (cause instanceof ChainError) throw cause;
      if (signal.aborted)
        throw new ChainError('RPC_TIMEOUT', `${what}: no answer within ${this.#timeoutSeconds} seconds`, { cause });
      throw new ChainError('RPC_UNREACHABLE', `${what}: ${requestFailure(cause)}`, { cause });
    }
  }
}

interface RpcAnswer {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown };
}

function parseAnswer(text: string): RpcAnswer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { id, result, error } = value as Record<string, unknown>;
    // Some nodes send `error: null` with every result.
    return typeof error === 'object' && error !== null ? { id, result, error } : { id, result };
  } catch {
    return undefined;
  }
}

function shown(text: string): string {
  return text.length <= MESSAGE_SHOWN ? text : `${text.slice(0, MESSAGE_SHOWN)}...`;
}
