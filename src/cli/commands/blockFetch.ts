// `omo block fetch`: a block with its witness from a node, as the file that --block takes.

import { bytesToHex } from '../../bytes.ts';
import { fetchBlock } from '../../chain/blockFetch.ts';
import { JsonRpc } from '../../chain/jsonRpc.ts';
import { UsageError } from '../../errors.ts';
import { defineCommand } from '../command.ts';
import { writeOutput } from '../files.ts';
import { integer, mandatory, text, withDefault } from '../options.ts';
import { fields } from '../output.ts';

const HOUR_SECONDS = 3_600;

export const blockFetchCommand = defineCommand({
  name: 'block fetch',
  summary: 'get a block with its witness from a node',
  description:
    'Gets a block and the state that executing it reads, and writes them to a file that --block takes. The node needs ' +
    'debug_getRawBlock, debug_getRawHeader and debug_executionWitness. All that it sends is checked against the hashes ' +
    'in the block, so a node can withhold but not invent.',
  arguments: [['<number>', 'the number of the block']],
  options: {
    rpc: mandatory(text('--rpc <url>', 'the node')),
    output: mandatory(text('-o, --output <file>', 'the block file to write')),
    rpcTimeout: withDefault(integer('--rpc-timeout <seconds>', 'longest wait for one answer', 1, HOUR_SECONDS), 120),
  },
  examples: [['omo block fetch --rpc http://localhost:8545 22615247 -o block.json', 'a block of a node of yours']],
  run: async ({ output }, [numberText], options) => {
    if (!/^\d{1,15}$/.test(numberText))
      throw new UsageError('INVALID_ARGUMENT', `expected the number of a block, found "${numberText.slice(0, 40)}"`);
    const rpc = new JsonRpc(options.rpc, { timeoutSeconds: options.rpcTimeout });
    const { text: file, block } = await output.progress.phase(`fetching block ${numberText} from ${rpc.name}`, () =>
      fetchBlock(rpc, BigInt(numberText)),
    );
    writeOutput(options.output, file);
    const answer = {
      number: block.number,
      blockHash: bytesToHex(block.hash),
      items: block.items,
      bytes: file.length,
      file: options.output,
    };
    const shown = fields([
      ['block', answer.number],
      ['block hash', answer.blockHash],
      ['witness items', answer.items],
      ['bytes', answer.bytes],
      ['file', answer.file],
    ]);
    return { json: answer, text: shown };
  },
});
