// Writes restaurant-week.jsonl: a week of a restaurant from Tuesday to Sunday, over the end of February, one request a line, always
// the same for the same seed. Tables get a note before they pay; services end after midnight; the month ends on Saturday night.
// Usage: node examples/data/make-restaurant-week.mjs [seed]
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const SEED = Number(process.argv[2] ?? 20260224)
const DAYS = ['2026-02-24', '2026-02-25', '2026-02-26', '2026-02-27', '2026-02-28', '2026-03-01']
const TABLES = [22, 24, 27, 36, 42, 26]

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

const dish = (productId, label, unitPrice) => ({ productId, label, unitPrice, rateBp: 1000, nature: 'S' })
const drink = (productId, label, unitPrice, rateBp = 2000) => ({ productId, label, unitPrice, rateBp, nature: 'S' })
const lunch = [dish('F1', 'Formule du jour', 1890), dish('F2', 'Formule express', 1490), dish('P4', 'Salade du phare', 1450)]
const dinner = [
  dish('E1', 'Huîtres, les six', 1350),
  dish('E2', 'Soupe de poissons', 1100),
  dish('P1', 'Cotriade', 2450),
  dish('P2', 'Entrecôte, frites', 2690),
  dish('P3', 'Lieu jaune au beurre blanc', 2380),
  dish('M1', 'Menu du quai', 3400),
  dish('D1', 'Far breton', 750),
  dish('D2', 'Kouign-amann tiède', 850),
]
const cellar = [
  drink('V1', 'Verre de muscadet', 520),
  drink('V2', 'Bouteille de quincy', 3200),
  drink('B1', 'Cidre brut, la bolée', 480),
  drink('A1', 'Eau gazeuse 75 cl', 490, 1000),
  drink('C1', 'Café', 210, 1000),
]
const jar = { productId: 'T1', label: 'Caramel au beurre salé, pot', unitPrice: 790, rateBp: 550, nature: 'B' }

const lineOf = (article, quantity = 1) => ({ ...article, quantity, total: quantity * article.unitPrice })
const totalOf = (lines) => lines.reduce((sum, { total }) => sum + total, 0)

function order(evening) {
  const guests = 1 + Math.floor(random() * 5)
  const plates = Array.from({ length: guests }, () => pick(evening ? dinner : lunch))
  const glasses = Array.from({ length: Math.ceil(random() * guests) }, () => pick(cellar))
  const lines = new Map()
  for (const article of [...plates, ...glasses, ...(random() < 0.07 ? [jar] : [])])
    lines.set(article.productId, lineOf(article, (lines.get(article.productId)?.quantity ?? 0) + 1))
  return [...lines.values()]
}

function paymentsOf(total) {
  const luck = random()
  if (luck < 0.6) return [{ mode: 'CB', amount: total }]
  if (luck < 0.7 && total > 2500)
    return [
      { mode: 'TRE', amount: 2500 },
      { mode: 'CB', amount: total - 2500 },
    ]
  const given = Math.ceil(total / 1000) * 1000
  return given === total
    ? [{ mode: 'ESP', amount: total }]
    : [
        { mode: 'ESP', amount: given },
        { mode: 'ESP', amount: total - given },
      ]
}

const requests = []
let now = 0
const at = (day, clock, minutes = 0) => (now = Date.parse(`${day}T${clock}:00+01:00`) + minutes * 60_000)
const stamp = (ms) => `${new Date(ms + 3_600_000).toISOString().slice(0, 19)}+01:00`
const staff = { OP: { operatorId: 'OP-2', operatorName: 'Nolwenn' }, CHEF: { operatorId: 'CHEF', operatorName: 'Marguerite' } }
function add({ type, key, by = 'OP', ...rest }) {
  now += (20 + Math.floor(random() * 70)) * 1000
  requests.push({ type, key, ...staff[by], posMoment: stamp(now), ...rest })
  return requests.at(-1)
}

let bill = 0
function table(evening, extra = []) {
  const lines = [...order(evening), ...extra]
  const name = String(1 + Math.floor(random() * 16))
  bill += 1
  const reference = random() < 0.9 ? { reference: `NOTE-${bill}` } : {}
  if (reference.reference !== undefined) {
    add({ type: 'note', key: `NOTE-${bill}`, table: name, lines })
    now += (1 + Math.floor(random() * 4)) * 60_000
  }
  return add({ type: 'ticket', key: `TABLE-${bill}`, table: name, lines, payments: paymentsOf(totalOf(lines)), ...reference })
}

// Sales spread over a service, each with its own moment.
function service(day, from, hours, count, evening, along = {}) {
  const step = (hours * 60) / count
  for (let n = 0; n < count; n++) {
    at(day, from, Math.round(n * step + random() * step * 0.6))
    const sale = table(evening, along[n]?.extra)
    along[n]?.after?.(sale)
  }
}

const mirror = (line) => ({ ...line, quantity: -line.quantity, total: -line.total })
const back = (payments) => payments.map(({ mode, amount }) => ({ mode, amount: -amount }))
const company = { name: 'Chantiers de l’Odet SAS', address: 'Zone du port, 29120 Pont-l’Abbé', siren: '512345678' }
const cancelled = (sale) =>
  add({
    type: 'ticket',
    key: 'ANNULATION-1',
    op: 'cancellation',
    reference: sale.key,
    lines: sale.lines.map(mirror),
    payments: back(sale.payments),
    by: 'CHEF',
  })
const refunded = (sale) => {
  const line = { ...sale.lines[0], quantity: -1, total: -sale.lines[0].unitPrice, originalLine: 1 }
  add({
    type: 'ticket',
    key: 'AVOIR-1',
    op: 'refund',
    reference: sale.key,
    lines: [line],
    payments: [{ mode: 'ESP', amount: line.total }],
    by: 'CHEF',
  })
}
const copied = (sale) => add({ type: 'copy', key: 'DUPLICATA-1', reference: sale.key, reason: 'Note de frais du client' })
const invoiced = (sale) =>
  add({ type: 'invoice', key: 'FACTURE-1', customer: company, covers: [sale.key], lines: sale.lines, by: 'CHEF' })
const moved = (sale) => {
  const { mode, amount } = sale.payments[0]
  add({
    type: 'payment',
    key: 'REGLEMENT-1',
    op: 'transfer',
    reference: sale.key,
    payments: [
      { mode, amount: -amount },
      { mode: 'CHQ', amount },
    ],
    by: 'CHEF',
  })
}

// Tuesday, before opening: a new waiter learns the till.
at(DAYS[0], '10:00')
add({ type: 'start', key: 'MISE-EN-SERVICE', by: 'CHEF' })
add({ type: 'training', key: 'ECOLE-DEBUT', on: true, responsible: 'CHEF', by: 'CHEF' })
for (let n = 1; n <= 4; n++) {
  const lines = order(false)
  add({ type: n === 3 ? 'note' : 'ticket', key: `ECOLE-${n}`, lines, ...(n !== 3 && { payments: paymentsOf(totalOf(lines)) }) })
  now += 600_000
}
add({ type: 'training', key: 'ECOLE-FIN', on: false, by: 'CHEF' })

DAYS.forEach((day, i) => {
  at(day, '11:40')
  add({
    type: 'payment',
    key: `FOND-${i + 1}`,
    op: 'cash-in',
    reason: 'Fond de caisse',
    payments: [{ mode: 'ESP', amount: '200.00' }],
    by: 'CHEF',
  })
  const noon = Math.round(TABLES[i] * 0.4)
  const sunday = i === 5
  service(day, '12:05', 2.5, noon, false, {
    ...(i === 0 && { 5: { after: copied } }),
    ...(i === 1 && { 2: { after: cancelled }, 6: { after: refunded } }),
    ...(i === 3 && { 4: { after: moved } }),
  })
  if (i === 1) {
    // A table for twenty next Friday: a deposit is invoiced when it is paid.
    const lines = [{ label: 'Acompte repas de groupe du 27 février', total: '150.00', rateBp: 1000, nature: 'D' }]
    add({
      type: 'invoice',
      key: 'ACOMPTE-1',
      op: 'deposit',
      customer: company,
      lines,
      payments: [{ mode: 'VIR', amount: '150.00' }],
      by: 'CHEF',
    })
  }
  at(day, '15:10')
  add({ type: 'closing', key: `SERVICE-${i + 1}`, kind: 'shift' })
  if (!sunday) {
    service(day, '19:05', 4.6, TABLES[i] - noon, true, {
      ...(i === 2 && { 1: { after: invoiced } }),
      ...(i === 3 && { 3: { extra: [{ label: 'Pourboire', total: 500, nature: 'T' }] } }),
      ...(i === 4 && { 6: { extra: [{ label: 'Bon cadeau', total: 6000, nature: 'V' }] } }),
    })
    if (i === 3) {
      const lines = [
        lineOf(dinner[5], 20),
        lineOf(cellar[1], 7),
        { label: 'Acompte versé', total: '-150.00', rateBp: 1000, nature: 'D' },
      ]
      const amount = 20 * 3400 + 7 * 3200 - 15_000
      add({ type: 'invoice', key: 'FACTURE-2', customer: company, lines, payments: [{ mode: 'CRE', amount }], by: 'CHEF' })
    }
  }
  // Closed after midnight; the day ends at five in the morning.
  if (sunday) {
    at(day, '15:40')
    add({
      type: 'payment',
      key: 'ENCAISSEMENT-1',
      op: 'collection',
      reference: 'FACTURE-2',
      payments: [{ mode: 'VIR', amount: '754.00' }],
      by: 'CHEF',
    })
  } else at(day, '23:55', 20)
  add({ type: 'closing', key: `JOUR-${i + 1}`, kind: 'day', by: 'CHEF' })
  if (i === 4) add({ type: 'closing', key: 'MOIS-2', kind: 'month', by: 'CHEF' })
})

const out = fileURLToPath(new URL('restaurant-week.jsonl', import.meta.url))
writeFileSync(out, `${requests.map((request) => JSON.stringify(request)).join('\n')}\n`)
process.stdout.write(`${requests.length} requests, ${bill} tables, seed ${SEED}\n`)
