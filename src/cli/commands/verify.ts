// `omo verify`: checks the proof of one step, off chain and in an EVM.

import { withEmbeddedVerifier } from '../../chain/embeddedVerifier.ts';
import { JsonRpc } from '../../chain/jsonRpc.ts';
import { askVerifier } from '../../chain/remoteVerifier.ts';
import {
  type CheckedProofFile,
  checkProofFile,
  PROOF_FILE_BYTES_MAX,
  type ProofFile,
  readProofFile,
} from '../../dispute/stepProof/proofFile.ts';
import { InputError, UsageError } from '../../errors.ts';
import { type Context, defineCommand } from '../command.ts';
import { readInput } from '../files.ts';
import { flag, type OptionValues, text } from '../options.ts';
import type { Answer } from '../output.ts';
import { describe } from './prove.ts';

const verifyOptions = () => ({
  rpc: text('--rpc <url>', 'ask a verifier on this chain instead of one in an EVM of our own'),
  verifier: text('--verifier <address>', 'the address of that verifier'),
  offChain: flag('--off-chain', 'do not ask an EVM at all'),
});

type VerifyValues = OptionValues<ReturnType<typeof verifyOptions>>;

export const verifyCommand = defineCommand({
  name: 'verify',
  summary: 'check the proof of one step, here and in an EVM',
  description:
    'Checks a proof file from nothing but the file: that the proof opens the state before the step, and that executing ' +
    'the step leads to the state after it. Then has the contract check the same, in an EVM of our own or on a chain. The ' +
    'answer is no (exit code 1) if either rejects the proof.',
  arguments: [['<file>', 'a proof file, as omo prove writes it']],
  options: verifyOptions(),
  examples: [
    ['omo verify proof.json', 'check a proof'],
    ['omo verify proof.json --rpc http://localhost:8545 --verifier 0x...', 'ask the verifier of a chain'],
  ],
  run: async (context, [path], options) => {
    checkOptions(options);
    const file = readProofFile(readInput(path, { what: 'proof', maxBytes: PROOF_FILE_BYTES_MAX }), path);
    try {
      const checked = checkProofFile(file);
      return accepted(context, path, file, checked, await askEvm(context, file, checked, options));
    } catch (error) {
      // Whatever is wrong with the proof itself is the answer no. What is wrong with the file was thrown before.
      if (!(error instanceof InputError)) throw error;
      const { code, message } = error;
      return { json: { ok: false, code, reason: message }, text: `rejected: ${message} (${code})`, exitCode: 1 };
    }
  },
});

function checkOptions({ rpc, verifier, offChain }: VerifyValues): void {
  if ((rpc === undefined) !== (verifier === undefined))
    throw new UsageError('MISSING_OPTION', 'options --rpc and --verifier are needed together');
  if (offChain && rpc !== undefined)
    throw new UsageError('CONFLICTING_OPTION', 'option --off-chain cannot be used with --rpc');
  if (verifier !== undefined && !/^0x[0-9a-f]{40}$/i.test(verifier))
    throw new UsageError('BAD_ADDRESS', `--verifier: expected 0x and 40 digits, found "${verifier.slice(0, 60)}"`);
}

/** What an EVM said; null where none was asked. */
interface EvmAnswer {
  readonly evm: string | null;
  /** Of the transaction that executes the step. */
  readonly gasUsed: bigint | null;
  /** Of the transactions that showed a large preimage to the store before it. */
  readonly preimageGasUsed: bigint | null;
}

async function askEvm(
  { output }: Context,
  file: ProofFile,
  checked: CheckedProofFile,
  options: VerifyValues,
): Promise<EvmAnswer> {
  const { rpc: url, verifier, offChain } = options;
  if (offChain) return { evm: null, gasUsed: null, preimageGasUsed: null };
  if (url !== undefined && verifier !== undefined) {
    const rpc = new JsonRpc(url);
    const { post, gasUsed } = await output.progress.phase(`asking ${verifier} on ${rpc.name}`, () =>
      askVerifier(rpc, verifier, file.pre, file.proof),
    );
    return agreed(file, post, { evm: rpc.name, gasUsed, preimageGasUsed: null });
  }
  return await output.progress.phase('asking an EVM of our own', () =>
    withEmbeddedVerifier(async ({ kind, show, step }) => {
      const offset = checked.verified.before.get('preimageOffset') ?? 0n;
      const shown = file.preimage === undefined ? null : await show(file.preimage, offset);
      const { post, gasUsed } = await step(file.pre, file.proof);
      return agreed(file, post, { evm: kind, gasUsed, preimageGasUsed: shown?.gasUsed ?? null });
    }),
  );
}

function agreed(file: ProofFile, post: string, answer: EvmAnswer): EvmAnswer {
  if (post === file.post) return answer;
  throw new InputError('EVM_DIFFERS', `the verifier in ${answer.evm} computes ${post}, the file says ${file.post}`);
}

function accepted(
  { output }: Context,
  path: string,
  file: ProofFile,
  { mismatches, annotations }: CheckedProofFile,
  evm: EvmAnswer,
): Answer {
  if (mismatches.length > 0)
    output.warn(`${path}: the proof does not bear out its annotations: ${mismatches.join(', ')}`);
  const { step, pre, post, proof } = file;
  const where = evm.evm === null ? 'accepted' : `accepted, by the contract too (${evm.evm}): ${evm.gasUsed} gas`;
  return {
    json: { ok: true, step, pre, post, bytes: proof.length, ...evm, mismatches, ...annotations },
    text: `${describe(step, annotations, file)}\n${where}`,
  };
}
