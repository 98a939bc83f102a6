// Writes cafe-day.jsonl: one day of a café, one request a line, always the same for the same seed. The clock of the till is a day
// in March; a queue that records the file later keeps the difference as posClockSkew.
// Usage: node examples/data/make-cafe-day.mjs [seed] > examples/data/cafe-day.jsonl
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const SEED = Number(process.argv[2] ?? 20260314)
const DAY = '2026-03-14'
const SALES = 230

// mulberry32: small, seeded, the same everywhere.
let state = SEED >>> 0
const random = () => {
  state = (state + 0x6d2b79f5) >>> 0
  let t = state
  t = Math.imul(t ^ (t >>> 15), t | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
const pick = (list) => list[Math.floor(random() * list.length)]

const card = [
  { label: 'Café expresso', productId: 'C01', unitPrice: 180, rateBp: 1000, nature: 'S', weight: 9 },
  { label: 'Café allongé', productId: 'C02', unitPrice: 200, rateBp: 1000, nature: 'S', weight: 4 },
  { label: 'Crème', productId: 'C03', unitPrice: 320, rateBp: 1000, nature: 'S', weight: 5 },
  { label: 'Thé', productId: 'C04', unitPrice: 350, rateBp: 1000, nature: 'S', weight: 3 },
  { label: 'Croissant', productId: 'V01', unitPrice: 150, rateBp: 1000, nature: 'S', weight: 6 },
  { label: 'Tartine beurre', productId: 'V02', unitPrice: 220, rateBp: 1000, nature: 'S', weight: 3 },
  { label: 'Formule du midi', productId: 'P01', unitPrice: 1690, rateBp: 1000, nature: 'S', weight: 4 },
  { label: 'Salade de chèvre chaud', productId: 'P02', unitPrice: 1350, rateBp: 1000, nature: 'S', weight: 2 },
  { label: 'Verre de muscadet', productId: 'A01', unitPrice: 450, rateBp: 2000, nature: 'S', weight: 4 },
  { label: 'Bière pression 25 cl', productId: 'A02', unitPrice: 390, rateBp: 2000, nature: 'S', weight: 5 },
  { label: 'Kir breton', productId: 'A03', unitPrice: 520, rateBp: 2000, nature: 'S', weight: 2 },
  { label: 'Café en grains, au poids', productId: 'B01', unitPrice: '28.40', rateBp: 550, nature: 'B', weight: 1, kilos: true },
  { label: 'Jus d’orange, bouteille', productId: 'B02', unitPrice: 290, rateBp: 550, nature: 'B', weight: 2 },
  { label: 'Eau minérale, bouteille', productId: 'B03', unitPrice: 160, rateBp: 550, nature: 'B', weight: 3 },
]
const weighted = card.flatMap((article) => Array.from({ length: article.weight }, () => article))

const cents = (price) => (typeof price === 'number' ? price : Math.round(Number(price) * 100))

function lineOf() {
  const { label, productId, unitPrice, rateBp, nature, kilos } = pick(weighted)
  if (kilos) {
    const grams = 100 + Math.floor(random() * 9) * 50
    const total = Math.round((cents(unitPrice) * grams) / 1000)
    return { label, productId, quantity: (grams / 1000).toFixed(3), unit: 'kg', unitPrice, total, rateBp, nature }
  }
  const quantity = random() < 0.75 ? 1 : 2
  const full = quantity * unitPrice
  if (random() < 0.08) {
    const discount = Math.round(full / 10)
    return { label, productId, quantity, unitPrice, discount, total: full - discount, rateBp, nature }
  }
  return { label, productId, quantity, unitPrice, total: full, rateBp, nature }
}

const totalOf = (lines) => lines.reduce((sum, { total }) => sum + total, 0)

function paymentsOf(total) {
  const luck = random()
  if (luck < 0.55) return [{ mode: 'CB', amount: total }]
  if (luck < 0.65 && total >= 800) {
    const meal = Math.min(total, 950)
    return meal === total
      ? [{ mode: 'TRE', amount: total }]
      : [
          { mode: 'TRE', amount: meal },
          { mode: 'CB', amount: total - meal },
        ]
  }
  const given = Math.ceil(total / 500) * 500
  return given === total
    ? [{ mode: 'ESP', amount: total }]
    : [
        { mode: 'ESP', amount: given },
        { mode: 'ESP', amount: total - given },
      ]
}

let second = 7 * 3600 + 2 * 60
const moment = () => {
  second += 30 + Math.floor(random() * 280)
  const two = (n) => String(n).padStart(2, '0')
  return `${DAY}T${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}+01:00`
}
const operator = () =>
  second < 15 * 3600 ? { operatorId: 'OP-1', operatorName: 'Anne' } : { operatorId: 'OP-2', operatorName: 'Yann' }

const requests = []
const add = (request) => {
  const { type, key, ...rest } = request
  requests.push({ type, key, ...operator(), posMoment: moment(), ...rest })
  return requests.at(-1)
}

add({ type: 'start', key: 'DEMARRAGE' })
add({ type: 'payment', key: 'FOND-1', op: 'cash-in', reason: 'Fond de caisse', payments: [{ mode: 'ESP', amount: '150.00' }] })

const sales = []
for (let n = 1; n <= SALES; n++) {
  const key = `POS-${String(1000 + n)}`
  const lines = Array.from({ length: 1 + Math.floor(random() * 4) }, lineOf)
  if (n % 45 === 0) lines.push({ label: 'Pourboire', total: 200, nature: 'T' })
  const total = totalOf(lines)
  const table = random() < 0.4 ? { table: String(1 + Math.floor(random() * 18)) } : {}
  if (n % 19 === 0) add({ type: 'note', key: `NOTE-${n}`, lines, ...table })
  const reference = n % 19 === 0 ? { reference: `NOTE-${n}` } : {}
  sales.push(add({ type: 'ticket', key, lines, payments: paymentsOf(total), ...table, ...reference }))
  if (n === 60) requests.push({ ...sales.at(-1) }) // the answer was lost: the till sends the same request again
  if (n === 80)
    add({
      type: 'ticket',
      key: 'POS-FAUX',
      lines: [{ label: 'Saisie fausse', total: '40.00', rateBp: 2000 }],
      payments: [{ mode: 'CB', amount: '30.00' }],
    })
  if (n === 70 || n === 140 || n === 200) refund(sales.at(-5), n)
  if (n === 110) cancel(sales.at(-1))
  if (n === 150) add({ type: 'copy', key: 'DUPLICATA-1', reference: sales.at(-3).key, reason: 'Demande du client' })
  if (n === 120) add({ type: 'closing', key: 'SERVICE-1', kind: 'shift' })
}

function refund(sale, n) {
  const line = sale.lines.find(({ nature }) => nature !== 'T')
  const total = -line.total
  const mirrored = {
    ...line,
    quantity: typeof line.quantity === 'number' ? -line.quantity : `-${line.quantity}`,
    total,
    originalLine: sale.lines.indexOf(line) + 1,
  }
  if (mirrored.discount !== undefined) mirrored.discount = -mirrored.discount
  add({
    type: 'ticket',
    key: `AVOIR-${n}`,
    op: 'refund',
    reference: sale.key,
    lines: [mirrored],
    payments: [{ mode: 'ESP', amount: total }],
  })
}

function cancel(sale) {
  const lines = sale.lines.map((line) => ({
    ...line,
    ...(line.quantity !== undefined && { quantity: typeof line.quantity === 'number' ? -line.quantity : `-${line.quantity}` }),
    ...(line.discount !== undefined && { discount: -line.discount }),
    total: -line.total,
  }))
  const payments = sale.payments.map(({ mode, amount }) => ({ mode, amount: -amount }))
  add({ type: 'ticket', key: 'ANNUL-1', op: 'cancellation', reference: sale.key, lines, payments })
}

add({
  type: 'payment',
  key: 'REMISE-1',
  op: 'cash-out',
  reason: 'Remise en banque',
  payments: [{ mode: 'ESP', amount: '-200.00' }],
})
add({ type: 'closing', key: 'JOUR-1', kind: 'day' })

const out = fileURLToPath(new URL('cafe-day.jsonl', import.meta.url))
writeFileSync(out, `${requests.map((request) => JSON.stringify(request)).join('\n')}\n`)
process.stdout.write(`${requests.length} requests, ${sales.length} sales, seed ${SEED}\n`)
