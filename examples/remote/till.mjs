// A till in front of a remote queue that may be out of reach: it sells on, and hands over later.
//   node till.mjs LOG-FOLDER PORT CERT.pem FIRST COUNT [MS]
// sells FIRST … FIRST + COUNT − 1, one every MS milliseconds, prints a line for each, ends when all is handed over
import { readFileSync } from 'node:fs'
import { connectHttp, openTill } from '@sigillo/core/offline'
import { frenchOffline } from '@sigillo/country-fr'
import { openOfflineFolder } from '@sigillo/storage-fs'
import { nodeTransport } from '@sigillo/transport-node'
import { shop } from './shop.mjs'

const [folder, port, cert, first, count, pace = '0'] = process.argv.slice(2)
const ca = readFileSync(cert, 'utf8')
const till = await openTill({
  connect: async () => connectHttp(nodeTransport({ ca, timeoutMs: 2000 }), `https://localhost:${port}/records`),
  till: shop.tillId,
  queue: 'remote',
  rules: frenchOffline(shop),
  offline: { store: openOfflineFolder(folder), probeMs: 60, timeoutMs: 2000 },
})
const common = { operatorId: 'anna', posMoment: '2026-11-24T10:00:00Z' }
const sell = (request) => till.record({ ...common, ...request })
for (let n = Number(first); n < Number(first) + Number(count); n++) {
  const lines = [{ label: `Article ${n}`, total: 100, rateBp: 2000 }]
  const sale = await sell({ type: 'ticket', key: `POS-${n}`, lines, payments: [{ mode: 'ESP', amount: 100 }] })
  if (sale.outcome === 'rejected' || sale.outcome === 'indeterminate') throw sale.error
  process.stdout.write(`${sale.outcome} POS-${n}\n`)
  await new Promise((resolve) => setTimeout(resolve, Number(pace)))
}
while (till.state !== 'ONLINE' && till.state !== 'ONLINE_BREAK') {
  await till.transfer()
  await new Promise((resolve) => setTimeout(resolve, 30))
}
process.stdout.write(`${till.state} ${till.breaks.length}\n`)
await till.close()
process.exit(0)
