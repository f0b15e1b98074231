// Threads that run, wait and wake one another, at random, against a model that has no stacks, records or steps that look
// again: a line of threads, each with what it waits for. The model says whose turn it is, what every call returns and what
// time it is. Beside it, what must hold whatever the order: nobody sleeps too short, time skips only while all wait,
// a deadlock is one, and none that may run waits for more than two turns of each other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../commitment/random.ts';
import { Guest } from './guest.ts';

const BASE = 1_704_067_200n * 10n ** 9n;
const TURN = 1_000_000n;
const NEVER = 2n ** 64n - 1n;
const [AGAIN, TIMEDOUT] = [-11n, -110n];
const FLAGS = 0x3d_0f00;
/** A word that futexes look at, and one that each thread clears when it ends. */
const WORD = 0x20_0000;
const TIDS = 0x30_0000;
const TIMESPEC = 0x10_0000;
const EVENT = 0x10_0040;
const [EVENT_FD, EPOLL_FD] = [8, 9];

type Wait = 'futex' | 'sleep' | 'poll' | 'read' | 'epoll';

interface Thread {
  readonly id: number;
  waits: { readonly kind: Wait; readonly deadline: bigint; woken: boolean } | undefined;
  /** What the call in the registers will return; undefined between calls. */
  expected: bigint | undefined;
}

/** The line of threads, and the rules of design, over the model's own notion of them. */
class Model {
  readonly line: Thread[] = [{ id: 1, waits: undefined, expected: undefined }];
  at = 0;
  right = false;
  step = 0n;
  skipped = 0n;
  turnEnd = NEVER;
  counter = 0n;
  nextId = 2;
  /** Threads met in vain since one ran, and how often. */
  met = 0;
  deadlock = false;

  get current(): Thread {
    return this.line[this.at] as Thread;
  }

  /** Time at the beginning of this step. */
  get now(): bigint {
    return BASE + this.step + this.skipped;
  }

  mayRun({ waits }: Thread): boolean {
    return !waits || waits.woken || waits.deadline <= this.now;
  }

  wake(): void {
    for (const { waits } of this.line) if (waits) waits.woken = true;
  }

  /** A thread switch: to the neighbour, on to the end of the line and back; or a skip, once everybody was met in vain. */
  switch(): void {
    if (this.met > 2 * (this.line.length - 1)) {
      assert(!this.line.some(({ waits }) => !waits || waits.woken), 'time skips only while all wait');
      const least = this.line.map(({ waits }) => waits?.deadline ?? 0n).reduce((a, b) => (a < b ? a : b));
      this.deadlock = least === NEVER;
      if (this.deadlock) return;
      // A deadline may have passed since its thread was met.
      if (least > this.now) this.skipped += least - this.now;
      this.met = 0;
    } else if (this.line.length > 1) this.move();
    if (this.mayRun(this.current)) {
      this.met = 0;
      this.turnEnd = this.line.length === 1 ? NEVER : this.step + 1n + TURN;
    } else {
      this.met++;
      this.turnEnd = this.step + 1n;
    }
  }

  move(): void {
    this.turn();
    this.at += this.right ? 1 : -1;
  }

  /** At the end of the line, turns go back. */
  turn(): void {
    if (this.at + (this.right ? 1 : -1) < 0 || this.at + (this.right ? 1 : -1) >= this.line.length)
      this.right = !this.right;
  }

  clone(): void {
    this.turn();
    this.current.expected = BigInt(this.nextId);
    // The new thread stands before its parent, in the direction of turns, and runs.
    const child: Thread = { id: this.nextId++, waits: undefined, expected: 0n };
    if (this.right) this.at++;
    this.line.splice(this.at, 0, child);
    this.turnEnd = this.step + 1n + TURN;
  }

  exit(): void {
    const [behind, ahead] = this.right ? [this.at - 1, this.at + 1] : [this.at + 1, this.at - 1];
    const next = this.line[ahead] ?? this.line[behind];
    this.line.splice(this.at, 1);
    this.at = this.line.indexOf(next as Thread);
    this.wake();
    this.turnEnd = this.line.length === 1 ? NEVER : this.step + 1n + TURN;
  }
}

/** A guest and the model, side by side. */
class World {
  readonly guest = new Guest();
  readonly model = new Model();
  readonly random: Random;
  /** Switches after which a thread that may run must have had its turn, by its id. */
  readonly patience = new Map<number, number>();
  readonly seen = new Map<string, number>();

  constructor(random: Random) {
    this.random = random;
    this.guest.call('eventfd2', 0, 0);
    this.guest.call('epoll_create1', 0);
    this.guest.setWord(EVENT, 1, 4);
    this.guest.setWord(EVENT + 8, 99);
    this.guest.call('epoll_ctl', EPOLL_FD, 1, EVENT_FD, EVENT);
    this.guest.setWord(WORD, 7, 4);
    this.model.step = this.guest.state.get('step') ?? 0n;
    this.mark();
  }

  /** Registers that only the current thread has. */
  mark(): void {
    const { x } = this.guest;
    for (const i of [1, 2, 3, 5, 8, 9, 18, 27, 31]) x[i] = BigInt(this.model.current.id * 100 + i);
  }

  checkMark(): void {
    for (const i of [1, 3, 5, 8, 9, 18, 27, 31])
      assert.equal(this.guest.x[i], BigInt(this.model.current.id * 100 + i), `x${i} is another thread's`);
  }

  note(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  /** One step of both. */
  step(): void {
    const { guest, model } = this;
    if (guest.switches) this.switch();
    else if (model.current.waits) this.resume();
    else this.call();
    model.step++;
    assert.equal(guest.state.get('step'), model.step);
    assert.equal(guest.state.get('skippedNanoseconds') ?? 0n, model.skipped, 'time');
    if (model.deadlock) return;
    assert.equal(guest.state.get('threadId'), BigInt(model.current.id), 'whose turn it is');
    assert.equal(guest.state.get('preemptStep'), model.turnEnd, 'the end of the turn');
  }

  switch(): void {
    const { guest, model } = this;
    const skipped = model.skipped;
    model.switch();
    const outcome = guest.step();
    assert.deepEqual(outcome.kind === 'trap' ? outcome.reason : '', model.deadlock ? 'deadlock' : '');
    this.note(model.deadlock ? 'deadlock' : model.skipped > skipped ? 'skip' : model.met > 0 ? 'in vain' : 'switch');
    if (model.deadlock) return;
    this.checkMark();
    for (const thread of model.line)
      if (thread === model.current || !model.mayRun(thread)) this.patience.delete(thread.id);
      else {
        const left = (this.patience.get(thread.id) ?? 2 * model.line.length) - 1;
        assert(left >= 0, `thread ${thread.id} may run and does not get its turn`);
        this.patience.set(thread.id, left);
      }
  }

  /** The thread executes again the call in which it waited. */
  resume(): void {
    const { guest, model } = this;
    const thread = model.current;
    const waits = thread.waits as NonNullable<Thread['waits']>;
    const result = this.resultOf(waits, model);
    const pc = guest.state.get('pc') ?? 0n;
    assert.deepEqual(guest.step(), { kind: 'jump', target: result === undefined ? pc : pc + 4n }, waits.kind);
    if (result === undefined) {
      this.note(`${waits.kind} waits on`);
      waits.woken = false;
      model.turnEnd = model.step + 1n;
      return;
    }
    this.note(`${waits.kind} ${result === TIMEDOUT ? 'timed out' : 'done'}`);
    assert.equal(guest.x[10], BigInt.asUintN(64, result), waits.kind);
    assert(waits.kind !== 'sleep' || model.now >= waits.deadline, 'no sleep is too short');
    assert(result !== TIMEDOUT || model.now >= waits.deadline, 'no time limit comes early');
    thread.waits = undefined;
  }

  /** What a call that has waited returns now; undefined if it goes on waiting. */
  resultOf({ kind, deadline, woken }: NonNullable<Thread['waits']>, model: Model): bigint | undefined {
    const over = deadline <= model.now;
    if (kind === 'futex') return woken ? 0n : TIMEDOUT;
    if (kind === 'read' && model.counter > 0n) {
      model.counter = 0n;
      return 8n;
    }
    if (kind === 'epoll' && model.counter > 0n) return 1n;
    return over ? 0n : undefined;
  }

  call(): void {
    const { guest, model, random } = this;
    this.finish();
    const many = model.line.length;
    const kinds = ['work', 'work', 'yield', 'wait', 'wait', 'wait', 'wake'];
    if (many < 9) kinds.push('clone');
    if (many > 1) kinds.push('exit', 'time');
    const kind = random.pick(kinds);
    this.note(kind);
    if (kind === 'work') {
      guest.prepare('gettid');
      this.expect(BigInt(model.current.id));
    } else if (kind === 'time') {
      // The turn is over early, as if many steps had gone by.
      model.turnEnd = model.step + 1n;
      guest.state.set('preemptStep', model.turnEnd);
      guest.prepare('gettid');
      this.expect(BigInt(model.current.id));
    } else if (kind === 'yield') {
      guest.prepare('sched_yield');
      model.turnEnd = model.step + 1n;
      this.expect(0n);
    } else if (kind === 'wake') this.wake();
    else if (kind === 'wait') this.wait();
    else if (kind === 'clone') this.clone();
    else this.exit();
  }

  /** The thread is past a call: its result must be in x10. Then its registers are its own again. */
  finish(): void {
    const { guest, model } = this;
    if (model.current.expected !== undefined) assert.equal(guest.x[10], BigInt.asUintN(64, model.current.expected));
    model.current.expected = undefined;
    this.mark();
  }

  /** Executes the call in the registers, which ends at once and gives `result`. */
  expect(result: bigint): void {
    const pc = this.guest.state.get('pc') ?? 0n;
    assert.deepEqual(this.guest.step(), { kind: 'jump', target: pc + 4n });
    this.model.current.expected = result;
  }

  wake(): void {
    const { guest, model, random } = this;
    if (random.below(2) === 0) {
      guest.prepare('futex', [WORD, random.pick([1, 10, 3]) | 128, 1, 0, 0, 1]);
      this.expect(0n);
    } else {
      guest.setWord(EVENT + 16, 2);
      guest.prepare('write', [EVENT_FD, EVENT + 16, 8]);
      model.counter += 2n;
      this.expect(8n);
    }
    model.wake();
  }

  wait(): void {
    const { guest, model, random } = this;
    const kind = random.pick(['futex', 'sleep', 'poll', 'read', 'epoll'] as const);
    const forever = kind === 'read' || (kind !== 'sleep' && random.below(4) === 0);
    const length = BigInt(1 + random.below(random.pick([3, 30, 1000]))) * (kind === 'epoll' ? 1_000_000n : 1n);
    guest.setWord(TIMESPEC, 0);
    guest.setWord(TIMESPEC + 8, length);
    const pointer = forever ? 0 : TIMESPEC;
    const expected = random.below(8) === 0 ? 6 : 7;
    const calls: Readonly<Record<Wait, readonly [name: string, args: readonly (number | bigint)[]]>> = {
      futex: ['futex', [WORD, 128, expected, pointer]],
      sleep: ['nanosleep', [TIMESPEC, 0]],
      poll: ['ppoll', [0, 0, pointer]],
      read: ['read', [EVENT_FD, EVENT + 16, 8]],
      epoll: ['epoll_pwait', [EPOLL_FD, EVENT, 1, forever ? -1 : length / 1_000_000n]],
    };
    guest.prepare(...calls[kind]);
    const counted = model.counter > 0n;
    const atOnce: Readonly<Record<Wait, bigint | false>> = {
      futex: expected === 6 && AGAIN,
      read: counted && 8n,
      epoll: counted && 1n,
      sleep: false,
      poll: false,
    };
    const result = atOnce[kind];
    if (kind === 'read') model.counter = 0n;
    if (result !== false) {
      this.expect(result);
      return;
    }
    const pc = guest.state.get('pc') ?? 0n;
    assert.deepEqual(guest.step(), { kind: 'jump', target: pc }, `${kind} waits on its ecall`);
    model.current.waits = { kind, deadline: forever ? NEVER : model.now + length, woken: false };
    model.turnEnd = model.step + 1n;
  }

  clone(): void {
    const { guest, model } = this;
    const id = model.nextId;
    guest.prepare('clone', [FLAGS, 5000 + id, TIDS, 0, TIDS + 4 * id]);
    const pc = guest.state.get('pc') ?? 0n;
    assert.deepEqual(guest.step(), { kind: 'jump', target: pc + 4n });
    model.clone();
    for (const [waiting, left] of this.patience) this.patience.set(waiting, left + 2);
    assert.equal(guest.x[2], BigInt(5000 + id));
    this.finish();
    guest.setWord(TIDS + 4 * id, 1, 4);
  }

  exit(): void {
    const { guest, model } = this;
    const { id } = model.current;
    guest.prepare('exit', [3]);
    assert.equal(guest.step().kind, 'jump');
    model.exit();
    for (const waiting of [id, model.current.id]) this.patience.delete(waiting);
    assert.equal(guest.word(TIDS + 4 * id, 4), 0n, 'the word of a thread that ended');
  }
}

test('threads at random, against the model', () => {
  const random = new Random('threads');
  const seen = new Map<string, number>();
  for (let run = 0; run < 300; run++) {
    const world = new World(random);
    for (let i = 0; i < 600 && !world.model.deadlock; i++) world.step();
    for (const [what, count] of world.seen) seen.set(what, (seen.get(what) ?? 0) + count);
  }
  const kinds = [
    'deadlock',
    'skip',
    'in vain',
    'switch',
    'futex done',
    'futex timed out',
    'sleep done',
    'sleep waits on',
  ];
  for (const kind of [...kinds, 'poll done', 'read done', 'read waits on', 'epoll done', 'epoll waits on'])
    assert((seen.get(kind) ?? 0) > 0, `${kind} has not happened: ${[...seen].join(' ')}`);
});

test('while everybody waits, every thread is met before time skips, however they stand', () => {
  for (let count = 1; count <= 7; count++)
    for (let asleep = 0; asleep < count; asleep++) {
      const guest = new Guest();
      guest.setWord(WORD, 7, 4);
      for (let i = 1; i < count; i++) {
        guest.prepare('clone', [FLAGS, 0, 0, 0, 0]);
        guest.step();
      }
      // Thread `asleep` sleeps for 1 s, the others wait for ever.
      const began = BASE + (guest.state.get('step') ?? 0n);
      let sleeping = false;
      for (let waiting = 0; waiting < count; ) {
        if (!guest.switches) {
          const sleeps = guest.state.get('threadId') === BigInt(asleep + 1);
          guest.setWord(TIMESPEC, 1);
          guest.setWord(TIMESPEC + 8, 0);
          if (sleeps) guest.prepare('nanosleep', [TIMESPEC]);
          else guest.prepare('futex', [WORD, 0, 7, 0]);
          sleeping ||= sleeps;
          waiting++;
        }
        guest.step();
      }
      assert(sleeping);
      let steps = 0;
      while (guest.switches) {
        guest.step();
        assert(++steps <= 4 * count + 1, `${count} threads: no thread runs`);
      }
      assert.equal(guest.state.get('threadId'), BigInt(asleep + 1));
      const now = BASE + (guest.state.get('step') ?? 0n) + (guest.state.get('skippedNanoseconds') ?? 0n);
      assert(now >= began + 10n ** 9n && now < began + 10n ** 9n + 100n, `${now - began}`);
    }
});

test('nobody can ever run: deadlock, with all as it was', () => {
  for (let count = 1; count <= 5; count++) {
    const guest = new Guest();
    guest.setWord(WORD, 7, 4);
    for (let i = 1; i < count; i++) {
      guest.prepare('clone', [FLAGS, 0, 0, 0, 0]);
      guest.step();
    }
    for (let steps = 0; ; steps++) {
      assert(steps < 50, 'no deadlock is found');
      if (!guest.switches) guest.prepare('futex', [WORD, 0, 7, 0]);
      const outcome = guest.step();
      if (outcome.kind !== 'trap') continue;
      assert.equal(outcome.reason, 'deadlock');
      break;
    }
  }
});
