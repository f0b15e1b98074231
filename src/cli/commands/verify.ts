// `omo verify`: checks the proof of one step, off chain and on.

import {
  type CheckedProofFile,
  checkProofFile,
  PROOF_FILE_BYTES_MAX,
  readProofFile,
} from '../../dispute/stepProof/proofFile.ts';
import { InputError } from '../../errors.ts';
import { defineCommand } from '../command.ts';
import { readInput } from '../files.ts';
import { describe } from './prove.ts';

export const verifyCommand = defineCommand({
  name: 'verify',
  summary: 'check the proof of one step',
  description:
    'Checks a proof file from nothing but the file: that the proof opens the state before the step, and that executing ' +
    'the step leads to the state after it. The answer is no (exit code 1) if the proof is rejected.',
  arguments: [['<file>', 'a proof file, as omo prove writes it']],
  options: {},
  examples: [['omo verify proof.json', 'check a proof']],
  run: ({ output }, [path]) => {
    const file = readProofFile(readInput(path, { what: 'proof', maxBytes: PROOF_FILE_BYTES_MAX }), path);
    let checked: CheckedProofFile;
    try {
      checked = checkProofFile(file);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const { code, message } = error;
      return { json: { ok: false, code, reason: message }, text: `rejected: ${message} (${code})`, exitCode: 1 };
    }
    const { mismatches, annotations } = checked;
    if (mismatches.length > 0)
      output.warn(`${path}: the proof does not bear out its annotations: ${mismatches.join(', ')}`);
    const answer = { ok: true, step: file.step, pre: file.pre, post: file.post, bytes: file.proof.length, mismatches };
    return { json: { ...answer, ...annotations }, text: `${describe(file.step, annotations, file)}\naccepted` };
  },
});
