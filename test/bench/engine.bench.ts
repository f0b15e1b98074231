// How fast tier 0 is: the benchmark guests in the interpreter and in qemu-riscv64, one after the other in one run, as
// ratios of CPU time; and recorded steps a second.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Engine } from '../../src/engine/engine.ts';
import { parseFusions } from '../../src/engine/fusion.ts';
import { FUSIONS } from '../../src/engine/fusions.ts';
import { InterpreterCode, interpreterBytes } from '../../src/engine/interpreterModule.ts';
import type { Host } from '../../src/environment/host.ts';
import { loadProgram } from '../../src/machine/program.ts';

/** Guests with their argument, a count of iterations: some hundred million steps each. */
const GUESTS: readonly (readonly [name: string, count: number, kind: string])[] = [
  ['sha256', 2000, 'compute'],
  ['keccak', 600, 'compute'],
  ['matrix', 300, 'compute'],
  ['sieve', 30, 'loops'],
  ['bytecode', 40, 'branchy'],
  ['quicksort', 40, 'branchy'],
  ['fibonacci', 200, 'recursive'],
  ['chase', 8, 'memory-bound'],
];
const END = 1n << 44n;

interface Measured {
  readonly seconds: number;
  readonly output: string;
}

const path = (name: string): string => fileURLToPath(new URL(`../../guests/bench/${name}.elf`, import.meta.url));

/** CPU seconds of the thread so far. */
function cpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
}

function interpret(name: string, count: number): Measured & { readonly steps: number; readonly wall: number } {
  const output: string[] = [];
  const host: Host = {
    preimage: () => undefined,
    hint: () => {},
    output: (_, data) => void output.push(Buffer.from(data).toString()),
  };
  const { machine } = loadProgram(readFileSync(path(name)), { args: [`${count}`] });
  const engine = new Engine(machine, host);
  const [start, startWall] = [cpu(), performance.now()];
  engine.run(END);
  const [seconds, wall] = [cpu() - start, (performance.now() - startWall) / 1000];
  return { seconds, wall, steps: Number(machine.get('step')), output: output.join('') };
}

/** CPU seconds of qemu, user and system, as the shell says them. Undefined where there is no qemu. */
function qemu(name: string, count: number): Measured | undefined {
  const { status, stdout } = spawnSync('sh', ['-c', 'qemu-riscv64 "$0" "$1"; times', path(name), `${count}`]);
  const lines = stdout.toString().trimEnd().split('\n');
  const [user = 0, system = 0] = [...(lines.at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => 60 * Number(minutes) + Number(seconds),
  );
  if (status !== 0 || lines.length < 3) return undefined;
  return { seconds: user + system, output: `${lines.slice(0, -2).join('\n')}\n` };
}

function guestLines(): string[] {
  const lines: string[] = [];
  const ratios: number[] = [];
  for (const [name, count, kind] of GUESTS) {
    const ours = interpret(name, count);
    const theirs = qemu(name, count);
    const mips = ours.steps / ours.seconds / 1e6;
    const parts = [
      `${name} (${kind}): ${(ours.steps / 1e6).toFixed(0)} M steps, ${ours.seconds.toFixed(2)} s, ${mips.toFixed(0)} MIPS`,
    ];
    if (theirs === undefined) parts.push('no qemu-riscv64 here');
    else {
      const ratio = theirs.seconds / ours.seconds;
      ratios.push(ratio);
      parts.push(`qemu ${theirs.seconds.toFixed(2)} s, speed ${ratio.toFixed(3)} of it`);
      if (theirs.output !== ours.output) parts.push('OUTPUTS DIFFER');
    }
    lines.push(parts.join('; '));
  }
  if (ratios.length > 0) {
    const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
    lines.push(`speed of qemu-riscv64, geometric mean over ${ratios.length} programs: ${mean.toFixed(3)} (bar: 0.10)`);
  }
  return lines;
}

/** To be asked first: the peak of the process, the compiler's memory included, when one small guest has run. */
function memoryLine(): string {
  interpret('quicksort', 20);
  const megabytes = process.resourceUsage().maxRSS / 1000;
  return `memory of the process at its peak, one guest of 0.6 MB run: ${megabytes.toFixed(0)} MB (bar: 200 beside the guest's)`;
}

function recordLine(): string {
  const engine = new Engine(loadProgram(readFileSync(path('quicksort'))).machine, {
    preimage: () => undefined,
    hint: () => {},
    output: () => {},
  });
  engine.run(3_000_000n);
  engine.record(1 << 16);
  const [start, first] = [cpu(), engine.machine.get('step')];
  for (let i = 0; i < 32; i++) engine.record(1 << 16);
  const millions = Number(engine.machine.get('step') - first) / 1e6;
  return `recorded steps: ${(millions / (cpu() - start)).toFixed(1)} M/s (bar: 3)`;
}

function moduleLine(): string {
  const start = performance.now();
  const { length } = interpreterBytes(parseFusions(FUSIONS));
  const generated = performance.now();
  new InterpreterCode();
  const done = performance.now();
  return `module: ${(length / 1000).toFixed(0)} kB, generated in ${(generated - start).toFixed(0)} ms, again and compiled in ${(done - generated).toFixed(0)} ms`;
}

for (const line of [memoryLine(), moduleLine(), ...guestLines(), recordLine()]) console.log(line);
