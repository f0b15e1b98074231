// The dispute of the demo, act by act: each function does one thing and says what came of it; commands/demo.ts tells it.

import { contract } from '../../chain/contracts.ts';
import { type EmbeddedStep, withEmbeddedVerifier } from '../../chain/embeddedVerifier.ts';
import { firstDifference } from '../../commitment/history.ts';
import { MemoryTree } from '../../commitment/memoryTree.ts';
import { type MadeStepProof, makeStepProof } from '../../dispute/stepProof/make.ts';
import { type Annotations, writeProofFile } from '../../dispute/stepProof/proofFile.ts';
import { InputError, UsageError } from '../../errors.ts';
import { assert, InvariantError } from '../../invariant.ts';
import type { Store } from '../../store/store.ts';
import { type Difference, diff } from '../../trace/diff.ts';
import { engineSource } from '../../trace/engineMachine.ts';
import { machineAt } from '../../trace/tracer.ts';
import { storedTrace } from '../../trace/traceView.ts';
import { asStep, asWindowIndex, type Step } from '../../units.ts';
import { execute } from '../execute.ts';
import { type Guest, guestValues, openGuest, symbolName } from '../guest.ts';
import type { Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';
import { type Committed, commit, commitWindow, subjectOf } from '../tracing.ts';
import { bend, type Disagreement, disagreements } from './views.ts';

/** Opens the program of an invocation, its output dropped. */
export function openInvocation({ elf, args, options }: Invocation): Guest {
  return openGuest(elf, args, guestValues(options));
}

/**
 * Both parties' traces in one store: the honest one, and one that lies at a step. Throws a UsageError (`BAD_FAULT`) for a
 * step that is never executed.
 */
export async function traceBoth(output: Output, store: Store, invocation: Invocation, fault: Step | undefined) {
  const guest = openInvocation(invocation);
  const honest = await commit(output, store, guest, subjectOf(guest, invocation, ''));
  if (fault !== undefined && fault >= honest.steps)
    throw new UsageError('BAD_FAULT', `--fault: the program executes steps 0 to ${honest.steps - 1n}, found ${fault}`);
  // Somewhere past the middle, where a lie is hard to see and has time to spread.
  const lie = fault ?? asStep((honest.steps * 5n) / 8n);
  const liar = await commit(output, store, guest, subjectOf(guest, invocation, `${lie}`));
  return { honest, liar, lie };
}

/** Where the two part: searched in the sparse histories, then in the dense ones of that window. */
export async function search(
  output: Output,
  store: Store,
  invocation: Invocation,
  honest: Committed,
  liar: Committed,
): Promise<Difference> {
  const guest = openInvocation(invocation);
  const window = firstDifference(honest.history, liar.history);
  assert(window !== undefined, 'a liar keeps his lie to the end of its window');
  for (const { run } of [honest, liar]) await commitWindow(output, store, guest, run, asWindowIndex(window));
  const difference = diff(storedTrace(store, honest.run), storedTrace(store, liar.run));
  assert(difference !== undefined, 'two histories that differ have a first difference');
  return difference;
}

/** What each side says that the machine holds after the step, where they differ. */
export function explain(
  store: Store,
  invocation: Invocation,
  { honest, liar }: { readonly honest: Committed; readonly liar: Committed },
  step: Step,
): readonly Disagreement[] {
  const guest = openInvocation(invocation);
  const source = engineSource(guest.machine, guest.host);
  const after = asStep(step + 1n);
  const [ours, theirs] = [honest, liar].map(({ run }) => machineAt(store, run, source, after).registers());
  return disagreements(ours ?? new Uint8Array(), theirs ?? new Uint8Array());
}

/** A proof with what it says. */
export interface ProvenStep extends MadeStepProof {
  readonly annotations: Annotations;
  /** The proof file. */
  readonly text: string;
}

/** The proof of a step, by executing the program up to it. */
export async function prove(output: Output, invocation: Invocation, step: Step): Promise<ProvenStep> {
  const guest = openInvocation(invocation);
  return await output.progress.phase(`proving step ${step}`, async (update) => {
    await execute(guest, step, update);
    const symbol = symbolName(guest.program, Number(guest.machine.get('pc')));
    const made = makeStepProof(guest.machine, new MemoryTree(), guest.host, guest.inputs);
    return { ...made, ...writeProofFile(made, step, symbol) };
  });
}

/** How the contract decides. */
export interface Settlement extends EmbeddedStep {
  /** Which EVM: `anvil` or `hardhat`. */
  readonly kind: string;
  readonly verifier: string;
  /** What the contract says to a proof that was bent towards the liar's story. */
  readonly refusal: string;
  /** Transactions sent: the deployments and the step. */
  readonly transactions: number;
}

/** Asks the contract on an L1 of our own: first with the proof, then with a bent one, which it must refuse. */
export async function settle(output: Output, { pre, proof }: ProvenStep): Promise<Settlement> {
  // Slow, but only the first time: the result is kept.
  await output.progress.phase('compiling the contracts', () => contract('StepVerifier'));
  return await output.progress.phase('asking the contract', () =>
    withEmbeddedVerifier(async ({ kind, addresses, step }) => {
      const answer = await step(pre, proof);
      const refusal = await refusalOf(() => step(pre, bend(proof)));
      return { ...answer, kind, verifier: addresses.verifier, refusal, transactions: DEPLOYMENTS + 1 };
    }),
  );
}

/** Transactions that deploy the verifier. */
const DEPLOYMENTS = 4;

async function refusalOf(ask: () => Promise<unknown>): Promise<string> {
  try {
    await ask();
  } catch (error) {
    if (error instanceof InputError) return error.message.replace(/^.*: /, '');
    throw error;
  }
  throw new InvariantError('the contract accepts a bent proof');
}
