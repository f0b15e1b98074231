// contracts/step/generated/Record.sol: the state record between the bytes of a proof, the words of the frame, and the bytes
// that are hashed, as layout.ts has it.

import { bytesToHex } from '../../src/bytes.ts';
import { zeroHash } from '../../src/commitment/zeroHashes.ts';
import { assert } from '../../src/invariant.ts';
import { TREE_DEPTH } from '../../src/semantics/addressSpace.ts';
import { field, MACHINE_VERSION, RECORD_BYTES, type StateField } from '../../src/semantics/layout.ts';
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

function reading({ first, kind, bytes, count }: Run): string[] {
  if (kind === 'bytes32') return [`(codes, p) = PackedRecord.readBytes32(codes, p, ${first});`];
  const read = `(codes, p) = PackedRecord.readNumbers(codes, p, ${first}, ${count});`;
  assert(bytes === 8 || count === 1, 'several narrow numbers side by side');
  return bytes === 8 ? [read] : [read, `PackedRecord.checkNumber(${first}, ${bytes});`];
}

function writing({ first, kind, bytes, count }: Run): string {
  if (kind === 'bytes32') return `to = PackedRecord.writeBytes32(${first}, to);`;
  if (bytes === 8 && count > 1) return `to = PackedRecord.writeNumbers(${first}, ${count}, to);`;
  return Array.from({ length: count }, (_, i) => {
    const from = i === 0 ? first : `${first} + ${WORD_BYTES * i}`;
    return `to = PackedRecord.writeNumber(${from}, ${bytes}, to);`;
  }).join('\n        ');
}

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
${lines(runs.flatMap(reading))}${padding}
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

/** Zero hashes as constants: computing them for each proof would cost ten times as much gas. */
function zeroHashes(): string {
  const stores = Array.from(
    { length: TREE_DEPTH },
    (_, i) => `mstore(add(ZERO_HASHES, ${WORD_BYTES * (i + 1)}), ${bytesToHex(zeroHash(i + 1))})`,
  );
  return `    /// @dev Fills the table of zero hashes; that of height 0 is 0, like the memory.
    function fillZeroHashes() internal pure {
        assembly ("memory-safe") {
${stores.map((store) => `            ${store}`).join('\n')}
        }
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
${lines(numbers.flatMap(reading))}
        return p;
    }

${zeroHashes()}
${part('cold', 'Cold')}
${part('fp', 'Fp')}
    /// @dev Where a frame with these parts ends.
    function frameEnd(bool cold, bool fp) internal pure returns (uint256) {
        return fp ? FP_END : cold ? COLD_END : HOT_END;
    }

    /// @dev Puts the hot part in the frame together at RECORD, all but the memory root.
    function pack(bytes32 coldHash_, bytes32 fpHash_) internal pure {
        uint256 to = RECORD;
        to = PackedRecord.writeByte(${MACHINE_VERSION}, to);
${lines([...small, ...before].map(writing))}
        to = PackedRecord.writeHash(coldHash_, to);
        to = PackedRecord.writeHash(fpHash_, to);
        to += 32;
${lines(after.map(writing))}
    }

    /// @dev The state hash of the record at RECORD with this memory root: the first byte of its hash is replaced by the status.
    function stateHash(bytes32 memoryRoot) internal pure returns (bytes32) {
        PackedRecord.writeHash(memoryRoot, RECORD + ${field('memoryRoot').offset});
        uint256 status = PackedRecord.byteAt(RECORD + ${field('status').offset});
        return (PackedRecord.hash(RECORD, ${RECORD_BYTES.hot}) & bytes32(type(uint256).max >> 8)) | bytes32(status << 248);
    }
}
`;
  return `${head('The state record: what a proof gives of it, and what is hashed of it.')}
import {IStepErrors} from "../../interfaces/IStepErrors.sol";
import {PackedRecord} from "../../libraries/PackedRecord.sol";
${importedConstants(FRAME_CONSTANTS, text)}
${text}`;
}
