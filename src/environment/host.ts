// The outside of a machine: where preimages come from, where hints and output go. It is the only way by which anything
// enters a run, and all that enters is checked here: a preimage against its key.

import { bytesToHex, concat, equal, readU32BE } from '../bytes.ts';
import { InputError } from '../errors.ts';
import type { Inputs } from './inputs.ts';
import { KEY_TYPE, keyOf, localIndex, PREIMAGE_BYTES_MAX } from './preimageKey.ts';

/** What an engine asks of the outside while it runs a machine. */
export interface Host {
  /** The bytes of a key's preimage, without length prefix, or undefined if the host does not have them. */
  preimage(key: Uint8Array): Uint8Array | undefined;
  /** Bytes that the program wrote to the hint channel: part of a stream of messages, not one message. */
  hint(data: Uint8Array): void;
  /** Bytes that the program wrote to a file descriptor: 1 is standard output, 2 standard error. */
  output(fd: number, data: Uint8Array): void;
}

/** A place that has preimages: a block file, a folder, a process. It need not be honest: what it returns is checked. */
export interface PreimageSource {
  /** What messages call it: `block.json`. */
  readonly name: string;
  /** The preimage of a key of type keccak256, or undefined. */
  preimage(key: Uint8Array): Uint8Array | undefined;
  /** Takes one hint, without its length: what the program will soon ask for. */
  hint?(message: Uint8Array): void;
  /** Ends a process, closes files. Nothing is asked of the source afterwards. */
  close?(): void;
}

/** What a host is made of. */
export interface HostOptions {
  /** The preimages of the local keys. */
  readonly inputs: Inputs;
  /** Where the preimages of keccak256 keys come from: the first source that has one answers. */
  readonly sources?: readonly PreimageSource[];
  /** Takes the program's output; dropped without it. */
  readonly output?: (fd: number, data: Uint8Array) => void;
}

/** Checked preimages that a host keeps, in bytes of preimages. */
const CACHE_BYTES_MAX = 64 * 2 ** 20;
/** Longest hint, in bytes. */
export const HINT_BYTES_MAX = 64 * 1024;

/** A host of these sources. `preimage` throws an InputError (`PREIMAGE_...`) if a source returns what is not asked for. */
export function createHost({ inputs, sources = [], output = () => {} }: HostOptions): Host {
  const cache = new PreimageCache();
  const hints = new HintReader((message) => {
    for (const source of sources) source.hint?.(message);
  });
  return {
    preimage(key) {
      const index = localIndex(key);
      if (index !== undefined) return inputs[index - 1];
      if (key[0] !== KEY_TYPE.keccak256) return undefined;
      return cache.get(key, () => {
        for (const source of sources) {
          const preimage = source.preimage(key);
          if (preimage) return checked(source.name, key, preimage);
        }
        return undefined;
      });
    },
    hint: (data) => hints.push(data),
    output,
  };
}

function checked(name: string, key: Uint8Array, preimage: Uint8Array): Uint8Array {
  const what = `${name}: preimage of ${bytesToHex(key)}`;
  if (preimage.length > PREIMAGE_BYTES_MAX)
    throw new InputError(
      'PREIMAGE_TOO_LARGE',
      `${what}: expected at most ${PREIMAGE_BYTES_MAX} bytes, found ${preimage.length}`,
    );
  const found = keyOf(preimage);
  if (!equal(found, key))
    throw new InputError(
      'PREIMAGE_MISMATCH',
      `${what}: its ${preimage.length} bytes have the key ${bytesToHex(found)}`,
      {
        hint: 'The source is damaged or lies. Nothing was decided from it.',
      },
    );
  return preimage;
}

/** The preimages read last, oldest dropped first. A program reads one in many small parts. */
class PreimageCache {
  readonly #entries = new Map<string, Uint8Array>();
  #bytes = 0;
  #lastKey = new Uint8Array(0);
  #last: Uint8Array | undefined;

  get(key: Uint8Array, read: () => Uint8Array | undefined): Uint8Array | undefined {
    if (this.#last && equal(key, this.#lastKey)) return this.#last;
    const name = bytesToHex(key);
    const known = this.#entries.get(name);
    const preimage = known ?? read();
    if (preimage && !known) this.#add(name, preimage);
    this.#lastKey = Uint8Array.from(key);
    this.#last = preimage;
    return preimage;
  }

  #add(name: string, preimage: Uint8Array): void {
    this.#entries.set(name, preimage);
    this.#bytes += preimage.length;
    for (const [oldest, { length }] of this.#entries) {
      if (this.#bytes <= CACHE_BYTES_MAX || oldest === name) break;
      this.#entries.delete(oldest);
      this.#bytes -= length;
    }
  }
}

/**
 * Cuts the hint channel's stream into messages: a 4-byte big-endian length, then that many bytes. Hints never matter to
 * a history, so a stream that is out of step (too long a message, a run that began in the middle of one) is dropped up
 * to the end of what arrived, not refused.
 */
export class HintReader {
  readonly #take: (message: Uint8Array) => void;
  #pending: Uint8Array = new Uint8Array(0);

  constructor(take: (message: Uint8Array) => void) {
    this.#take = take;
  }

  push(data: Uint8Array): void {
    this.#pending = concat([this.#pending, data]);
    while (this.#pending.length >= 4) {
      const end = 4 + readU32BE(this.#pending, 0);
      if (end > 4 + HINT_BYTES_MAX) this.#pending = new Uint8Array(0);
      if (this.#pending.length < end) return;
      const message = this.#pending.slice(4, end);
      this.#pending = this.#pending.slice(end);
      this.#take(message);
    }
  }
}
