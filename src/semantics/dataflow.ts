// What a statement takes and changes: for readings that emit a value later than it was recorded.

import { type Program, type Statement, type Value, walk } from './program.ts';

/** Something that a statement may read or change besides the values that it names. */
export type Place = 'x' | 'f' | 'state' | 'memory' | `variable ${number}`;

/** The values that a statement names, without those of statements nested in it. */
export function valuesOf(statement: Statement): readonly Value[] {
  switch (statement.kind) {
    case 'let':
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
      return [statement.register.file];
    case 'readState':
      return ['state'];
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
        places.add(statement.register.file);
        break;
      case 'writeState':
        places.add('state');
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

/** How often each temporary is used, by id; one that is never used is not in it. */
export function countUses(statements: Program['statements']): Map<number, number> {
  const uses = new Map<number, number>();
  for (const statement of walk(statements))
    for (const value of valuesOf(statement))
      if (value.kind === 'temporary') uses.set(value.id, (uses.get(value.id) ?? 0) + 1);
  return uses;
}
