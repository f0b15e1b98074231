// The gas table of the step verifier: the most expensive of 1,000 random steps of each class, in a program that has touched
// 64 MiB. With `--write` it is also written to contracts/GAS.md.

import { writeFileSync } from 'node:fs';
import { compilation } from '../../src/chain/contracts.ts';
import { Evm } from '../contracts/evm.ts';
import { CLASSES, type Measured, measure, sample, startRun } from './gas.ts';

const SAMPLES = 1_000;
const SEED = 1;
const DEPLOYED = ['StepVerifier', 'Core', 'Float', 'System', 'PreimageStore'];

const number = (value: number | undefined): string => value?.toLocaleString('en-US') ?? '';

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  return [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...body]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

function gasTable(measured: readonly Measured[]): string {
  const rows = measured.map(({ class: name, osaka, amsterdam, bytes, execution }) => {
    const budget = CLASSES[name];
    return [
      name,
      number(osaka),
      number(budget.osaka),
      number(amsterdam),
      number(budget.amsterdam),
      number(bytes),
      number(execution),
    ];
  });
  return table([['step', 'Osaka', 'budget', 'Amsterdam', 'budget', 'bytes of calldata', 'execution'], ...rows]);
}

function sizeTable(): string {
  const { contracts } = compilation();
  const rows = DEPLOYED.map((name) => [name, number(((contracts[name]?.deployedBytecode.length ?? 2) - 2) / 2)]);
  return table([['contract', 'bytes (limit 24,576)'], ...rows]);
}

const run = startRun();
const samples = sample(run, SAMPLES, SEED);
const evm = await Evm.start();
try {
  const text = `# Gas of a step

Written by \`npm run bench gas -- --write\`. Gas of a whole transaction that calls \`StepVerifier.step\`: the most expensive of
${number(SAMPLES)} random steps of each class in a run of guests/gas, which has touched 64 MiB at random. Osaka: 21,000 + the larger of
calldata (4 a token) + execution, and the floor of 10 a token (EIP-7623; a token is a zero byte, four are another byte).
Amsterdam: computed; 15,000 + the larger of calldata + execution, and a floor of 64 a byte (EIP-7976, EIP-2780).

${gasTable(await measure(evm, samples))}

${sizeTable()}
`;
  console.log(text);
  if (process.argv.includes('--write')) writeFileSync(new URL('../../contracts/GAS.md', import.meta.url), text);
} finally {
  evm.stop();
}
