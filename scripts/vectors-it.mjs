// Writes vectors/it: worked cases of the Italian rules. Shares no code with the library: bases are computed with exact fractions,
// check characters from the written rule. `--check` compares instead of writing.
import { createHash, createHmac } from 'node:crypto'
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

// The till side of both server protocols: simple documents, one line each, written out by hand, sealed by the platform.
const chains = []
const KEY = createHash('sha256').update('vectors/it keyed chain').digest('base64')
const sealKeyed = (text) => {
  const shaMetadata = createHash('sha256').update(text, 'utf8').digest('base64')
  const signature = createHmac('sha256', Buffer.from(KEY, 'base64')).update(shaMetadata, 'ascii').digest('base64')
  return { shaMetadata, signature }
}
const money = (cents) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
const column = (text, code, cents) => text.padEnd(20) + code.padStart(6) + money(cents).replace('.', ',').padStart(14)
const PAID = { cash: ['1', 'PAGAMENTO CONTANTE'], electronic: ['2', 'PAGAM. ELETTRONICO'] }
const keyedText = ({ kind, text, cents, rate, paid, reference, lottery }, { till, moment, z, n, previous, grandTotal }) => {
  const refer = {
    sale: [-1, -1, null, null, null],
    known: [reference?.z, reference?.n, `${reference?.date} 00:00:00`, reference?.matricola ?? null, reference?.till ?? till],
    return: [0, 0, `${moment.slice(0, 10)} 00:00:00`, null, 'ND'],
    void: [-1, -1, `${moment.slice(0, 10)} 00:00:00`, null, 'ND'],
  }[kind === 'sale' ? 'sale' : reference.z === undefined ? kind : 'known']
  const common = { fiscalvoid: '0', signid: '1' }
  const document = {
    cashuuid: till,
    doctype: { sale: 1, return: 3, void: 5 }[kind],
    dtime: moment,
    docnumber: n,
    docznumber: z,
    amount: cents,
    fiscalcode: '',
    vatcode: '',
    fiscaloperator: '',
    businessname: null,
    prevSignature: previous,
    type_signature_id: '1',
    grandTotal,
    referenceClosurenumber: refer[0],
    referenceDocnumber: refer[1],
    referenceDtime: refer[2],
    refSerialNum: refer[3],
    referenceCashuuid: refer[4],
    errSignature: null,
    err_number: null,
    err_znumber: null,
    ...(lottery && { lottery_client_code: lottery }),
  }
  const sold = {
    type: '1',
    description: column(text, `${rate / 100}%`, cents),
    amount: `${cents}`,
    quantity: '1000',
    unitprice: `${cents}`,
    vatvalue: `${rate}`,
    ...common,
    paymentid: '',
    plu: '',
    department: '',
    vatcode: '',
    service: '0',
    businesscode: '',
  }
  const payment = {
    type: '5',
    description: column(PAID[paid][1], '', cents),
    amount: `${cents}`,
    quantity: '1000',
    unitprice: '',
    vatvalue: '',
    ...common,
    paymentid: PAID[paid][0],
    plu: '',
    department: '',
    vatcode: null,
    service: '0',
    businesscode: '',
  }
  const tax = {
    gross: cents,
    tax: cents - base(cents, rate),
    vatvalue: rate,
    vatcode: '',
    businesscode: null,
    additional_tax_data: [],
  }
  return JSON.stringify({ document, items: [sold, payment], taxs: [tax] })
}
const keylessText = ({ kind, text, cents, rate, paid, reference }, { till, matricola, moment, z, n, fingerPrint, daily }) => {
  const [four, zero] = [(number) => String(number).padStart(4, '0'), '0.00']
  const compact = moment.slice(0, 19).replaceAll('-', '').replaceAll(':', '')
  const docType = { sale: 0, return: 1, void: 3 }[kind]
  const vatID = { 2200: 1, 1000: 2, 400: 3, 500: 4 }[rate]
  const begin =
    kind === 'sale'
      ? '<beginFiscalReceipt />'
      : reference.z === undefined
        ? `<beginFiscalReceipt docType="${docType}" refDateTime="${compact}" refRefundVoidType="${reference.other}" />`
        : `<beginFiscalReceipt docType="${docType}" refZRepNum="${four(reference.z)}" refRecNum="${four(reference.n)}" refDateTime="${reference.date.replaceAll('-', '')}T000000" refTillID="${till}" />`
  const [cash, card] = paid === 'cash' ? [money(cents), zero] : [zero, money(cents)]
  const total =
    paid === 'cash'
      ? `<printRecTotal description="Contanti" payment="${money(cents)}" paymentType="0" index="0" />`
      : `<printRecTotal description="Elettronico" payment="${money(cents)}" paymentType="2" index="0" />`
  return (
    `<receipt><hash fingerPrint="${fingerPrint}"/><printerFiscalReceipt>${begin}` +
    `<printRecItem description="${text}" quantity="1" unitPrice="${money(cents)}" vatID="${vatID}" type="B" ateco="0" />${total}` +
    `<fiscalInformation dailyAmount="${money(daily)}" tillId="${till}" zRepNumber="${four(z)}" recNumber="${four(n)}" dateTime="${compact}" ` +
    `recAmount="${money(cents)}" recVAT="${money(cents - base(cents, rate))}" docType="${docType}" cashAmount="${cash}" checkAmount="${zero}" ` +
    `ePayAmount="${card}" ticketAmount="${zero}" changeAmount="${zero}" paidAmount="${money(cents)}" discountPayment="${zero}" ` +
    `noPayAmountGoods="${zero}" noPayAmountServices="${zero}" noPayAmountInvoices="${zero}" noPayAmountSSN="${zero}" ` +
    `rtSerialNumber="${matricola}" srtUtcOffset="${Number(moment.slice(20, 22))}" /><endFiscalReceipt /></printerFiscalReceipt></receipt>`
  )
}
const given = ({ kind, text, cents, rate, paid, reference, lottery }) => ({
  kind,
  lines: [{ description: text, amount: cents, rateBp: rate }],
  payments: [{ kind: paid, amount: cents }],
  ...(kind !== 'sale' && { reference }),
  ...(lottery && { lotteryCode: lottery }),
})
{
  const till = 'TEST0001'
  const matricola = 'ZZVEC000001'
  const documents = [
    { kind: 'sale', text: 'Pane', cents: 250, rate: 400, paid: 'cash' },
    { kind: 'sale', text: 'Caffè à la carte', cents: 99999, rate: 1000, paid: 'electronic', lottery: 'AB12CD34' },
    { kind: 'return', text: 'Pane', cents: 250, rate: 400, paid: 'cash', reference: { z: 8, n: 1, date: '2026-07-14' } },
    { kind: 'void', text: 'Tè', cents: 100, rate: 2200, paid: 'cash', reference: { other: 'ND', date: '2026-07-01' } },
    { kind: 'return', text: 'Libro', cents: 1, rate: 500, paid: 'cash', reference: { other: 'ND', date: '2026-07-02' } },
    { kind: 'sale', text: 'Giornale', cents: 1000000, rate: 2200, paid: 'cash' },
  ]
  let previous = createHash('sha256').update('vectors/it token').digest('base64')
  let fingerPrint = `${matricola}${till}481512026071400080001000000000`
  let [grandTotal, daily] = [987654321, 0]
  for (const [i, document] of documents.entries()) {
    const local = `2026-07-14T18:0${i}:30+02:00`
    const keyed = { till, moment: local.slice(0, 19).replace('T', ' '), z: 8, n: i + 1, previous, grandTotal }
    const text = keyedText(document, keyed)
    const seal = sealKeyed(text)
    const one = (id, flag, input, result, comment) =>
      chains.push({ id, comment, flags: [result.accepted === false ? 'invalid' : 'valid', flag], input, result })
    one(
      `keyed-${i + 1}`,
      'keyed',
      { document: given(document), place: keyed, key: KEY },
      { text, ...seal },
      `${document.kind} number ${i + 1} of the keyed chain`,
    )
    for (const [name, from, to] of [
      ['amount', `"amount":${document.cents}`, `"amount":${document.cents + 1}`],
      ['previous', previous, KEY],
      ['space', '"items":', '"items": '],
    ])
      one(
        `keyed-${i + 1}-${name}`,
        'keyed',
        { text: text.replace(from, to), key: KEY, claimed: seal },
        { accepted: false },
        `the seal of another text: ${name}`,
      )
    previous = seal.signature
    if (document.kind === 'sale') [grandTotal, daily] = [grandTotal + document.cents, daily + document.cents]
    if (document.lottery) document.lottery = undefined
    const keyless = { fingerPrint, till, matricola, z: 8, n: i + 1, moment: local, daily }
    const receipt = keylessText(document, keyless)
    const code = createHash('sha256').update(receipt, 'utf8').digest('hex')
    one(
      `keyless-${i + 1}`,
      'keyless',
      { document: given(document), place: keyless },
      { text: receipt, controlCode: code },
      `${document.kind} number ${i + 1} of the keyless chain`,
    )
    for (const [name, from, to] of [
      ['amount', money(document.cents), money(document.cents + 1)],
      ['chain', fingerPrint, '0'.repeat(64)],
      ['space', ' />', '/>'],
    ])
      one(
        `keyless-${i + 1}-${name}`,
        'keyless',
        { text: receipt.replace(from, to), claimed: code },
        { accepted: false },
        `the control code of another text: ${name}`,
      )
    fingerPrint = code
  }
}

const files = {
  closings: [
    'One VAT group of a closing: VAT-inclusive accumulators in cents → figures. `claimed` figures must not come out.',
    rows,
  ],
  identifiers: ['VAT numbers and tax codes of persons, with their check characters.', ids],
  'till-chains': ['Documents of a till as both protocols of a server want them, byte for byte, with their seals.', chains],
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
