// The command under test as one bundle from the sources of all packages, so that tests need no build. OUT names the folder.
import { defineConfig } from 'tsup'

export default defineConfig({
  entry: { main: 'src/main.ts', 'module-host': '../signer-pkcs11/src/module-host.ts' },
  outDir: process.env.OUT,
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  // Native bindings stay where the package manager put them; the fixture makes them reachable.
  noExternal: [/^(?!pkcs11js$|pcsc-mini$)/],
  external: ['pkcs11js', 'pcsc-mini'],
  sourcemap: false,
  splitting: true,
  dts: false,
  silent: true,
  esbuildOptions(options) {
    options.conditions = ['source', 'node']
  },
  // CommonJS parts inside the bundle ask for Node's own modules by require.
  banner: { js: "import { createRequire as __make } from 'node:module'; const require = __make(import.meta.url);" },
})
