// Proof files of single steps, made without running up to them.
import { MemoryTree } from '../../../src/commitment/memoryTree.ts';
import { makeStepProof } from '../../../src/dispute/stepProof/make.ts';
import { writeProofFile } from '../../../src/dispute/stepProof/proofFile.ts';
import { createHost } from '../../../src/environment/host.ts';
import { makeInputs } from '../../../src/environment/inputs.ts';
import { keyOf } from '../../../src/environment/preimageKey.ts';
import { loadProgram } from '../../../src/machine/program.ts';
import { asStep } from '../../../src/units.ts';
import { buildElf } from '../../machine/elfBuilder.ts';

const inputs = makeInputs();

/** The file of step 0 of a program of these instructions at 0x10000; `preimage` is ready to be read into 0x10100. */
export function fileOf(words: readonly number[], preimage?: Uint8Array) {
  const data = Buffer.alloc(0x200);
  words.forEach((word, i) => {
    data.writeUInt32LE(word, 4 * i);
  });
  const { machine } = loadProgram(buildElf({ segments: [{ vaddr: 0x10000n, data, flags: 7 }] }));
  if (preimage !== undefined) {
    machine.setBytes('preimageKey', keyOf(preimage));
    for (const [register, value] of [
      [17, 63n],
      [10, 5n],
      [11, 0x10100n],
      [12, 16n],
    ] as const)
      machine.setX(register, value);
  }
  const host = createHost({ inputs, sources: [{ name: 'test', preimage: () => preimage }] });
  const made = makeStepProof(machine, new MemoryTree(), host, inputs);
  return { ...writeProofFile(made, asStep(0n), '_start'), made };
}
