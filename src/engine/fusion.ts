// Fused instructions: a handler that executes several instructions which follow each other, made from the same programs as
// the handlers of one. It saves dispatches, and where one instruction takes the result of another, a way through memory.
// Which sequences are worth it is measured (fusions.ts); that a fused slot does exactly what its parts do is not a matter
// of the table: any sequence of variants may be in it.

import { assert } from '../invariant.ts';
import { SLOT_BYTES } from './addresses.ts';
import { slotPlaces } from './slotFormat.ts';
import { FIRST_FUSED, type Variant, variantNamed } from './variants.ts';

/** Most instructions in a fused slot. */
export const FUSED_MAX = 4;

/** Register fields of an instruction, each with the position of the earlier instruction whose result register it is. */
export type Links = Readonly<Record<string, number>>;

/** One instruction of a sequence. */
export interface Element {
  readonly variant: Variant;
  /** Offset of its slot from the first, in bytes. */
  readonly offset: number;
  readonly links: Links;
}

/** A sequence with a handler of its own. */
export interface Fusion {
  readonly id: number;
  readonly name: string;
  readonly elements: readonly Element[];
  /**
   * The links say of every pair of registers whether they are the same. Otherwise nothing is known of them, and values go
   * through the registers.
   */
  readonly exact: boolean;
}

/** The x register that a variant writes, as the offset of its byte in the slot. */
export function resultOffset({ row, nonzero }: Variant): number | undefined {
  const [field] = nonzero;
  assert(nonzero.length <= 1, `${row.name} writes several registers`);
  return field === undefined ? undefined : slotPlaces(row.format).get(field)?.offset;
}

/** Register fields of file x that a variant leaves open, with the offsets of their bytes in a slot. */
export function registerOffsets({ row, known }: Variant): readonly (readonly [field: string, offset: number])[] {
  return [...slotPlaces(row.format)].flatMap(([name, { offset, kind }]) => {
    const field = row.format.fields[name];
    const isX = kind === 'register' && field?.kind === 'register' && field.file === 'x';
    return isX && !(name in known) ? [[name, offset] as const] : [];
  });
}

/** `lui/4 + addi/4 (rs1:0, rd:0)`: any registers without a list of links. */
function parse(name: string, id: number): Fusion {
  const parts = name.split(' + ').map((part) => /^(.*?\/[24])(?: \((.*)\))?$/.exec(part));
  let offset = 0;
  const elements = parts.map((part) => {
    const variant = variantNamed(part?.[1] ?? '');
    assert(variant !== undefined, () => `fusion '${name}' names a variant that is not there`);
    const links: Record<string, number> = {};
    for (const link of part?.[2]?.split(', ').filter((each) => each !== '') ?? []) {
      const [field = '', source = ''] = link.split(':');
      links[field] = Number(source);
    }
    const element: Element = { variant, offset, links };
    offset += (SLOT_BYTES * variant.length) / 2;
    return element;
  });
  assert(elements.length >= 2 && elements.length <= FUSED_MAX, () => `fusion '${name}' has ${elements.length} parts`);
  return { id, name, elements, exact: parts.some((part) => part?.[2] !== undefined) };
}

/** The sequences of a table, written as above. */
export function parseFusions(names: readonly string[]): readonly Fusion[] {
  return names.map((name, i) => parse(name, FIRST_FUSED + i));
}

/** A condition on a sequence: two bytes of its slots, by their offsets from the first, are equal, or are not. */
export interface Check {
  readonly a: number;
  readonly b: number;
  readonly equal: boolean;
}

/** What must hold for the registers of a sequence that a fusion is to execute. */
export function checksOf({ elements, exact }: Fusion): readonly Check[] {
  if (!exact) return [];
  return elements.flatMap(({ variant, offset, links }, j) =>
    registerOffsets(variant).flatMap(([field, place]) =>
      elements.slice(0, j).flatMap((source, i): Check[] => {
        const result = resultOffset(source.variant);
        if (result === undefined) return [];
        return [{ a: source.offset + result, b: offset + place, equal: isResultOf(elements, links[field], i) }];
      }),
    ),
  );
}

/** Whether the register that instruction `latest` writes is the one that instruction `i`, not after it, writes. */
function isResultOf(elements: readonly Element[], latest: number | undefined, i: number): boolean {
  let source = latest;
  while (source !== undefined && source > i) {
    const { variant, links }: Element = elements[source] as Element;
    source = links[variant.nonzero[0] ?? ''];
  }
  return source === i;
}
