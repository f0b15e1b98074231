// Compiles contracts/ with the one pinned compiler: solc 0.8.37 from npm (WebAssembly), so nothing is downloaded.
import { createRequire } from 'node:module';
import { defineConfig } from 'hardhat/config';
import { COMPILER_SETTINGS, SOLC_VERSION } from './src/chain/compile.ts';

const require = createRequire(import.meta.url);

export default defineConfig({
  solidity: {
    compilers: [
      {
        version: SOLC_VERSION,
        path: require.resolve('solc/soljson.js'),
        settings: COMPILER_SETTINGS,
      },
    ],
  },
});
