// Compiles contracts/ with the one pinned compiler: solc 0.8.37 from npm (WebAssembly), so nothing is downloaded.
import { createRequire } from 'node:module';
import { defineConfig } from 'hardhat/config';

const require = createRequire(import.meta.url);

export default defineConfig({
  solidity: {
    compilers: [
      {
        version: '0.8.37',
        path: require.resolve('solc/soljson.js'),
        settings: {
          viaIR: true,
          optimizer: { enabled: true, runs: 200 },
          evmVersion: 'osaka',
        },
      },
    ],
  },
});
