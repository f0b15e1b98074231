// contracts/step/generated/Record.sol: the state record between the bytes of a proof, the words of the frame, and the bytes
// that are hashed, as layout.ts has it.

import { MACHINE_VERSION, RECORD_BYTES, type StateField } from '../../src/semantics/layout.ts';
import { frameAddress, frameFields, stateConstant, WORD_BYTES } from '../../src/semantics/solidityFrame.ts';
import { head, importedConstants } from './files.ts';
import { FRAME_CONSTANTS } from './frame.ts';

/** Fields side by side that are read and written alike. */
interface Run {
  readonly first: string;
  readonly kind: StateField['kind'];
  readonly bytes: number;
  count: number;
}

function runsOf(fields: readonly StateField[]): readonly Run[] {
  const runs: Run[] = [];
  for (const { name, kind, bytes } of fields) {
    const first = stateConstant(kind === 'bytes32' ? `${name}.0` : name);
    const last = runs.at(-1);
    const follows = last && frameAddress(first) === frameAddress(last.first) + WORD_BYTES * last.count;
    if (follows && kind === 'number' && last.kind === kind && last.bytes === bytes) last.count++;
    else runs.push({ first, kind, bytes, count: 1 });
  }
  return runs;
}

const reading = ({ first, kind, bytes, count }: Run): string =>
  kind === 'bytes32'
    ? `(codes, p) = PackedRecord.readBytes32(codes, p, ${first});`
    : `(codes, p) = PackedRecord.readNumbers(codes, p, ${first}, ${count}, ${8 * bytes});`;

const writing = ({ first, kind, bytes, count }: Run): string =>
  kind === 'bytes32'
    ? `to = PackedRecord.writeBytes32(${first}, to);`
    : `to = PackedRecord.writeNumbers(${first}, ${count}, ${bytes}, to);`;

const lines = (texts: readonly string[]): string => texts.map((text) => `        ${text}`).join('\n');

function part(name: 'cold' | 'fp', title: string): string {
  const fields = frameFields(name);
  const codeBytes = Math.ceil(fields.length / 2);
  const runs = runsOf(fields);
  const padding =
    fields.length % 2 === 1 ? '\n        if (codes >> 252 != 0) revert IStepErrors.PaddingNotZero();' : '';
  return `    /// @dev Reads the ${name} part of a proof from calldata at \`p\`.
    function read${title}(uint256 p) internal pure returns (uint256 end) {
        uint256 codes = PackedRecord.codesAt(p);
        p += ${codeBytes};
${lines(runs.map(reading))}${padding}
        return p;
    }

    /// @dev The hash of the ${name} part in the frame.
    function ${name}Hash() internal pure returns (bytes32) {
        uint256 to = RECORD;
${lines(runs.map(writing))}
        return PackedRecord.hash(RECORD, ${RECORD_BYTES[name]});
    }
`;
}

/** Text of Record.sol. */
export function recordFile(): string {
  const hot = frameFields('hot');
  const numbers = runsOf(hot.filter(({ name }) => !['status', 'reason', 'reservationWidth'].includes(name)));
  const small = runsOf(hot.filter(({ bytes }) => bytes === 1));
  const before = runsOf(hot.filter(({ name }) => name === 'reservationAddress'));
  const after = runsOf(hot.slice(hot.findIndex(({ name }) => name === 'x1')));
  const text = `/// @title The state record, version ${MACHINE_VERSION}
library Record {
    /// @dev Reads the hot numbers of a proof from calldata at \`p\`; their codes are the highest bits of \`codes\`.
    function readHot(uint256 codes, uint256 p) internal pure returns (uint256 end) {
${lines(numbers.map(reading))}
        return p;
    }

${part('cold', 'Cold')}
${part('fp', 'Fp')}
    /// @dev The state hash of the record in the frame with these hashes.
    function stateHash(bytes32 coldHash_, bytes32 fpHash_, bytes32 memoryRoot) internal pure returns (bytes32) {
        uint256 to = RECORD;
        to = PackedRecord.writeByte(${MACHINE_VERSION}, to);
${lines([...small, ...before].map(writing))}
        to = PackedRecord.writeHash(coldHash_, to);
        to = PackedRecord.writeHash(fpHash_, to);
        to = PackedRecord.writeHash(memoryRoot, to);
${lines(after.map(writing))}
        return PackedRecord.withStatus(PackedRecord.hash(RECORD, ${RECORD_BYTES.hot}));
    }
}
`;
  return `${head('The state record: what a proof gives of it, and what is hashed of it.')}
import {IStepErrors} from "../../interfaces/IStepErrors.sol";
import {PackedRecord} from "../../libraries/PackedRecord.sol";
${importedConstants(FRAME_CONSTANTS, text)}
${text}`;
}
