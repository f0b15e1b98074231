// The declaration of a function's locals: equal neighbours are declared together.
import { ByteWriter } from './byteWriter.ts';
import type { ValueType } from './opcodes.ts';

/** The vector of (count, type) runs that opens a function body. */
export function localDeclarations(types: readonly ValueType[]): ByteWriter {
  const runs: [ValueType, number][] = [];
  for (const type of types) {
    const last = runs.at(-1);
    if (last?.[0] === type) last[1]++;
    else runs.push([type, 1]);
  }
  const out = new ByteWriter(8 + 4 * runs.length);
  out.unsigned(runs.length);
  for (const [type, count] of runs) {
    out.unsigned(count);
    out.byte(type);
  }
  return out;
}
