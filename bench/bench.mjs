// npm run bench [-- --json FILE] [--records N] [--rounds N] [--only sales,million,signers,italy,others] [--dir DIR]
// Every figure stands beside the floor measured in the same run on the same machine.
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { italy } from './cases/italy.mjs'
import { million } from './cases/million.mjs'
import { others } from './cases/others.mjs'
import { frenchTicket, sales } from './cases/sales.mjs'
import { signers } from './cases/signers.mjs'
import { france } from './france.mjs'

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    json: { type: 'string' },
    records: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: 'sales,million,signers,italy,others' },
    dir: { type: 'string', default: process.cwd() },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(
    'usage: npm run bench -- [--json FILE] [--records N] [--rounds N] [--only sales,million,signers,italy,others] [--dir DIR on the disk to measure]\n',
  )
  process.exit(0)
}

const say = (text) => process.stderr.write(`  · ${text}\n`)
const context = { base: values.dir, records: Number(values.records), rounds: Number(values.rounds), say, france }
const cases = {
  sales: async () => [...(await sales(context)), ...(await frenchTicket(context))],
  million: () => million(context),
  signers: () => signers(context),
  italy: () => italy(context),
  others: () => others(context),
}
const chosen = values.only.split(',')
const unknown = chosen.filter((name) => !Object.hasOwn(cases, name))
if (unknown.length > 0) {
  process.stderr.write(`bench: there is no case ${unknown.join(', ')}; there are ${Object.keys(cases).join(', ')}\n`)
  process.exit(2)
}
mkdirSync(values.dir, { recursive: true })
const results = []
for (const name of chosen) results.push(...(await cases[name]()))

const [cpu] = cpus()
const machine = {
  cpu: cpu?.model ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  date: new Date().toISOString(),
}
const figure = (value) =>
  value === null || value === undefined ? '' : value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
const rows = results.map(({ name, value, unit, floor, ratio, target }) => [
  name,
  figure(value),
  unit,
  figure(floor),
  figure(ratio),
  target ?? '',
])
const head = ['name', 'value', 'unit', 'floor', 'ratio', 'aim']
const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)))
const line = (row) => row.map((cell, i) => (i === 0 || i === 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')
process.stdout.write(
  `\n${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.date}\n\n${[head, widths.map((w) => '─'.repeat(w)), ...rows].map(line).join('\n')}\n`,
)
if (values.json !== undefined)
  writeFileSync(
    values.json,
    `${JSON.stringify({ machine, results: results.map(({ target, ...rest }) => ({ ...rest, ...(target !== undefined && { target }) })) }, null, 2)}\n`,
  )
process.exit(0)
