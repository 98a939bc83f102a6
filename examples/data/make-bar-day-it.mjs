// Writes bar-day-it.jsonl: a Friday in an Italian bar, request by request, always the same. Run it again after changing it.
import { writeFileSync } from 'node:fs'

const MENU = [
  ['Caffè', 120, 1000],
  ['Cappuccino', 160, 1000],
  ['Cornetto', 130, 1000],
  ['Spremuta', 350, 1000],
  ['Panino', 550, 1000],
  ['Acqua', 100, 2200],
  ['Birra', 450, 2200],
  ['Spritz', 600, 2200],
]
// A small generator, so that the day is the same on every machine.
let seed = 20_261_120
const upTo = (n) => (seed = (seed * 48_271) % 2_147_483_647) % n
const line = ([description, amount, rateBp], quantity = 1) =>
  quantity === 1 ? { description, amount, rateBp } : { description, quantity, unitPrice: amount, rateBp }
const total = (lines) =>
  lines.reduce((sum, { amount = 0, quantity = 0, unitPrice = 0 }) => sum + amount + quantity * unitPrice, 0)
const sale = (key, lines, payments, more = {}) => ({ type: 'sale', key, lines, payments, ...more })
const cash = (amount) => [{ kind: 'cash', amount }]
const card = (amount) => [{ kind: 'electronic', amount, posId: 'POS-1' }]

function ordinary(n) {
  const lines = Array.from({ length: 1 + upTo(3) }, () => line(MENU[upTo(MENU.length)], 1 + upTo(2)))
  const due = total(lines)
  const key = `BAR-${String(n).padStart(2, '0')}`
  if (n % 3 === 0) return sale(key, lines, cash(Math.ceil(due / 500) * 500))
  return sale(key, lines, card(due), n % 4 === 1 && due >= 100 ? { lotteryCode: `LOTT${String(n).padStart(4, '0')}` } : {})
}

const lunch = [line(['Lasagne', 900, 1000]), line(['Acqua', 100, 2200]), line(['Caffè', 120, 1000])]
const special = {
  1: sale('COLAZIONE', [line(MENU[0]), line(MENU[2])], cash(500)),
  9: sale('PRANZO-LOTTERIA', lunch, card(1120), { lotteryCode: 'VINC1TRE' }),
  11: sale('PRANZO-BUONI', lunch, [{ kind: 'ticket', amount: 800, count: 1 }, ...cash(320)]),
  13: sale('PRANZO-FATTURA', lunch, [{ kind: 'uncollected', amount: 1120, of: 'invoice' }], { customer: { vat: '09876543217' } }),
  15: sale('SCONTO', [line(MENU[6], 4), { kind: 'discount', description: 'Happy hour', amount: 300 }], card(1500)),
  17: { type: 'return', key: 'RESO', lines: [line(MENU[6])], reference: { key: 'SCONTO' } },
  19: { type: 'void', key: 'ANNULLO', reference: { key: 'PRANZO-LOTTERIA' } },
  21: sale('SBAGLIATO', [line(MENU[7])], card(500)),
  39: sale('ULTIMO', [line(MENU[7], 2), line(MENU[4])], card(1750), { lotteryCode: 'NOTT3F0N' }),
}
const day = Array.from({ length: 39 }, (_, i) => special[i + 1] ?? ordinary(i + 1))
writeFileSync(new URL('bar-day-it.jsonl', import.meta.url), day.map((request) => `${JSON.stringify(request)}\n`).join(''))
