// node examples/verify-in-browser/build.mjs [FILE]: one HTML file with everything in it, by default dist/verify.html beside this file.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const target = process.argv[2] ?? here('dist/verify.html')
const { outputFiles } = await build({
  entryPoints: [here('page.ts')],
  bundle: true,
  minify: true,
  write: false,
  format: 'iife',
  platform: 'browser',
  target: 'es2023',
  // Sources and the browser's side of every seam: no build is needed before.
  conditions: ['source', 'browser', 'default'],
})
const script = outputFiles[0].text.replaceAll('</script', '<\\/script')
mkdirSync(dirname(target), { recursive: true })
writeFileSync(
  target,
  readFileSync(here('page.html'), 'utf8').replace('/* page.js */', () => script),
)
process.stderr.write(`wrote ${target} (${Math.round(script.length / 1000)} kB)\n`)
