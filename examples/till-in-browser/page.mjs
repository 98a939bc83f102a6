// A till in a page. It sells while the queue's server is away, and after a reload in the midst of it; when the server is back it
// hands over what it sold, and every sale is in the queue exactly once.
import { connectHttp, fetchTransport, openTill } from '@sigillo/core/offline'
import { frenchOffline } from '@sigillo/country-fr'
import { openOfflineDatabase } from '@sigillo/storage-idb'
import { shop } from '../remote/shop.mjs'

const at = (id) => document.getElementById(id)
// The worker keeps the page itself, so that it can be opened while no server is there.
navigator.serviceWorker.register('worker.js').catch((error) => (at('warning').textContent = error.message))

const store = await openOfflineDatabase(shop.tillId, { onWarning: ({ message }) => (at('warning').textContent = message) })
let till
const show = () => (at('state').textContent = till.state)
till = await openTill({
  connect: async () => connectHttp(fetchTransport(), 'records'),
  till: shop.tillId,
  queue: 'remote',
  rules: frenchOffline(shop),
  offline: { store, probeMs: 1000, timeoutMs: 3000 },
  // An outage found again is told of before the till is open.
  onEvent: ({ state = till?.state }) => (at('state').textContent = state),
})

/** Rings a sale up. It is noted before it is asked for: a reload meanwhile asks again under the same key, and nothing is sold twice. */
async function sell(request) {
  localStorage.setItem('pending', JSON.stringify(request))
  const sale = await till.record(request)
  localStorage.removeItem('pending')
  const failed = sale.outcome === 'rejected' || sale.outcome === 'indeterminate'
  at('ticket').textContent = failed ? sale.error.message : paper(sale.outcome === 'registered' ? sale.reply.print : sale.print)
  const item = document.createElement('li')
  item.textContent = `${sale.outcome} ${request.key}`
  at('sales').append(item)
  show()
}
const paper = (items) => items.map(({ text, right }) => (right ? `${text}  ${right}` : text)).join('\n')

const articles = [
  ['Café', 220, 1000],
  ['Croissant', 140, 550],
  ['Sandwich', 590, 1000],
]
for (const [label, total, rateBp] of articles) {
  const button = document.createElement('button')
  button.textContent = `${label} ${(total / 100).toFixed(2)} €`
  button.addEventListener('click', () => {
    void sell({
      type: 'ticket',
      key: `POS-${crypto.randomUUID()}`,
      operatorId: 'anna',
      posMoment: new Date().toISOString(),
      lines: [{ label, total, rateBp }],
      payments: [{ mode: 'ESP', amount: total }],
    })
  })
  at('articles').append(button)
}
at('transfer').addEventListener('click', () => void till.transfer().finally(show))

const pending = localStorage.getItem('pending')
if (pending !== null) await sell(JSON.parse(pending))
show()
