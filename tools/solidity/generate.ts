// Every generated Solidity file, from the machine's tables.

import { ISA, rowProgram, systemCallProgram } from '../../src/engine/profile.ts';
import { ENOSYS_CALL, SYSTEM_CALLS } from '../../src/environment/linux/table.ts';
import { assert } from '../../src/invariant.ts';
import { decodeTrees } from '../../src/isa/decode.ts';
import { FETCH } from '../../src/isa/fetch.ts';
import { fetchFile } from './fetch.ts';
import { frameFile } from './frame.ts';
import { groupFile, systemFile } from './groups.ts';
import { recordFile } from './record.ts';

const FOLDER = 'contracts/step/generated';

/** The files of contracts/step/generated. */
export function solidityFiles(): readonly { readonly path: string; readonly text: string }[] {
  const { halves } = decodeTrees(ISA);
  const systemCall = ISA.rows.find((row) => row.systemCall);
  assert(systemCall !== undefined, 'an instruction set without a system call');
  const files = {
    Frame: frameFile(),
    Record: recordFile(),
    Fetch: fetchFile(FETCH, halves, systemCall),
    Core: groupFile('Core', ISA.rows, rowProgram),
    Float: groupFile('Float', ISA.rows, rowProgram),
    System: systemFile(SYSTEM_CALLS, ENOSYS_CALL, systemCallProgram),
  };
  return Object.entries(files).map(([name, text]) => ({ path: `${FOLDER}/${name}.sol`, text }));
}
