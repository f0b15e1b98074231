// What every HTTP answer is read with: a bound on its size, whatever its header says.

import { ChainError } from '../errors.ts';

/** The whole body of an answer. Throws a ChainError (`HTTP_TOO_LARGE`) once it is larger than `maxBytes`. */
export async function readBody(response: Response, maxBytes: number, what: string): Promise<Buffer<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > maxBytes) throw new ChainError('HTTP_TOO_LARGE', `${what}: the answer is larger than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Why a request failed, in the words of whoever noticed first. */
export function requestFailure(cause: unknown): string {
  const reason = (cause as { cause?: Error }).cause ?? (cause as Error);
  return reason.message || String((reason as { code?: string }).code);
}

/**
 * The bytes at a URL. Throws a ChainError: `HTTP_UNREACHABLE`, `HTTP_TIMEOUT`, `HTTP_TOO_LARGE` or `HTTP_FAILED` (the
 * server's own error).
 */
export async function download(url: URL, maxBytes: number, timeoutSeconds: number): Promise<Uint8Array<ArrayBuffer>> {
  // What follows the host may be a key.
  const what = `${url.protocol}//${url.host}`;
  const signal = AbortSignal.timeout(1_000 * timeoutSeconds);
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new ChainError('HTTP_FAILED', `${what}: HTTP ${response.status} ${response.statusText}`);
    return await readBody(response, maxBytes, what);
  } catch (cause) {
    if (cause instanceof ChainError) throw cause;
    if (signal.aborted)
      throw new ChainError('HTTP_TIMEOUT', `${what}: no answer within ${timeoutSeconds} seconds`, { cause });
    throw new ChainError('HTTP_UNREACHABLE', `${what}: ${requestFailure(cause)}`, { cause });
  }
}
