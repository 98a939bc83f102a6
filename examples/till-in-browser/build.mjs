// Bundles the page and its worker from source, with the browser's side of every seam; no build of the packages is needed before.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))

/** The files of the page by path. */
export async function buildPage() {
  const { outputFiles } = await build({
    entryPoints: { page: here('page.mjs'), worker: here('worker.mjs') },
    bundle: true,
    minify: true,
    write: false,
    outdir: '/',
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    conditions: ['source', 'browser', 'default'],
  })
  const scripts = outputFiles.map(({ path, text }) => [`/${path.split(/[\\/]/).at(-1)}`, { type: 'text/javascript', text }])
  return new Map([['/', { type: 'text/html', text: readFileSync(here('page.html'), 'utf8') }], ...scripts])
}
