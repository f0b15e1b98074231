// `omo demo`: a whole dispute, told step by step: two parties execute the same program on a block, one of them lies, the
// first step on which they differ is found, proven, and decided by the contract.

import { assert } from '../../invariant.ts';
import { Store } from '../../store/store.ts';
import type { Difference } from '../../trace/diff.ts';
import { defineCommand } from '../command.ts';
import { explain, type ProvenStep, prove, type Settlement, search, settle, traceBoth } from '../demo/dispute.ts';
import { poseQuestion, type Question } from '../demo/question.ts';
import type { Disagreement } from '../demo/views.ts';
import { step, text } from '../options.ts';
import { fields, type Output } from '../output.ts';
import type { Committed } from '../tracing.ts';

export const demoCommand = defineCommand({
  name: 'demo',
  summary: 'a whole dispute on a local chain, told step by step',
  description:
    'Alice and Bob execute a program that reads an account from the state before a block. Bob lies about one step. Their ' +
    'traces are compared, the first step on which they differ is proven, and a contract on a local chain executes it.',
  arguments: [],
  options: {
    block: text('--block <file>', 'a block of yours instead of the one that OMO brings along'),
    address: text('--address <address>', "the account; by default the block's miner"),
    fault: step('--fault <step>', 'the step that Bob lies about'),
  },
  examples: [
    ['omo demo', 'the whole story'],
    ['omo demo --block block.json --fault 100000', 'on a block of yours'],
  ],
  run: async ({ output, storePath }, _args, options) => {
    const start = performance.now();
    const question = await poseQuestion(options.block, options.address);
    tellQuestion(output, question);
    const store = Store.open(storePath, { mode: 'write', owner: `omo demo (process ${process.pid})` });
    try {
      const { invocation } = question;
      const { honest, liar, lie } = await traceBoth(output, store, invocation, options.fault);
      tellTraces(output, storePath, honest, liar);
      const difference = await search(output, store, invocation, honest, liar);
      assert(difference.firstDivergentStep === lie, 'the first difference is where Bob lies');
      const proven = await prove(output, invocation, lie);
      const disagreements = explain(store, invocation, { honest, liar }, lie);
      tellDifference(output, difference, proven, disagreements);
      const settlement = await settle(output, proven);
      assert(settlement.post === difference.ours && settlement.post === proven.post, 'the contract agrees with Alice');
      tellSettlement(output, difference, proven, settlement);
      const seconds = Number(((performance.now() - start) / 1_000).toFixed(3));
      return {
        json: answer(question, honest, difference, proven, settlement, seconds),
        text: verdict(output, seconds),
      };
    } finally {
      store.close();
    }
  },
});

function heading(output: Output, text: string): void {
  output.tell(`\n${output.style.bold(text)}`);
}

function tellQuestion(output: Output, { invocation, blockNumber, chainId, address, balance, nonce }: Question): void {
  heading(output, '1. The question');
  output.tell(
    `Before block ${blockNumber} of chain ${chainId}, did account ${address} hold ${balance} wei, with nonce ${nonce}?`,
  );
  output.tell(`The program ${invocation.elf} walks the state trie and answers.`);
}

function tellTraces(output: Output, storePath: string, honest: Committed, liar: Committed): void {
  heading(output, '2. Alice and Bob execute it and commit to every state');
  output.tell(
    fields([
      ['steps', honest.steps],
      ['halts', honest.status],
      ["Alice's history", hashText(honest)],
      ["Bob's history", hashText(liar)],
      ['store', `${storePath}, runs ${honest.run.id} and ${liar.run.id}`],
    ]),
  );
  output.tell('They differ, so one of them lies.');
}

function hashText({ history }: Committed): string {
  return `0x${Buffer.from(history.root()).toString('hex')}`;
}

function tellDifference(
  output: Output,
  { firstDivergentStep, window, agreedStateHash, ours, theirs }: Difference,
  { annotations, proof }: ProvenStep,
  disagreements: readonly Disagreement[],
): void {
  heading(output, '3. The first step on which they differ');
  const { pc, symbol, instruction, call, accesses } = annotations;
  output.tell(
    fields([
      ['step', `${firstDivergentStep}, in window ${window}`],
      ['both agree on', agreedStateHash],
      ['Alice says then', ours],
      ['Bob says then', theirs],
      ['executed at', `${pc}${symbol === undefined ? '' : ` (${symbol})`}`],
      ['instruction', output.style.bold(`${instruction}${call === undefined ? '' : ` (${call})`}`)],
      ...disagreements.map(
        (each) => [`  ${each.name}`, `${each.ours} says Alice, ${output.style.red(each.theirs)} says Bob`] as const,
      ),
    ]),
  );
  heading(output, '4. Alice proves that one step');
  output.tell(`${proof.length} bytes: the state, and the memory it reads, with ${accesses.length} accesses:`);
  for (const { kind, address, before, after } of accesses)
    output.tell(`  ${kind.padEnd(5)}  ${address}: ${before}${before === after ? '' : ` -> ${after}`}`);
}

function tellSettlement(output: Output, { theirs }: Difference, { pre }: ProvenStep, settlement: Settlement): void {
  const { kind, verifier, post, gasUsed, refusal } = settlement;
  heading(output, '5. The contract executes it');
  output.tell(
    fields([
      ['chain', `${kind}, verifier ${verifier}`],
      ['before', pre],
      ['after', `${post}: ${output.style.green('what Alice says')}`],
      ['not', `${theirs}: what Bob says`],
      ['gas', `${gasUsed}, of a whole transaction`],
      ['a bent proof', `refused: ${refusal}`],
    ]),
  );
}

function verdict(output: Output, seconds: number): string {
  return `\n${output.style.bold('Alice is right.')} ${seconds.toFixed(1)} seconds.`;
}

function answer(
  { invocation, blockNumber, chainId, address, balance, nonce }: Question,
  { steps, run }: Committed,
  difference: Difference,
  { proof, annotations }: ProvenStep,
  { gasUsed, transactions, kind, refusal }: Settlement,
  seconds: number,
) {
  const { pc, instruction, symbol } = annotations;
  return {
    winner: 'honest',
    // Search is off chain: nothing but the step itself is played on the chain.
    rounds: 0,
    transactions,
    gasUsed,
    seconds,
    evm: kind,
    program: invocation.elf,
    programRoot: run.programRoot,
    question: { blockNumber, chainId, address, balance, nonce },
    steps,
    ...difference,
    pc,
    instruction,
    symbol: symbol ?? null,
    proofBytes: proof.length,
    refusal,
  };
}
