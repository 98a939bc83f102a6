// A runnable copy of sources for child processes and deliberate defects: bundled with what they import, some text exchanged on the way.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

/** One exchange of text in one source file. The text must stand there exactly once, or the test has outlived the code. */
export interface Patch {
  readonly file: string
  readonly from: string
  readonly to: string
}

interface Loaded {
  readonly contents: string
  readonly loader: 'ts'
}
interface Bundler {
  build(options: object): Promise<unknown>
}
interface PluginBuild {
  onLoad(options: { readonly filter: RegExp }, load: (args: { readonly path: string }) => Promise<Loaded | undefined>): void
}

// The bundler of the build; it is no dependency of this package.
function bundler(): Bundler {
  const fromTsup = createRequire(createRequire(import.meta.url).resolve('tsup'))
  return fromTsup('esbuild') as Bundler
}

/** Bundles an entry of this folder into one file that Node runs. */
export async function bundle(entry: string, outfile: string, patches: readonly Patch[] = []): Promise<void> {
  const found = new Set<Patch>()
  const patching = {
    name: 'patches',
    setup: (build: PluginBuild): void =>
      build.onLoad({ filter: /storage-fs\/src\/[^/]+\.ts$/ }, async ({ path }) => {
        const wanted = patches.filter(({ file }) => path.endsWith(`/${file}`))
        if (wanted.length === 0) return undefined
        let contents = await readFile(path, 'utf8')
        for (const patch of wanted) {
          if (contents.split(patch.from).length !== 2) throw new Error(`${patch.file} does not hold exactly once: ${patch.from}`)
          contents = contents.replace(patch.from, () => patch.to)
          found.add(patch)
        }
        return { contents, loader: 'ts' }
      }),
  }
  const fromHere = new URL(entry, import.meta.url).pathname
  const settings = {
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['source', 'node'],
    logLevel: 'silent',
  }
  await bundler().build({ ...settings, entryPoints: [fromHere], outfile, plugins: [patching] })
  if (found.size !== patches.length) throw new Error('a patch names a file that was not bundled')
}
