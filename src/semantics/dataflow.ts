// What a statement takes and changes: for readings that emit a value later than it was recorded.

import { type Register, type Statement, type Value, walk } from './program.ts';

/**
 * Something that a statement may read or change besides the values that it names: one register, or any of a file (one that
 * a field numbers), one state variable, or any, a local, memory.
 */
export type Place =
  | Register['file']
  | `${Register['file']}${number}`
  | 'state'
  | `state ${string}`
  | `variable ${number}`
  | 'memory';

/** Whether a change of one place may be a change of the other. */
export function overlap(a: Place, b: Place): boolean {
  return a === b || isAnyOf(a, b) || isAnyOf(b, a);
}

/** Whether `whole` stands for any of a kind of which `one` is. */
function isAnyOf(whole: Place, one: Place): boolean {
  return (whole === 'x' || whole === 'f' || whole === 'state') && one.startsWith(whole);
}

/** Whether a change of one of `changed` may be a change of one of `read`. */
export function overlaps(changed: ReadonlySet<Place>, read: ReadonlySet<Place>): boolean {
  return [...changed].some((a) => [...read].some((b) => overlap(a, b)));
}

function registerPlace({ file, number }: Register): Place {
  return typeof number === 'number' ? `${file}${number}` : file;
}

/** The values that a statement names, without those of statements nested in it. */
export function valuesOf(statement: Statement): readonly Value[] {
  switch (statement.kind) {
    case 'let':
    case 'call':
      return statement.args;
    case 'declare':
    case 'assign':
    case 'writeRegister':
    case 'writeState':
      return [statement.value];
    case 'readMemory':
      return [statement.address];
    case 'writeMemory':
      return [statement.address, statement.value];
    case 'zeroPages':
      return [statement.address, statement.log2Pages];
    case 'copyPreimage':
      return [statement.address, statement.offset, statement.count];
    case 'emit':
      return [statement.channel, statement.address, statement.length];
    case 'pushThread':
    case 'popThread':
      return [statement.right];
    case 'when':
      return [statement.condition];
    case 'execute':
      return [statement.word, statement.length];
    case 'jump':
      return [statement.target];
    case 'halt':
      return [statement.status];
    default:
      return [];
  }
}

/** The places that a statement which gives a value reads. */
export function readsOf(statement: Statement): readonly Place[] {
  switch (statement.kind) {
    case 'readRegister':
      return [registerPlace(statement.register)];
    case 'readState':
      return [`state ${statement.name}`];
    case 'readMemory':
      return ['memory'];
    case 'readVariable':
      return [`variable ${statement.variable.id}`];
    default:
      return [];
  }
}

/** The places that statements change, those nested in them included. */
export function writesOf(statements: readonly Statement[]): ReadonlySet<Place> {
  const places = new Set<Place>();
  for (const statement of walk(statements))
    switch (statement.kind) {
      case 'declare':
      case 'assign':
        places.add(`variable ${statement.variable.id}`);
        break;
      case 'writeRegister':
        places.add(registerPlace(statement.register));
        break;
      case 'writeState':
        places.add(`state ${statement.name}`);
        break;
      case 'pushThread':
        places.add('state');
        break;
      case 'popThread':
        for (const place of ['x', 'f', 'state'] as const) places.add(place);
        break;
      case 'writeMemory':
      case 'zeroPages':
      case 'copyPreimage':
        places.add('memory');
        break;
      default:
    }
  return places;
}

/** The temporaries that statements name, nested ones included, once for each time. */
export function* usedIn(statements: readonly Statement[]): Generator<number> {
  for (const statement of walk(statements))
    for (const value of valuesOf(statement)) if (value.kind === 'temporary') yield value.id;
}

/** How often each temporary is used, by id; one that is never used is not in it. `results` are used at the end. */
export function countUses(statements: readonly Statement[], results: readonly Value[] = []): Map<number, number> {
  const uses = new Map<number, number>();
  const count = (id: number): void => void uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const id of usedIn(statements)) count(id);
  for (const result of results) if (result.kind === 'temporary') count(result.id);
  return uses;
}

/** Whether the statements may read an x register after they wrote one; a loop comes round again. */
export function readsAfterWrite(statements: readonly Statement[]): boolean {
  let written = false;
  for (const statement of walk(statements)) {
    if (statement.kind === 'readRegister' && written) return true;
    if (statement.kind === 'repeat' && [...walk(statement.body)].some(({ kind }) => kind === 'writeRegister'))
      written = true;
    if (statement.kind === 'writeRegister') written = true;
  }
  return false;
}
