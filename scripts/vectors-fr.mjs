// Writes vectors/fr: worked cases of the French rules. Shares no code with the library: strings are put together here field by
// field from the written order, VAT is computed with exact fractions. `--check` compares instead of writing.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const sha256 = (text) => createHash('sha256').update(text, 'utf8').digest('hex')
const SIG = 'q7Xb0T2mN4kLw9ZsR1yVtE8uPcJhD5aFgO3iBxQfKe6MnAzYvSdWjUrHlTpCoGi_-0123456789abcdefghijk'
const SIRET = '12345678900012'
const TILL = 'CAISSE-01'
const context = (profile, alg = 0, abs = 0) => ({ profile, siret: SIRET, till: TILL, perpetual: { alg, abs } })

const strings = []
const add = (id, comment, type, payload, profile, fields, more = {}) => {
  const { alg = 0, abs = 0, previous, school } = more
  const ds = [...fields, previous === undefined ? 'N' : 'Y', previous ?? ''].join(',')
  const input = {
    type,
    payload,
    context: context(profile, alg, abs),
    ...(previous !== undefined && { previous }),
    ...(school && { school }),
  }
  strings.push({ id, comment, flags: ['valid', profile], input, result: { ds, sha256: sha256(ds) } })
  for (const [name, wrong] of damaged(ds)) {
    strings.push({
      id: `${id}-${name}`,
      comment: `${comment}; ${name}`,
      flags: ['invalid', profile],
      input: { ...input, claimed: wrong },
      result: { accepted: false },
    })
  }
}
const damaged = (ds) => [
  ['flag-turned', ds.includes(',Y,') ? ds.replace(',Y,', ',N,') : ds.replace(/,N,$/, ',Y,')],
  ['comma-lost', ds.replace(/,([^,]*)$/, '$1')],
]

const vat = {
  2000: { ttc: 1200, ht: 1000, vat: 200 },
  1000: { ttc: 1100, ht: 1000, vat: 100 },
  550: { ttc: 420, ht: 398, vat: 22 },
}
const three = '2000:1200|1000:1100|0550:420'
const base = { number: 1, moment: '20261123101530', operator: 'OP-7' }
const ticket = { ...base, op: 'sale', vat, total: 2720, ht: 2398, tax: 322, pay: { ESP: 3000, CB: -280 }, lines: [{}, {}, {}] }
const refund = {
  ...base,
  number: 2,
  moment: '20261123101902',
  op: 'refund',
  vat: { 2000: { ttc: -1200, ht: -1000, vat: -200 } },
  total: -1200,
  ht: -1000,
  tax: -200,
  pay: { ESP: -1200 },
  lines: [{}],
}
const dayVat = { 2000: { ttc: 0, ht: 0, vat: 0 }, 1000: { ttc: 1100, ht: 1000, vat: 100 }, 550: { ttc: 420, ht: 398, vat: 22 } }
const day = {
  ...base,
  moment: '20261123220000',
  kind: 'day',
  from: '20261123101530',
  to: '20261123101902',
  vat: dayVat,
  total: 1520,
  ht: 1398,
  tax: 122,
  pay: { CB: 320, ESP: 1200 },
}
const event = { ...base, moment: '20261123100000', code: 80, info: 'Ouverture de caisse' }
const copy = { ...base, moment: '20261123103000', copy: 1, till: TILL, original: { type: 'ticket', op: 'sale', number: 1 } }
const cash = { ...base, moment: '20261123095500', op: 'cash-in', pay: { ESP: 5000 }, total: 5000 }
const MANIFEST = '5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592'
const archive = { ...base, moment: '20261123221500', kind: 'period', vat: dayVat, total: 1520, manifest: MANIFEST }

const NF = 'nf525-1'
add('nf-ticket', 'a sale at three rates', 'ticket', ticket, NF, [three, 2720, '20261123101530', TILL, 1, 'VENTE'])
add('nf-refund', 'a refund behind it', 'ticket', refund, NF, ['2000:-1200', -1200, '20261123101902', TILL, 2, 'AVOIR'], {
  previous: SIG,
})
add(
  'nf-cancellation',
  'a cancellation',
  'ticket',
  { ...refund, op: 'cancellation' },
  NF,
  ['2000:-1200', -1200, '20261123101902', TILL, 2, 'ANNUL'],
  { previous: SIG },
)
add('nf-invoice', 'an invoice', 'invoice', { ...ticket, op: 'invoice' }, NF, [three, 2720, '20261123101530', TILL, 1, 'FACT'])
add('nf-deposit', 'a deposit invoice', 'invoice', { ...ticket, op: 'deposit' }, NF, [
  three,
  2720,
  '20261123101530',
  TILL,
  1,
  'ACPT',
])
add(
  'nf-credit',
  'a credit note',
  'invoice',
  { ...refund, op: 'credit' },
  NF,
  ['2000:-1200', -1200, '20261123101902', TILL, 2, 'AVFA'],
  { previous: SIG },
)
add('nf-note', 'a note', 'note', { ...ticket, op: 'note', pay: {} }, NF, [three, 2720, '20261123101530', TILL, 1, 'NOTE'])
add('nf-empty', 'only lines outside turnover', 'ticket', { ...ticket, vat: {}, total: 0, ht: 0, tax: 0 }, NF, [
  '0000:0',
  0,
  '20261123101530',
  TILL,
  1,
  'VENTE',
])
add('nf-payment', 'cash in', 'payment', cash, NF, ['ESP:5000', 5000, '20261123095500', TILL, 1, 'ENTREE'])
add('nf-transfer', 'modes ascending', 'payment', { ...cash, op: 'transfer', pay: { ESP: -100, CB: 100 }, total: 0 }, NF, [
  'CB:100|ESP:-100',
  0,
  '20261123095500',
  TILL,
  1,
  'TRANSF',
])
add(
  'nf-day',
  'a day closing',
  'closing',
  day,
  NF,
  ['2000:0|1000:1100|0550:420', 1520, 1520, 3920, '20261123220000', '20261123101530|20261123101902', 1, 'JOUR'],
  { alg: 1520, abs: 3920 },
)
add('nf-event', 'an event', 'event', event, NF, [1, 80, 'Ouverture de caisse', '20261123100000', 'OP-7', TILL])
add(
  'nf-event-text',
  'separators and controls in the text become one space',
  'event',
  { ...event, info: ' a,b|c:d\u0007\n e ' },
  NF,
  [1, 80, 'a b c d e', '20261123100000', 'OP-7', TILL],
)
add('nf-copy', 'a duplicate', 'copy', copy, NF, [TILL, 1, 'VENTE', 1, 'OP-7', '20261123103000', TILL, 1])
add('nf-archive', 'an archive', 'archive', archive, NF, [
  '2000:0|1000:1100|0550:420',
  1520,
  '20261123221500',
  TILL,
  'PERIODE',
  MANIFEST,
])
add(
  'nf-school',
  'a sale in school mode',
  'ticket',
  { ...ticket, number: 9 },
  NF,
  [three, 2720, '20261123101530', TILL, 9, 'ECOLE-VENTE'],
  { previous: SIG, school: true },
)
add(
  'nf-school-event',
  'an event in school mode',
  'event',
  event,
  NF,
  [1, 'ECOLE-80', 'Ouverture de caisse', '20261123100000', 'OP-7', TILL],
  { school: true },
)

const LNE = 'lne-1'
add(
  'lne-ticket',
  'a sale at three rates',
  'ticket',
  ticket,
  LNE,
  [SIRET, TILL, 'VENTE', 1, '20261123101530', 'OP-7', 3, three, 2398, 322, 2720, 'CB:-280|ESP:3000', 2720],
  { alg: 2720 },
)
add(
  'lne-refund',
  'a refund behind it',
  'ticket',
  refund,
  LNE,
  [SIRET, TILL, 'AVOIR', 2, '20261123101902', 'OP-7', 1, '2000:-1200', -1000, -200, -1200, 'ESP:-1200', 1520],
  { alg: 1520, abs: 3920, previous: SIG },
)
add('lne-note', 'a note', 'note', { ...ticket, op: 'note', pay: {} }, LNE, [
  SIRET,
  TILL,
  'NOTE',
  1,
  '20261123101530',
  'OP-7',
  3,
  three,
  2398,
  322,
  2720,
])
add('lne-payment', 'cash in', 'payment', cash, LNE, [SIRET, TILL, 'ENTREE', 1, '20261123095500', 'OP-7', 'ESP:5000', 5000])
add(
  'lne-day',
  'a day closing',
  'closing',
  day,
  LNE,
  [
    SIRET,
    TILL,
    'JOUR',
    1,
    '20261123220000',
    'OP-7',
    '20261123101530|20261123101902',
    '2000:0|1000:1100|0550:420',
    1398,
    122,
    1520,
    'CB:320|ESP:1200',
    1520,
    3920,
  ],
  { alg: 1520, abs: 3920 },
)
add('lne-event', 'an event', 'event', event, LNE, [SIRET, TILL, 1, 80, 'Ouverture de caisse', '20261123100000', 'OP-7'])
add('lne-copy', 'a duplicate', 'copy', copy, LNE, [SIRET, TILL, 1, 'VENTE', TILL, 1, 1, 'OP-7', '20261123103000'])
add(
  'lne-archive',
  'an archive',
  'archive',
  archive,
  LNE,
  [SIRET, TILL, 'PERIODE', 1, '20261123221500', 'OP-7', '2000:0|1000:1100|0550:420', 1520, 1520, 3920, MANIFEST],
  { alg: 1520, abs: 3920 },
)

// Exact fractions: VAT of a rate rounded half away from zero, shared by the largest remainder, ties to the first line.
const roundHalfAway = (n, d) => {
  const m = n < 0n ? -n : n
  const r = (2n * m + d) / (2n * d)
  return n < 0n ? -r : r
}
function vatOf(lines) {
  const rates = {}
  for (const { rate } of lines) {
    const own = lines.map((line, i) => ({ ...line, i })).filter((line) => line.rate === rate)
    const d = BigInt(10000 + rate)
    const total = roundHalfAway(own.reduce((sum, { ttc }) => sum + BigInt(ttc), 0n) * BigInt(rate), d)
    const shares = own.map(({ ttc, i }) => ({ i, cut: (BigInt(ttc) * BigInt(rate)) / d, rest: (BigInt(ttc) * BigInt(rate)) % d }))
    let left = total - shares.reduce((sum, { cut }) => sum + cut, 0n)
    const sign = left < 0n ? -1n : 1n
    for (const share of shares
      .filter(({ rest }) => rest * sign > 0n)
      .sort((a, b) => Number((b.rest - a.rest) * sign) || a.i - b.i)) {
      if (left === 0n) break
      share.cut += sign
      left -= sign
    }
    rates[rate] = { total: Number(total), shares }
  }
  const out = []
  for (const { shares } of Object.values(rates)) for (const { i, cut } of shares) out[i] = Number(cut)
  return { lines: out, vat: Object.fromEntries(Object.entries(rates).map(([rate, { total }]) => [rate, total])) }
}

const vatCases = []
const vatCase = (id, comment, lines) => {
  const result = vatOf(lines)
  vatCases.push({ id, comment, flags: ['valid'], input: { lines }, result })
  const claimed = Object.fromEntries(Object.entries(result.vat).map(([rate, value]) => [rate, value + 1]))
  const truncated = Object.fromEntries(
    Object.keys(result.vat).map((rate) => [
      rate,
      Math.trunc(
        lines.filter((line) => line.rate === Number(rate)).reduce((sum, { ttc }) => sum + ttc, 0) * (Number(rate) / 10000),
      ),
    ]),
  )
  vatCases.push({
    id: `${id}-cent`,
    comment: `${comment}; a cent too much`,
    flags: ['invalid'],
    input: { lines, claimed },
    result: { accepted: false },
  })
  if (JSON.stringify(truncated) !== JSON.stringify(result.vat)) {
    vatCases.push({
      id: `${id}-added`,
      comment: `${comment}; VAT added on top instead of taken out`,
      flags: ['invalid'],
      input: { lines, claimed: truncated },
      result: { accepted: false },
    })
  }
}
const one = (ttc, rate) => vatCase(`one-${ttc}-at-${rate}`, `${ttc} cents at ${rate / 100} %`, [{ ttc, rate }])
for (const [ttc, rate] of [
  [420, 550],
  [999, 2000],
  [-999, 2000],
  [3, 2000],
  [210, 210],
  [1000, 850],
  [1000, 1300],
  [1000, 90],
  [1000, 175],
  [1000, 105],
  [99999999999, 2000],
  [-1, 2000],
  [1, 550],
])
  one(ttc, rate)
vatCase(
  'thirds',
  'three lines share 1.67',
  [333, 333, 334].map((ttc) => ({ ttc, rate: 2000 })),
)
vatCase(
  'thirds-refunded',
  'the refund mirrors it',
  [-333, -333, -334].map((ttc) => ({ ttc, rate: 2000 })),
)
vatCase('mixed-signs', 'a returned item on a sale', [
  { ttc: 1999, rate: 2000 },
  { ttc: -333, rate: 2000 },
  { ttc: 7, rate: 2000 },
])
vatCase('rates', 'rates do not mix', [
  { ttc: 333, rate: 2000 },
  { ttc: 333, rate: 550 },
  { ttc: 334, rate: 2000 },
  { ttc: 100, rate: 1000 },
])

const amounts = []
const amount = (value, result) =>
  amounts.push({
    id: `${typeof value} ${value}`,
    comment: 'an amount as a request gives it',
    flags: [result.accepted ? 'valid' : 'invalid'],
    input: { amount: value },
    result,
  })
for (const [value, cents] of [
  [30, 30],
  ['30', 3000],
  ['0.30', 30],
  ['-12.5', -1250],
  ['0', 0],
  ['-0.00', 0],
  [0, 0],
  ['999999999.99', 99999999999],
])
  amount(value, { accepted: true, cents })
for (const value of ['10.005', '0.001', '-1.999']) amount(value, { accepted: false, code: 'FR_AMOUNT_PRECISION' })
for (const value of [
  0.30000000000000004,
  1.5,
  1e21,
  '',
  '1,50',
  '1e2',
  '+1',
  ' 1',
  '.5',
  '5.',
  '0x10',
  '1 000',
  '€1',
  '9999999999.99',
  'NaN',
])
  amount(value, { accepted: false, code: 'REQUEST_INVALID' })

const files = {
  'data-strings': ['Signed data strings in both signing profiles. `claimed` strings are damaged and must not come out.', strings],
  vat: ['VAT inside amounts, by rate and by line, in cents. `claimed` amounts must not come out.', vatCases],
  amounts: ['Amounts at the border: an integer is cents, a string is euros.', amounts],
}
const folder = fileURLToPath(new URL('../vectors/fr/', import.meta.url))
mkdirSync(folder, { recursive: true })
let differs = false
for (const [name, [comment, tests]] of Object.entries(files)) {
  const text = `${JSON.stringify({ schema: '../schema.json', comment, tests }, null, 1)}\n`
  const path = `${folder}${name}.json`
  if (process.argv.includes('--check')) {
    if (readFileSync(path, 'utf8') !== text) {
      differs = true
      process.stderr.write(`${path} differs\n`)
    }
  } else writeFileSync(path, text)
}
process.exit(differs ? 1 : 0)
