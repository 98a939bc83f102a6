// Writes vectors/it: worked cases of the Italian rules. Shares no code with the library: bases are computed with exact fractions,
// check characters from the written rule. `--check` compares instead of writing.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const half = (n, d) => {
  const [sign, m] = n < 0n ? [-1n, -n] : [1n, n]
  const [q, r] = [m / d, m % d]
  return Number(sign * (2n * r >= d ? q + 1n : q)) + 0
}
const base = (gross, rate) => (rate === null ? gross : half(BigInt(gross) * 10000n, 10000n + BigInt(rate)))
const NAMES = ['returns', 'voids', 'suspended', 'services', 'invoice', 'health', 'gifts']

const rows = []
const row = (id, comment, group, given) => {
  const rate = /^\d+$/.test(group) ? Number(group) : null
  const all = { sales: 0, ...Object.fromEntries(NAMES.map((name) => [name, 0])), ...given }
  const partial = all.sales - NAMES.filter((name) => name !== 'gifts').reduce((sum, name) => sum + all[name], 0)
  const result = {
    group,
    ...(rate !== null && { tax: partial - base(partial, rate) }),
    amount: base(all.sales, rate),
    partial: base(partial, rate),
  }
  for (const name of NAMES) if (base(all[name], rate) !== 0) result[name] = base(all[name], rate)
  rows.push({ id, comment, flags: ['valid'], input: { group, accumulators: all }, result })
  const wrong = { cent: { ...result, amount: result.amount + 1 }, 'cent-less': { ...result, partial: result.partial - 1 } }
  for (const [name, claimed] of Object.entries(wrong))
    rows.push({
      id: `${id}-${name}`,
      comment: `${comment}; ${name}`,
      flags: ['invalid'],
      input: { group, accumulators: all, claimed },
      result: { accepted: false },
    })
}
row('gross-257020-at-1000', 'the tax is what is left of the gross: 233.65, not 233.66', '1000', { sales: 257020 })
row('deposit-redeemed', 'goods deposit of 50 redeemed', '2200', { sales: 10000, suspended: 5000 })
row('same-day-annulment', 'sold and annulled on one day', '2200', { sales: 25000, voids: 25000 })
row('earlier-day-annulment', 'annulment of an earlier day alone', '2200', { voids: 25000 })
row('gift', 'a gift keeps its VAT', '2200', { sales: 25000, gifts: 10000 })
row('services-open', 'services not collected, half a cent up', '400', { sales: 5000, services: 167 })
row('nature', 'a nature has no tax', 'N4', { sales: 10000, services: 333 })
row('apportioned', 'apportioned takings have no tax either', 'VI', { sales: 30000 })
row('largest', 'the largest amount of a message', '2200', { sales: 9999999999999 })
for (let i = 1; i <= 60; i++)
  row(`swept-${i}`, `cents swept at ${i} cents`, ['2200', '1000', '500', '400'][i % 4], {
    sales: i * 7919,
    returns: i * 31,
    voids: i * 17,
    gifts: i * 3,
  })

const ids = []
const id = (name, kind, value, accepted) =>
  ids.push({
    id: name,
    comment: `${kind} ${value}`,
    flags: [accepted === null ? 'invalid' : 'valid', kind],
    input: { value },
    result: accepted === null ? { accepted: false } : { accepted: true, value: accepted },
  })
const luhn = (ten) => {
  let sum = 0
  for (const [i, char] of [...ten].entries()) {
    const doubled = Number(char) * 2
    sum += i % 2 === 0 ? Number(char) : doubled > 9 ? doubled - 9 : doubled
  }
  return String((10 - (sum % 10)) % 10)
}
const ODD = Object.fromEntries(
  [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'].map((char, i) => [
    char,
    [
      1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
      23,
    ][i],
  ]),
)
const letter = (first) => {
  let sum = 0
  for (const [i, char] of [...first].entries())
    sum += i % 2 === 0 ? ODD[char] : /\d/.test(char) ? Number(char) : char.charCodeAt(0) - 65
  return String.fromCharCode(65 + (sum % 26))
}
for (let i = 0; i < 20; i++) {
  const ten = String(1234567890 + i * 987654321)
    .slice(-10)
    .padStart(10, '0')
  const right = ten + luhn(ten)
  id(`vat-${i}`, 'vat', right, right)
  id(`vat-${i}-prefixed`, 'vat', `IT${right}`, right)
  for (let off = 1; off < 4; off++) id(`vat-${i}-off-${off}`, 'vat', ten + String((Number(right[10]) + off) % 10), null)
}
for (const [i, bad] of [
  '00000000000',
  'FR01234567897',
  '0123456789',
  '012345678977',
  'IT',
  '',
  'ITIT01234567897',
  '0123456789A',
].entries())
  id(`vat-bad-${i}`, 'vat', bad, null)
for (const [i, first] of [
  'RSSMRA80A01H501',
  'BNCLCU75T41F205',
  'RSSMRAULALMHRLM',
  'VRDGPP99E71Z404',
  'ITLMRA80A01H501',
].entries()) {
  const right = first + letter(first)
  id(`person-${i}`, 'person', right, right)
  id(`person-${i}-lower`, 'person', right.toLowerCase(), right)
  for (let off = 1; off < 4; off++)
    id(`person-${i}-off-${off}`, 'person', first + String.fromCharCode(65 + ((right.charCodeAt(15) - 65 + off) % 26)), null)
}
for (const [name, first] of [
  ['day-00', 'RSSMRA80A00H501'],
  ['day-32', 'RSSMRA80A32H501'],
  ['day-40', 'RSSMRA80A40H501'],
  ['day-72', 'RSSMRA80A72H501'],
  ['month-F', 'RSSMRA80F01H501'],
  ['omocodia-K', 'RSSMRA80A01H50K'],
])
  id(`person-${name}`, 'person', first + letter(first), null)

const files = {
  closings: [
    'One VAT group of a closing: VAT-inclusive accumulators in cents → figures. `claimed` figures must not come out.',
    rows,
  ],
  identifiers: ['VAT numbers and tax codes of persons, with their check characters.', ids],
}
const folder = fileURLToPath(new URL('../vectors/it/', import.meta.url))
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
