// Compiles contracts/ with the one pinned compiler: solc 0.8.37 from npm (WebAssembly), so nothing is downloaded.
import { createRequire } from 'node:module';
import { defineConfig } from 'hardhat/config';
import { COMPILER_SETTINGS, SOLC_VERSION, VIA_IR_FILES, VIA_IR_SETTINGS } from './src/chain/compile.ts';

const path = createRequire(import.meta.url).resolve('solc/soljson.js');
const compiler = { version: SOLC_VERSION, path, settings: COMPILER_SETTINGS };
const viaIr = { version: SOLC_VERSION, path, settings: VIA_IR_SETTINGS };

export default defineConfig({
  solidity: {
    compilers: [compiler],
    overrides: Object.fromEntries(VIA_IR_FILES.map((file) => [file, viaIr])),
  },
});
