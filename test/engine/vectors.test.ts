// Every test vector of every row in the interpreter: by the exact path, one step at a time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../src/engine/engine.ts';
import type { Host } from '../../src/environment/host.ts';
import { assertVector, placeVector, vectorMachine } from '../isa/vectorMachine.ts';
import { loadVectors } from '../isa/vectors.ts';

const host: Host = { preimage: () => undefined, hint: () => {}, output: () => {} };

test('every vector holds in the interpreter', (t) => {
  const machine = vectorMachine();
  const engine = new Engine(machine, host);
  const vectors = loadVectors();
  for (const vector of vectors) {
    placeVector(machine, vector);
    const { kind } = engine.run(vector.step + 1n);
    assert.equal(kind, vector.trap ? 'halted' : 'step', vector.text);
    assertVector(machine, vector);
  }
  t.diagnostic(`${vectors.length} vectors`);
});
