// npm run bench [-- --json FILE] [--records N] [--rounds N] [--only sales,million,signers,italy,others] [--dir DIR]
// Every figure stands beside the floor measured in the same run on the same machine.
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { italy } from './cases/italy.mjs'
import { million } from './cases/million.mjs'
import { others } from './cases/others.mjs'
import { frenchTicket, sales } from './cases/sales.mjs'
import { signers } from './cases/signers.mjs'
import { france } from './france.mjs'
import { jsonOf, machine, tableOf } from './report.mjs'

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

const on = machine()
process.stdout.write(`\n${tableOf(on, results)}`)
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(jsonOf(on, results), null, 2)}\n`)
process.exit(0)
