// A preimage server for tests, as a fault-proof program brings one along: hints on 3 and 4, preimages on 5 and 6, started
// as `node server.mjs MODE`. It answers for the preimages "preimage of HINT" of the hints it took, and of the mode's name.
import { createReadStream, writeSync } from 'node:fs';
import { keccak_256 } from '@noble/hashes/sha3.js';

const mode = process.argv[2];
const preimages = new Map();
const add = (text) =>
  preimages.set(
    Buffer.from(keccak_256(Buffer.from(text)))
      .toString('hex')
      .slice(2),
    text,
  );
add(mode);
add('');
add('x'.repeat(300_000));

/** Calls `take` with what arrived until it takes nothing more; it returns how many bytes it took. */
function serve(fd, take) {
  let pending = Buffer.alloc(0);
  createReadStream(null, { fd }).on('data', (data) => {
    pending = Buffer.concat([pending, data]);
    for (let taken = take(pending); taken > 0; taken = take(pending)) pending = pending.subarray(taken);
  });
}

function answer(text) {
  const bytes = Buffer.alloc(8 + text.length);
  bytes.writeBigUInt64BE(BigInt(text.length));
  bytes.write(text, 8);
  for (let at = 0; at < bytes.length; ) at += writeSync(6, bytes, at);
}

/** Ends in the middle of an answer. process.exit would wait for the reads that are under way. */
function end(lastBytes) {
  writeSync(6, lastBytes);
  process.kill(process.pid, 'SIGKILL');
}

serve(3, (bytes) => {
  if (bytes.length < 4 || bytes.length < 4 + bytes.readUInt32BE(0)) return 0;
  const end = 4 + bytes.readUInt32BE(0);
  add(`preimage of ${bytes.toString('utf8', 4, end)}`);
  if (mode !== 'deaf') writeSync(4, Buffer.alloc(1));
  return end;
});
serve(5, (bytes) => {
  if (bytes.length < 32) return 0;
  const text = preimages.get(bytes.toString('hex', 1, 32));
  if (mode === 'mute') return 32;
  if (mode === 'huge') writeSync(6, Buffer.alloc(8, 0xff));
  else if (mode === 'halting') end(Buffer.from([0, 0, 0, 0, 0, 0, 1, 0, 65]));
  else if (mode === 'lying') answer('something else');
  else if (text === undefined) end(Buffer.alloc(0));
  else answer(text);
  return 32;
});
