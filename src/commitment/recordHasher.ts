// State hashes of many recorded steps: hot records as a recorder leaves them, with the memory roots filled in.
//
// A hot record is three keccak blocks. Its fields are ordered so that the first block changes seldom (it holds the memory
// root, the hashes of cold and fp, and x1 to x3): the state after it is computed once for all neighbours that share it.

import { assert } from '../invariant.ts';
import { field, RECORD_BYTES } from '../semantics/layout.ts';
import { HASH_BYTES, Hasher, HasherCode } from './hasher.ts';
import type { BatchFunction } from './keccakBatch.ts';
import { RATE_BYTES, STATE_BYTES } from './keccakPermutation.ts';
import { STATUS_OFFSET } from './stateHash.ts';

const HOT_BYTES = RECORD_BYTES.hot;
const HOT_WORDS = HOT_BYTES / 4;
const FIRST_BLOCK_WORDS = RATE_BYTES / 4;
const ROOT_WORD = field('memoryRoot').offset / 4;
const ROOT_WORDS = HASH_BYTES / 4;
/** Records hashed at once: few enough to stay in the processor's cache. */
const GROUP_RECORDS = 512;
const REST_JOB_WORDS = 3;
const START_JOB_WORDS = 2;

const MESSAGE = [{ word: 0, bytes: HOT_BYTES }];
const FUNCTIONS: readonly BatchFunction[] = [
  {
    name: 'start',
    jobWords: START_JOB_WORDS,
    message: MESSAGE,
    blocks: { first: 0, end: 1 },
    result: { word: 1, kind: 'state' },
  },
  {
    name: 'rest',
    jobWords: REST_JOB_WORDS,
    message: MESSAGE,
    blocks: { first: 1, end: Math.floor(HOT_BYTES / RATE_BYTES) + 1 },
    stateWord: 1,
    result: { word: 2, kind: 'hash' },
  },
];

let code: HasherCode | undefined;

/** Memory roots over consecutive steps: the root in force at the start, and each change. */
export interface RootTimeline {
  /** 32 bytes: the root that holds until the first change. */
  readonly initial: Uint8Array;
  /** Steps after which the root is another, ascending; of equal ones the last counts. */
  readonly steps: readonly number[];
  /** The 32 bytes of the new root, for each of `steps`. */
  readonly roots: readonly Uint8Array[];
}

/** Hashes hot records in batch. */
export class RecordHasher {
  readonly #hasher: Hasher;
  readonly #start: (jobs: number, count: number) => void;
  readonly #rest: (jobs: number, count: number) => void;
  readonly #records: number;
  readonly #states: number;
  readonly #hashes: number;
  /** The memory root in force. */
  readonly #root: number;
  readonly #startJobs: number;
  readonly #restJobs: number;

  constructor() {
    code ??= new HasherCode(FUNCTIONS);
    this.#hasher = new Hasher(code);
    this.#start = this.#hasher.batch('start');
    this.#rest = this.#hasher.batch('rest');
    this.#records = this.#hasher.allocate(HOT_BYTES * GROUP_RECORDS);
    this.#states = this.#hasher.allocate(STATE_BYTES * GROUP_RECORDS);
    this.#hashes = this.#hasher.allocate(HASH_BYTES * GROUP_RECORDS);
    this.#root = this.#hasher.allocate(HASH_BYTES);
    this.#startJobs = this.#hasher.allocate(4 * START_JOB_WORDS * GROUP_RECORDS);
    this.#restJobs = this.#hasher.allocate(4 * REST_JOB_WORDS * GROUP_RECORDS);
  }

  /**
   * The state hashes (32 bytes each) of consecutive hot records of 380 bytes, whose memoryRoot fields are ignored: record
   * i has the root that `roots` says for step i.
   */
  hash(records: Uint8Array, roots: RootTimeline): Uint8Array {
    const count = records.length / HOT_BYTES;
    assert(Number.isInteger(count), () => `${records.length} bytes are not whole records`);
    const hashes = new Uint8Array(HASH_BYTES * count);
    const { bytes, words } = this.#hasher;
    this.#setRoot(roots.initial);
    let change = 0;
    for (let first = 0; first < count; first += GROUP_RECORDS) {
      const size = Math.min(GROUP_RECORDS, count - first);
      bytes.set(records.subarray(HOT_BYTES * first, HOT_BYTES * (first + size)), this.#records);
      for (let i = 0; i < size; i++) {
        while (roots.steps[change] === first + i) this.#setRoot(roots.roots[change++] as Uint8Array);
        const at = this.#records / 4 + HOT_WORDS * i + ROOT_WORD;
        for (let word = 0; word < ROOT_WORDS; word++) words[at + word] = words[this.#root / 4 + word] as number;
      }
      this.#hashGroup(size);
      for (let i = 0; i < size; i++)
        bytes[this.#hashes + HASH_BYTES * i] = bytes[this.#records + HOT_BYTES * i + STATUS_OFFSET] as number;
      hashes.set(bytes.subarray(this.#hashes, this.#hashes + HASH_BYTES * size), HASH_BYTES * first);
    }
    assert(change === roots.steps.length, () => `root change ${change} of ${roots.steps.length} is not in time order`);
    return hashes;
  }

  #setRoot(root: Uint8Array): void {
    assert(root.length === HASH_BYTES, () => `${root.length} bytes are not a root`);
    this.#hasher.bytes.set(root, this.#root);
  }

  /** Hashes the records of a group, whose roots are filled in. */
  #hashGroup(size: number): void {
    const { words } = this.#hasher;
    let starts = 0;
    let startJob = this.#startJobs / 4;
    let restJob = this.#restJobs / 4;
    for (let i = 0; i < size; i++) {
      const record = this.#records + HOT_BYTES * i;
      if (i === 0 || !sameWords(words, record / 4, record / 4 - HOT_WORDS, FIRST_BLOCK_WORDS)) {
        words[startJob++] = record;
        words[startJob++] = this.#states + STATE_BYTES * starts++;
      }
      words[restJob++] = record;
      words[restJob++] = this.#states + STATE_BYTES * (starts - 1);
      words[restJob++] = this.#hashes + HASH_BYTES * i;
    }
    this.#start(this.#startJobs, starts);
    this.#rest(this.#restJobs, size);
  }
}

function sameWords(words: Uint32Array, a: number, b: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (words[a + i] !== words[b + i]) return false;
  return true;
}
