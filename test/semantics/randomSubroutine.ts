// Random subroutines: parameters of all widths, all operators, variables, branches, loops, calls, and values that are used
// late and often, so that they do not all fit the EVM's stack.
import type { Builder } from '../../src/semantics/builder.ts';
import { BINARY, COMPARE, UNARY, type Width } from '../../src/semantics/operators.ts';
import type { Subroutine, Value, Variable } from '../../src/semantics/program.ts';
import { subroutine } from '../../src/semantics/subroutine.ts';
import type { Random } from '../commitment/random.ts';

const WIDTHS: readonly Width[] = [1, 8, 16, 32, 64, 128];
const STATEMENTS = 20;
const MAX_DEPTH = 2;

/** One that may call `callees`. */
export function randomSubroutine(name: string, random: Random, callees: readonly Subroutine[]): Subroutine {
  const widths = Array.from({ length: 1 + random.below(8) }, () => random.pick(WIDTHS));
  return subroutine(name, widths, (h, ...parameters) => {
    const body = new Body(h, random, callees, parameters, []);
    body.statements(STATEMENTS, 0);
    return Array.from({ length: 1 + random.below(3) }, () => body.any());
  });
}

/** The values and variables that may be used at one place. */
class Body {
  readonly #h: Builder;
  readonly #random: Random;
  readonly #callees: readonly Subroutine[];
  readonly #values: Value[];
  readonly #variables: Variable[];

  constructor(
    h: Builder,
    random: Random,
    callees: readonly Subroutine[],
    values: readonly Value[],
    variables: readonly Variable[],
  ) {
    this.#h = h;
    this.#random = random;
    this.#callees = callees;
    this.#values = [...values];
    this.#variables = [...variables];
  }

  any(): Value {
    return this.#random.pick(this.#values);
  }

  statements(count: number, depth: number): void {
    for (let i = 0; i < count; i++) this.#statement(depth);
  }

  /** Some value, made to have a width; sometimes a constant. */
  #of(width: Width): Value {
    const [h, random] = [this.#h, this.#random];
    if (random.below(8) === 0) return h.constant(random.pick([0n, 1n, BigInt(random.below(200)), -1n]), width);
    const value = this.any();
    if (value.width > width) return h.trunc(value, width);
    return random.below(2) === 0 ? h.zext(value, width) : h.sext(value, width);
  }

  #statement(depth: number): void {
    const [h, random] = [this.#h, this.#random];
    const width = random.pick(WIDTHS);
    const of = (): Value => this.#of(width);
    const keep = (value: Value): void => void this.#values.push(value);
    const flat: readonly (() => void)[] = [
      () => keep(h[random.pick(BINARY)](of(), of())),
      () => keep(h[random.pick(BINARY)](of(), of())),
      () => keep(h[random.pick(COMPARE)](of(), of())),
      () => keep(h[random.pick(UNARY)](of())),
      () => keep(h.select(this.#of(1), of(), of())),
      () => void this.#variables.push(h.variable(of())),
      () => this.#readAndWrite(),
      () => this.#call(),
    ];
    const nested: readonly (() => void)[] = [
      () => h.repeat(1 + random.below(4), (index) => this.#inner([index], depth)),
      () => h.when(this.#of(1), () => this.#inner([], depth)),
      () =>
        h.when(
          this.#of(1),
          () => this.#inner([], depth),
          () => this.#inner([], depth),
        ),
    ];
    random.pick(depth < MAX_DEPTH ? [...flat, ...nested] : flat)();
  }

  /** A variable as it was before it is set: the value is used after that. */
  #readAndWrite(): void {
    if (this.#variables.length === 0) return;
    const variable = this.#random.pick(this.#variables);
    this.#values.push(this.#h.get(variable));
    this.#h.set(variable, this.#of(variable.width));
  }

  #call(): void {
    if (this.#callees.length === 0) return;
    const callee = this.#random.pick(this.#callees);
    this.#values.push(...this.#h.call(callee, ...callee.parameters.map(({ width }) => this.#of(width))));
  }

  /** Statements whose values nobody sees outside. */
  #inner(values: readonly Value[], depth: number): void {
    const body = new Body(this.#h, this.#random, this.#callees, [...this.#values, ...values], this.#variables);
    body.statements(1 + this.#random.below(6), depth + 1);
  }
}
