// Which fused sequence a slot begins: a tree of sequences as a hash table in the engine's area, and the function that walks
// it. An inner node of the tree is a beginning of sequences; its edges are variants.

import { assert } from '../invariant.ts';
import type { Machine } from '../machine/machine.ts';
import type { CodeBuilder } from '../wasm/codeBuilder.ts';
import { Load, Op, Store, ValueType } from '../wasm/opcodes.ts';
import { FUSION_CANDIDATES, FUSION_HASH, MAX_IDS, ROW_OF_ID, SLOT_BYTES, VARIANT_OF_ID } from './addresses.ts';
import { checksOf, type Fusion } from './fusion.ts';
import { ISA } from './profile.ts';
import { rowId, VARIANTS } from './variants.ts';

const { i32 } = ValueType;

// An entry of the hash table: u32 node * 2^16 + variant, u16 node that the edge leads to, u16 first candidate.
const ENTRY_BYTES = 8;
const HASH_BITS = 13;
const HASH_MULTIPLIER = 0x9e37_79b1;
const CHILD_OFFSET = 4;
const FIRST_OFFSET = 6;

// A candidate: u16 id, u16 next candidate or 0, then checks of two bytes: offsets, the first plus 128 where the bytes must
// differ; a zero ends them.
const CANDIDATE_BYTES = 64;
const NEXT_OFFSET = 2;
const CHECKS_OFFSET = 4;
const DIFFER = 0x80;

interface Node {
  readonly number: number;
  readonly edges: Map<number, Node>;
  readonly candidates: Fusion[];
}

/** Writes what the decoder looks up into the engine's area: rows and variants of ids, and the sequences. */
export function writeTables(machine: Machine, fusions: readonly Fusion[]): void {
  const { view } = machine;
  for (const row of ISA.rows) view.setUint16(ROW_OF_ID + 2 * rowId(row), ISA.rows.indexOf(row), true);
  const describe = (id: number, variant: { readonly id: number; readonly row: (typeof ISA.rows)[number] }) => {
    assert(id < MAX_IDS, 'ids have 16 bits');
    view.setUint16(ROW_OF_ID + 2 * id, ISA.rows.indexOf(variant.row), true);
    view.setUint16(VARIANT_OF_ID + 2 * id, variant.id, true);
  };
  for (const variant of VARIANTS) describe(variant.id, variant);
  for (const { id, elements } of fusions) if (elements[0]) describe(id, elements[0].variant);
  machine.bytes.fill(0, FUSION_HASH, FUSION_HASH + ENTRY_BYTES * 2 ** HASH_BITS);
  writeSequences(view, fusions);
}

function writeSequences(view: DataView, fusions: readonly Fusion[]): void {
  const nodes: Node[] = [];
  const newNode = (): Node => {
    const node: Node = { number: nodes.length, edges: new Map(), candidates: [] };
    nodes.push(node);
    return node;
  };
  const root = newNode();
  for (const fusion of fusions) {
    let node = root;
    for (const { variant } of fusion.elements) {
      const next = node.edges.get(variant.id) ?? newNode();
      node.edges.set(variant.id, next);
      node = next;
    }
    node.candidates.push(fusion);
  }
  assert(2 * nodes.length < 2 ** HASH_BITS, 'the hash table is at most half full');
  let candidate = 1;
  for (const node of nodes)
    for (const [variant, child] of node.edges) {
      const entry = emptyEntry(view, node.number * MAX_IDS + variant);
      view.setUint16(entry + CHILD_OFFSET, child.number, true);
      view.setUint16(entry + FIRST_OFFSET, child.candidates.length === 0 ? 0 : candidate, true);
      // Exact ones are tried first.
      const candidates = child.candidates.toSorted((a, b) => Number(b.exact) - Number(a.exact));
      for (const [i, fusion] of candidates.entries())
        writeCandidate(view, candidate++, fusion, i === candidates.length - 1);
    }
}

/** The entry for a key that is not in the table yet, its key set. */
function emptyEntry(view: DataView, key: number): number {
  let index = Math.imul(key, HASH_MULTIPLIER) >>> (32 - HASH_BITS);
  while (view.getUint32(FUSION_HASH + ENTRY_BYTES * index, true) !== 0) index = (index + 1) % 2 ** HASH_BITS;
  const entry = FUSION_HASH + ENTRY_BYTES * index;
  view.setUint32(entry, key, true);
  return entry;
}

function writeCandidate(view: DataView, index: number, fusion: Fusion, last: boolean): void {
  const at = FUSION_CANDIDATES + CANDIDATE_BYTES * index;
  const checks = checksOf(fusion);
  assert(CHECKS_OFFSET + 2 * checks.length < CANDIDATE_BYTES, () => `${fusion.name} needs too many checks`);
  view.setUint16(at, fusion.id, true);
  view.setUint16(at + NEXT_OFFSET, last ? 0 : index + 1, true);
  for (const [i, { a, b, equal }] of checks.entries()) {
    view.setUint8(at + CHECKS_OFFSET + 2 * i, a + (equal ? 0 : DIFFER));
    view.setUint8(at + CHECKS_OFFSET + 2 * i + 1, b);
  }
  view.setUint8(at + CHECKS_OFFSET + 2 * checks.length, 0);
}

/** Writes the body of a function (slot) that gives the slot the id of the longest sequence which begins there. */
export function emitFuse(code: CodeBuilder): void {
  const head = 0;
  const [at, node, best] = [code.local(i32), code.local(i32), code.local(i32)];
  const [variant, entry, candidate] = [code.local(i32), code.local(i32), code.local(i32)];
  code.localGet(head).localSet(at);
  const done = code.block();
  const loop = code.loop();
  code.localGet(at).load(Load.i32From16U).i32Const(1).op(Op.i32Shl).load(Load.i32From16U, VARIANT_OF_ID);
  code.localTee(variant).op(Op.i32Eqz).brIf(done);
  emitLookup(code, { node, variant, entry, done });
  code.localGet(entry).load(Load.i32From16U, CHILD_OFFSET).localSet(node);
  code.localGet(entry).load(Load.i32From16U, FIRST_OFFSET).localSet(candidate);
  emitChoose(code, { head, candidate, best });
  // An odd variant has 4 bytes, two slots.
  code.localGet(variant).i32Const(1).op(Op.i32And).i32Const(1).op(Op.i32Add).i32Const(SLOT_BYTES).op(Op.i32Mul);
  code.localGet(at).op(Op.i32Add).localSet(at).br(loop);
  code.end();
  code.end();
  code.localGet(best);
  code.if();
  code.localGet(head).localGet(best).store(Store.i32To16);
  code.end();
}

/** entry := that of (node, variant); leaves to `done` if there is none. */
function emitLookup(
  code: CodeBuilder,
  {
    node,
    variant,
    entry,
    done,
  }: { node: number; variant: number; entry: number; done: ReturnType<CodeBuilder['block']> },
): void {
  const [key, index, found] = [code.local(i32), code.local(i32), code.local(i32)];
  code.localGet(node).i32Const(16).op(Op.i32Shl).localGet(variant).op(Op.i32Or).localTee(key);
  code
    .i32Const(HASH_MULTIPLIER)
    .op(Op.i32Mul)
    .i32Const(32 - HASH_BITS)
    .op(Op.i32ShrU)
    .localSet(index);
  const hit = code.block();
  const probe = code.loop();
  code.localGet(index).i32Const(3).op(Op.i32Shl).i32Const(FUSION_HASH).op(Op.i32Add).localTee(entry);
  code.load(Load.i32).localTee(found).op(Op.i32Eqz).brIf(done);
  code.localGet(found).localGet(key).op(Op.i32Eq).brIf(hit);
  code
    .localGet(index)
    .i32Const(1)
    .op(Op.i32Add)
    .i32Const(2 ** HASH_BITS - 1)
    .op(Op.i32And)
    .localSet(index)
    .br(probe);
  code.end();
  code.end();
}

/** best := the first candidate of the list whose checks hold, if there is one. */
function emitChoose(
  code: CodeBuilder,
  { head, candidate, best }: { head: number; candidate: number; best: number },
): void {
  const [record, check, first] = [code.local(i32), code.local(i32), code.local(i32)];
  const chosen = code.block();
  const next = code.loop();
  code.localGet(candidate).op(Op.i32Eqz).brIf(chosen);
  code.localGet(candidate).i32Const(CANDIDATE_BYTES).op(Op.i32Mul).i32Const(FUSION_CANDIDATES).op(Op.i32Add);
  code.localTee(record).localSet(check);
  const failed = code.block();
  const checks = code.loop();
  code.localGet(check).load(Load.i32From8U, CHECKS_OFFSET).localTee(first);
  code.if();
  code
    .localGet(head)
    .localGet(first)
    .i32Const(DIFFER - 1)
    .op(Op.i32And)
    .op(Op.i32Add)
    .load(Load.i32From8U);
  code
    .localGet(head)
    .localGet(check)
    .load(Load.i32From8U, CHECKS_OFFSET + 1)
    .op(Op.i32Add)
    .load(Load.i32From8U);
  code.op(Op.i32Eq).localGet(first).i32Const(7).op(Op.i32ShrU).op(Op.i32Eq).brIf(failed);
  code.localGet(check).i32Const(2).op(Op.i32Add).localSet(check).br(checks);
  code.end();
  code.end();
  code.localGet(record).load(Load.i32From16U).localSet(best).br(chosen);
  code.end();
  code.localGet(record).load(Load.i32From16U, NEXT_OFFSET).localSet(candidate).br(next);
  code.end();
  code.end();
}
