// The forms in which tier 0 knows an instruction: a row with some fields known, each a handler of its own. The decoder
// picks the most special form that a decoded instruction fits; what fits none (a rare row, rd = x0 where that is of no
// use) is left to the exact interpreter, one step at a time.

import { assert } from '../invariant.ts';
import { decodeTrees, expand, findRow } from '../isa/decode.ts';
import { buildRow, type Row } from '../isa/isa.ts';
import type { KnownFields } from '../semantics/builder.ts';
import { variable } from '../semantics/layout.ts';
import { type Program, type Statement, type Value, walk } from '../semantics/program.ts';
import { ISA, rowProgram } from './profile.ts';
import { slotPlaces } from './slotFormat.ts';

/** Slot ids with a meaning of their own; those of rows and variants follow. */
export const SLOT_ID = { empty: 0, nextPage: 1, breakpoint: 2, firstRow: 3 } as const;

/** One form of an instruction. */
export interface Variant {
  /** Id of its slots: even for instructions of 2 bytes, odd for those of 4. */
  readonly id: number;
  /** `addi`, `addi imm=0`, `beq near`, each with its length: `addi/4`. */
  readonly name: string;
  readonly row: Row;
  readonly length: 2 | 4;
  readonly known: KnownFields;
  /** x registers written whose fields must not be 0: there, writes vanish. */
  readonly nonzero: readonly string[];
  /** The field that is added to pc by its jump, if the target is in the instruction's own page. */
  readonly near: string | undefined;
  readonly program: Program;
}

/** Forms that real code uses often enough for a handler of their own: row, and the fields that are known. */
const SPECIAL: readonly (readonly [row: string, known: KnownFields])[] = [
  ['addi', { rd: 0n }],
  ['addi', { imm: 0n }],
  ['addi', { rs1: 0n }],
  ['addiw', { imm: 0n }],
  ['add', { rs1: 0n }],
  ['jal', { rd: 0n }],
  ['jalr', { rd: 0n }],
  ['jalr', { rd: 0n, imm: 0n }],
  ['beq', { rs2: 0n }],
  ['bne', { rs2: 0n }],
  ['blt', { rs2: 0n }],
  ['bge', { rs2: 0n }],
  ['blt', { rs1: 0n }],
  ['bge', { rs1: 0n }],
  ['sltu', { rs1: 0n }],
  ['sltiu', { imm: 1n }],
];

/** Rows that real code hardly executes: without them the fast loop is smaller, and takes V8 less time and memory. */
const RARE = /^(amo(xor|min|max).*|mulhsu|fence\.i|ebreak)$/;

/** Atomics whose result nobody wants. */
function specialForms(row: Row): readonly KnownFields[] {
  const kinds = new Set([...walk(rowProgram(row).statements)].map(({ kind }) => kind));
  const isAtomic = kinds.has('writeMemory') && kinds.has('writeRegister');
  const listed = SPECIAL.filter(([name]) => name === row.name).map(([, known]) => known);
  return isAtomic ? [...listed, { rd: 0n }] : listed;
}

/** Rows that a 16-bit instruction may be rewritten to. */
function compressibleRows(): ReadonlySet<Row> {
  const rows = new Set<Row>();
  // Some fillings of the free bits: one of them is no reserved encoding. A test tries all half-words.
  for (const compressed of ISA.compressed)
    for (const free of [0xffff, 0x5555, 0x3333, 0x0f0f]) {
      const row = findRow(decodeTrees(ISA).words, expand(compressed, compressed.match | (free & ~compressed.mask)));
      if (row) rows.add(row);
    }
  return rows;
}

/** Id of the slots of a row in no special form: the exact interpreter executes it. */
export function rowId(row: Row): number {
  const index = ISA.rows.indexOf(row);
  assert(index >= 0, `${row.name} is no row`);
  return SLOT_ID.firstRow + index;
}

/** First id that is even and above those of rows. */
const FIRST_VARIANT = 2 * Math.ceil((SLOT_ID.firstRow + ISA.rows.length) / 2);

/** The program of a row whose fields `known` and length are known, if the fast loop may execute it. */
function build(row: Row, length: 2 | 4, known: KnownFields): Program | undefined {
  const program = buildRow(row, { ...known, length: BigInt(length) });
  return row.systemCall || RARE.test(row.name) || !isFast(program.statements) ? undefined : program;
}

function makeVariants(): readonly Variant[] {
  const variants: Variant[] = [];
  const compressible = compressibleRows();
  // An id is twice a count, plus one for a length of 4: the decoder and the fuser tell lengths by it.
  let count = FIRST_VARIANT / 2;
  for (const row of ISA.rows) {
    const near = relativeJump(rowProgram(row));
    for (const known of [{}, ...specialForms(row)])
      for (const each of near === undefined ? [undefined] : [undefined, near]) {
        for (const length of compressible.has(row) ? ([2, 4] as const) : ([4] as const)) {
          const program = build(row, length, known);
          if (!program) continue;
          const words = Object.entries(known).map(([field, value]) => ` ${field}=${value}`);
          const name = `${row.name}${words.join('')}${each === undefined ? '' : ' near'}/${length}`;
          const id = 2 * count + (length === 4 ? 1 : 0);
          variants.push({ id, name, row, length, known, nonzero: writtenFields(program), near: each, program });
        }
        count++;
      }
  }
  return variants;
}

/** Fields that number an x register which the program writes. */
function writtenFields(program: Program): string[] {
  const fields = new Set<string>();
  for (const statement of walk(program.statements))
    if (statement.kind === 'writeRegister' && statement.register.file === 'x')
      if (typeof statement.register.number === 'object') fields.add(statement.register.number.field);
  return [...fields];
}

/** The word field that a program's jump adds to pc, if all its jumps are of that kind. */
function relativeJump(program: Program): string | undefined {
  const definitions = new Map<number, Statement>();
  for (const statement of walk(program.statements))
    if ('result' in statement) definitions.set(statement.result.id, statement);
  const targets = [...walk(program.statements)].flatMap((statement) =>
    statement.kind === 'jump' ? [relativeField(statement.target, (id) => definitions.get(id))] : [],
  );
  const [first] = targets;
  return targets.every((field) => field === first) ? first : undefined;
}

/** The field F, if `target` is pc + F. */
export function relativeField(
  target: Value,
  definition: (temporary: number) => Statement | undefined,
): string | undefined {
  const sum = target.kind === 'temporary' ? definition(target.id) : undefined;
  if (sum?.kind !== 'let' || sum.operator !== 'add') return undefined;
  const [base, offset] = sum.args;
  const pc = base?.kind === 'temporary' ? definition(base.id) : undefined;
  if (pc?.kind !== 'readState' || pc.name !== 'pc' || offset?.kind !== 'field') return undefined;
  return offset.name;
}

/**
 * Whether the fast loop may execute the statements: it leaves before an instruction that traps or whose store is not
 * plain, and lets the exact interpreter do it; so nothing may have taken effect before. It knows neither step nor status.
 */
function isFast(statements: readonly Statement[], effectBefore = false): boolean {
  let effect = effectBefore;
  for (const statement of statements)
    switch (statement.kind) {
      case 'let':
        if (statement.result.width === 128 && /^(div|rem)/.test(statement.operator)) return false;
        break;
      case 'declare':
      case 'assign':
      case 'readVariable':
      case 'readMemory':
      case 'jump':
        break;
      case 'readState':
      case 'writeState': {
        if (!FAST_STATE.includes(statement.name)) return false;
        if (statement.kind === 'writeState') effect = true;
        break;
      }
      case 'readRegister':
        if (statement.register.file !== 'x') return false;
        break;
      case 'writeRegister':
        if (statement.register.file !== 'x') return false;
        effect = true;
        break;
      case 'writeMemory':
      case 'trap':
        if (effect) return false;
        effect = true;
        break;
      case 'when':
        if (!isFast(statement.consequence, effect) || !isFast(statement.alternative, effect)) return false;
        effect ||= [...walk([statement])].some(({ kind }) => kind.startsWith('write'));
        break;
      default:
        return false;
    }
  return true;
}

/** State variables that the fast loop keeps in memory as they are; pc it derives. */
const FAST_STATE: readonly string[] = ['pc', 'reservationAddress', 'reservationWidth'].map(
  (name) => variable(name).name,
);

/** Every variant, by ascending id. */
export const VARIANTS: readonly Variant[] = makeVariants();

/** First id of fused slots. */
export const FIRST_FUSED = Math.max(...VARIANTS.map(({ id }) => id)) + 1;

const BY_ID = new Map(VARIANTS.map((variant) => [variant.id, variant]));

/** The variant of an id, if it is one. */
export function variantOfId(id: number): Variant | undefined {
  return BY_ID.get(id);
}

const BY_NAME = new Map(VARIANTS.map((variant) => [variant.name, variant]));

/** The variant of this name, if there is one. */
export function variantNamed(name: string): Variant | undefined {
  return BY_NAME.get(name);
}

/** The variants of a row, most special first: of those that an instruction fits, the first is its own. */
export function variantsOf(row: Row): readonly Variant[] {
  const weight = ({ known, near }: Variant) => 2 * Object.keys(known).length + (near === undefined ? 0 : 1);
  return VARIANTS.filter((variant) => variant.row === row).sort((a, b) => weight(b) - weight(a));
}

for (const { row } of VARIANTS) slotPlaces(row.format);
