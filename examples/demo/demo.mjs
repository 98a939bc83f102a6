// The demo: a French half, an Italian half, each from the first sale to what an inspector gets.
//   npm run demo                  in a folder that is removed again
//   npm run demo -- --out DIR     keeps everything in DIR
//   npm run demo -- --only france (or italy) plays one half
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openStage, say, title } from './stage.mjs'

const { out, only } = parseArgs({ options: { out: { type: 'string' }, only: { type: 'string' } } }).values
const here = fileURLToPath(new URL('.', import.meta.url))
const halves = ['france', 'italy'].filter((name) => existsSync(join(here, name, 'index.mjs')))
if (only !== undefined && !halves.includes(only)) {
  console.error(`--only takes ${halves.join(' or ')}.`)
  process.exit(2)
}
const base = out === undefined ? mkdtempSync(join(tmpdir(), 'sigillo-demo-')) : resolve(out)
mkdirSync(base, { recursive: true })
if (readdirSync(base).length > 0) {
  console.error(`${base} is not empty; name another folder.`)
  process.exit(2)
}

const began = performance.now()
try {
  for (const name of only === undefined ? halves : [only]) {
    const { run } = await import(`./${name}/index.mjs`)
    await run(openStage(base, name))
  }
  title('The end')
  say(`All of this took ${((performance.now() - began) / 1000).toFixed(0)} seconds.`)
  say(
    out === undefined
      ? 'Everything was removed again; npm run demo -- --out DIR keeps it.'
      : `All of it lies in ${base}, the receipts with their QR codes as SVG too. Try: npx sigillo inspect ${join(base, 'france', 'restaurant')}`,
  )
} finally {
  if (out === undefined) rmSync(base, { recursive: true, force: true })
}
