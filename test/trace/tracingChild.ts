// A process that traces a toy into the store named by its argument, to be killed by a test.
import { writeSync } from 'node:fs';
import { Store } from '../../src/store/store.ts';
import { trace } from '../../src/trace/tracer.ts';
import { EVERY_WINDOW, subject } from './support.ts';
import { toySource } from './toyMachine.ts';

const [path = '', halt = '0', idle = '1'] = process.argv.slice(2);
writeSync(1, 'ready\n');
const store = Store.open(path, { mode: 'write', owner: `process ${process.pid}` });
trace(store, subject(), toySource({ halt: Number(halt), idle: Number(idle) }), { policy: EVERY_WINDOW });
store.close();
