// One bundler setting for every package: the entries are read from the package's own manifest (the `source` conditions of its
// exports and imports, and src/main.ts of a command), so that adding an entry means naming it once.
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { defineConfig } from 'tsup'

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))

const sources = (node) => {
  if (typeof node === 'string') return /^\.\/src\/.*\.ts$/.test(node) ? [node] : []
  return Object.values(node ?? {}).flatMap(sources)
}
const entries = new Set([...sources(manifest.exports), ...sources(manifest.imports)])
if (existsSync('src/main.ts')) entries.add('./src/main.ts')
// An entry still to be written is left out here; the package checks refuse to publish without it.
for (const path of entries) if (!existsSync(path)) entries.delete(path)

export default defineConfig({
  entry: Object.fromEntries([...entries].map((path) => [path.replace(/^\.\/src\/|\.ts$/g, ''), path])),
  format: ['esm'],
  target: ['node20', 'es2023'],
  platform: 'neutral',
  // Native bindings are loaded when used, from where the package manager put them.
  external: [/^#/, /^node:/, ...Object.keys(manifest.optionalDependencies ?? {})],
  sourcemap: true,
  splitting: true,
  treeshake: false,
  removeNodeProtocol: false,
  dts: false,
  silent: true,
  // Every bundle the command exports carries the text of the format.
  async onSuccess() {
    if (manifest.name === '@sigillo/cli') copyFileSync('../../FORMAT.md', 'dist/FORMAT.md')
  },
})
