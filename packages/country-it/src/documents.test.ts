// Documents: every refusal with its path, references, customers, payments, paper.
import { isFiscalError } from '@sigillo/core'
import { describe, expect, it } from 'vitest'
import { card, cash, line, openDevice, type TestDevice } from './device.fixture.js'
import { natures } from './groups.js'
import { printLines } from './print.js'
import { parseRequest } from './request.js'
import { checkLetter, taxCode, vatNumber } from './tax-id.js'

const sale = (lines: readonly object[], payments: readonly object[], more: object = {}): object => ({
  type: 'sale',
  lines,
  payments,
  ...more,
})
const ok = [line(1000, 2200)]

describe('documents', () => {
  const refusals: readonly (readonly [string, object, string, string | undefined])[] = [
    ['no lines', sale([], []), 'IT_EMPTY_DOCUMENT', 'lines'],
    ['only text', sale([{ kind: 'text', description: 'ciao' }], []), 'IT_EMPTY_DOCUMENT', 'lines'],
    ['unknown rate', sale([line(1000, 2100)], [cash(1000)]), 'IT_VAT_GROUP', 'lines[0].rateBp'],
    ['rate zero', sale([line(1000, 0)], [cash(1000)]), 'IT_VAT_GROUP', 'lines[0].rateBp'],
    ['sub-code', sale([line(1000, 'N2.1')], [cash(1000)]), 'IT_VAT_GROUP', 'lines[0].nature'],
    ['nature outside', sale([line(1000, 'N7')], [cash(1000)]), 'IT_VAT_GROUP', 'lines[0].nature'],
    ['rate and nature', sale([line(1000, 2200, { nature: 'N1' })], [cash(1000)]), 'IT_VAT_GROUP', 'lines[0]'],
    ['no group', sale([{ description: 'x', amount: 1 }], [cash(1)]), 'IT_VAT_GROUP', 'lines[0]'],
    ['activity while off', sale([line(1000, 2200, { activity: 5 })], [cash(1000)]), 'IT_VAT_GROUP', 'lines[0].activity'],
    ['three decimals', sale([line('10.005', 2200)], [cash(1000)]), 'IT_AMOUNT', 'lines[0].amount'],
    ['beyond range', sale([line(10_000_000_000_000, 2200)], [cash(1)]), 'IT_AMOUNT', 'lines[0].amount'],
    ['negative sale line', sale([line(-1000, 2200)], [cash(1)]), 'IT_AMOUNT', 'lines[0].amount'],
    ['payment of three decimals', sale(ok, [cash('10.000')]), 'IT_AMOUNT', 'payments[0].amount'],
    ['line total', sale([line(1002, 2200, { quantity: '2', unitPrice: 500 })], [cash(1002)]), 'IT_LINE_TOTAL', 'lines[0].amount'],
    [
      'four places of quantity',
      sale([line(1000, 2200, { quantity: '0.0001' })], [cash(1000)]),
      'IT_LINE_TOTAL',
      'lines[0].quantity',
    ],
    ['negative total', sale([line(1000, 2200), line(1001, 2200, { kind: 'discount' })], []), 'IT_NEGATIVE_TOTAL', 'lines'],
    ['not settled', sale(ok, [cash(999)]), 'IT_PAYMENTS', 'payments'],
    ['nothing paid', sale(ok, []), 'IT_PAYMENTS', 'payments'],
    ['card above due', sale(ok, [card(1001)]), 'IT_CHANGE', 'payments'],
    ['cheque above due beside a coin', sale(ok, [{ kind: 'cheque', amount: 1001 }, cash(1)]), 'IT_CHANGE', 'payments'],
    [
      'discount above its group',
      sale([line(1000, 2200), line(10, 400), line(11, 400, { kind: 'discount' })], [cash(999)]),
      'IT_NEGATIVE_TOTAL',
      'lines',
    ],
    ['cheque above due', sale(ok, [{ kind: 'cheque', amount: 1001 }]), 'IT_CHANGE', 'payments'],
    ['change on a card', sale(ok, [cash(1100), card(-100)]), 'IT_CHANGE', 'payments[1].amount'],
    ['rounding while off', sale([line(1002, 2200)], [cash(1000)], { rounding: -2 }), 'IT_ROUNDING', 'rounding'],
    ['tax code', sale(ok, [cash(1000)], { customer: { taxCode: 'RSSMRA80A01H501X' } }), 'IT_CUSTOMER_ID', 'customer.taxCode'],
    ['VAT number', sale(ok, [cash(1000)], { customer: { vat: '01234567890' } }), 'IT_CUSTOMER_ID', 'customer.vat'],
    [
      'both identifiers',
      sale(ok, [cash(1000)], { customer: { vat: '01234567897' }, lotteryCode: 'ABCD1234' }),
      'IT_LOTTERY_EXCLUSIVE',
      'lotteryCode',
    ],
    ['lottery code', sale(ok, [cash(1000)], { lotteryCode: 'ABC-1234' }), 'IT_LOTTERY_CODE', 'lotteryCode'],
    ['unknown original', { type: 'void', reference: { z: 1, n: 9 } }, 'IT_REFERENCE_NOT_FOUND', 'reference'],
    ['unknown key', { type: 'return', lines: ok, reference: { key: 'nothing' } }, 'IT_REFERENCE_NOT_FOUND', 'reference'],
    ['unknown member', sale(ok, [cash(1000)], { colour: 'red' }), 'REQUEST_INVALID', 'colour'],
    ['unknown member inside', sale([line(1000, 2200, { colour: 'red' })], [cash(1000)]), 'REQUEST_INVALID', 'lines[0].colour'],
    ['till of another', sale(ok, [cash(1000)], { till: '00010001' }), 'IT_TILL_UNKNOWN', 'till'],
    ['other number', sale(ok, [cash(1000)], { number: { z: 1, n: 7 } }), 'IT_TILL_NUMBER', 'number'],
    ['meal voucher without count', sale(ok, [{ kind: 'ticket', amount: 1000 }]), 'REQUEST_INVALID', 'payments[0].count'],
  ]
  it('IT-61 each refusal has its code and path and leaves numbers and journal untouched', async () => {
    const device = await openDevice()
    await device.sell(ok, [cash(1000)])
    const before = [device.queue.head().seq, JSON.stringify(device.state())]
    for (const [name, request, code, path] of refusals) expect(await device.refused(request), name).toEqual({ code, path })
    expect([device.queue.head().seq, JSON.stringify(device.state())]).toEqual(before)
    expect(((await device.sell(ok, [cash(1000)])).answer as { document: string }).document).toBe('0001-0002')
  })

  it('IT-61 parsing alone refuses what is no whole cent', () => {
    for (const amount of [true, null, {}])
      expect(() => parseRequest({ type: 'sale', key: 'k', lines: [{ amount }] })).toThrow(
        expect.objectContaining({ code: 'REQUEST_INVALID' }),
      )
    for (const type of ['', 'toString', 'ticket'])
      expect(() => parseRequest({ type, key: 'k' })).toThrow(expect.objectContaining({ path: 'type' }))
  })

  it('IT-32 the 41st VAT group of a period is refused at the document', async () => {
    const extraRates = Array.from({ length: 40 }, (_, i) => i + 1)
    const device = await openDevice({ extraRates })
    for (const rate of extraRates) await device.sell([line(100, rate)], [cash(100)])
    expect(await device.refused(sale([line(100, 2200)], [cash(100)]))).toEqual({ code: 'IT_TOO_MANY_GROUPS', path: 'lines' })
    await device.sell([line(100, 1)], [cash(100)])
    expect((await device.close()).rows).toHaveLength(40)
    await device.sell([line(100, 2200)], [cash(100)])
  })

  it('IT-58 annulments and returns: once, whole, within what is left per group, of a sale, not after each other', async () => {
    const device = await openDevice()
    const two = [line(1000, 2200), line(500, 'N4')]
    const a = await device.sell(two, [cash(1500)])
    const b = await device.sell(two, [cash(1500)])
    const reference = { key: a.key }
    expect(await device.refused({ type: 'void', lines: [line(1000, 2200)], reference })).toMatchObject({
      code: 'IT_VOID_MISMATCH',
    })
    expect(
      await device.refused({
        type: 'void',
        reference,
        payments: [card(1400), cash(100), { kind: 'uncollected', of: 'goods', amount: 0 }],
        lines: [line(999, 2200)],
      }),
    ).toMatchObject({ code: 'IT_VOID_MISMATCH' })
    const gone = await device.ok({ type: 'void', lines: two, reference })
    expect(gone.record.payload).toMatchObject({ kind: 'void', total: 1500, n: 3, reference: { z: 1, n: 1 } })
    expect(await device.refused({ type: 'void', reference })).toMatchObject({ code: 'IT_ALREADY_VOIDED' })
    expect(await device.refused({ type: 'return', lines: two, reference })).toMatchObject({ code: 'IT_ALREADY_VOIDED' })
    expect(await device.refused({ type: 'void', reference: { key: gone.key } })).toMatchObject({ code: 'IT_REFERENCE_NOT_FOUND' })
    const back = { z: 1, n: 2 }
    expect(await device.refused({ type: 'return', lines: [line(1001, 2200)], reference: back })).toMatchObject({
      code: 'IT_RETURN_EXCEEDS',
    })
    expect(await device.refused({ type: 'return', lines: [line(100, 400)], reference: back })).toMatchObject({
      code: 'IT_RETURN_EXCEEDS',
    })
    await device.ok({ type: 'return', lines: [line(600, 2200)], reference: back })
    expect(await device.refused({ type: 'return', lines: [line(401, 2200)], reference: back })).toMatchObject({
      code: 'IT_RETURN_EXCEEDS',
    })
    expect(await device.refused({ type: 'void', reference: { key: b.key } })).toMatchObject({ code: 'IT_ALREADY_RETURNED' })
    await device.ok({ type: 'return', lines: [line(400, 2200), line(500, 'N4')], reference: back })
    expect(await device.refused({ type: 'return', lines: [line(1, 2200)], reference: back })).toMatchObject({
      code: 'IT_ALREADY_RETURNED',
    })
    const foreign = await device.ok({
      type: 'void',
      lines: two,
      reference: { matricola: '99IEB041967', z: 12, n: 3, date: '2026-11-01' },
    })
    expect(foreign.record.payload).toMatchObject({ reference: { unverified: true } })
    expect(foreign.answer).toMatchObject({ warnings: ['IT_REFERENCE_UNVERIFIED'] })
  })

  it('IT-58 an original many documents and closings back is found by its numbers', async () => {
    const device = await openDevice()
    for (let z = 1; z <= 3; z++) {
      for (let n = 1; n <= 12; n++) await device.sell([line(100 * z + n, 2200)], [cash(100 * z + n)])
      await device.close()
    }
    for (const [z, n] of [
      [1, 1],
      [2, 7],
      [3, 12],
    ] as const)
      expect((await device.ok({ type: 'void', reference: { z, n } })).record.payload).toMatchObject({ total: 100 * z + n })
    expect(await device.refused({ type: 'void', reference: { z: 2, n: 13 } })).toMatchObject({ code: 'IT_REFERENCE_NOT_FOUND' })
  })

  it('IT-59 tax codes and VAT numbers', () => {
    expect(checkLetter('RSSMRA80A01H501')).toBe('U')
    expect(taxCode('rssmra80a01h501u')).toBe('RSSMRA80A01H501U')
    for (const first of ['RSSMRA80A01H50M', 'RSSMRAULA01H501', 'RSSMRAULALMHRLM', 'RSSMRA80A71H501'])
      expect(taxCode(first + checkLetter(first)), first).toBe(first + checkLetter(first))
    for (const bad of [
      'RSSMRA80A01H501X',
      'RSSMRA80A32H501' + checkLetter('RSSMRA80A32H501'),
      'RSSMRA80A00H501' + checkLetter('RSSMRA80A00H501'),
      'RSSMRA80F01H501' + checkLetter('RSSMRA80F01H501'),
      'RSSMRA80A01H50',
      '',
      'ITRSSMRA80A01H501U',
    ])
      expect(taxCode(bad), bad).toBeUndefined()
    const italian = 'ITLMRA80A01H501'
    expect(taxCode(italian + checkLetter(italian))).toBe(italian + checkLetter(italian))
    expect([vatNumber('01234567897'), vatNumber('IT01234567897'), vatNumber('it01234567897')]).toEqual([
      '01234567897',
      '01234567897',
      '01234567897',
    ])
    for (const bad of ['01234567890', 'FR01234567897', '00000000000', '1234567897', 'ITIT01234567897', ''])
      expect(vatNumber(bad), bad).toBeUndefined()
    expect(taxCode('01234567897')).toBe('01234567897')
    expect(taxCode('IT01234567897')).toBeUndefined()
  })

  it('IT-60 over-tendered cash gives change, several kinds settle together', async () => {
    const device = await openDevice()
    const paid = await device.sell(
      [line(3000, 2200)],
      [card(1000), { kind: 'ticket', amount: 800, count: 1 }, { kind: 'discountAtPayment', amount: 100 }, cash(2000)],
    )
    expect(paid.record.payload).toMatchObject({
      cash: 1100,
      change: 900,
      electronic: 1000,
      ticket: 800,
      tickets: 1,
      discount: 100,
      tendered: 2000,
    })
  })

  it('IT-62 the same request id gives the first result and creates nothing', async () => {
    const device = await openDevice()
    const request = sale(ok, [cash(1000)], { key: 'POS-1' })
    const first = await device.ok(request)
    const again = await device.ok(request)
    expect([again.replayed, again.seq, again.hash, again.print]).toEqual([true, first.seq, first.hash, first.print])
    expect((await device.records('it.sale')).length).toBe(1)
    expect(await device.refused({ ...request, payments: [card(1000)] })).toMatchObject({ code: 'KEY_REUSED' })
  })

  it('a discount without group is spread in proportion; IT_TEXT_REPLACED and other warnings are told', async () => {
    const device = await openDevice()
    const done = await device.sell(
      [
        line(15000, 2200),
        line(5000, 400),
        line(10000, 'N4', { description: 'Zażółć 漢' }),
        { kind: 'discount', description: 'fedeltà', amount: 1000 },
      ],
      [cash(29000)],
    )
    expect((done.record.payload as { groups: object[] }).groups).toMatchObject([
      { gross: 14500 },
      { gross: 4833 },
      { gross: 9667 },
    ])
    expect(done.answer).toMatchObject({ warnings: ['IT_TEXT_REPLACED'] })
  })
})

describe('paper', () => {
  const mandatory = [
    'BOTTEGA ESEMPIO SRL',
    'P.IVA 01234567897',
    'Via Roma 1, 10100 Torino',
    'DOCUMENTO COMMERCIALE',
    'TOTALE COMPLESSIVO',
    'DI CUI IVA',
    'Importo pagato',
    '20-11-2026 10:12',
    'RT ZZITT000001',
    'SIMULAZIONE - NON FISCALE',
  ]
  it.each([40, 42, 48])(
    'IT-57 %d columns: every mandatory item, no line too long, for each kind, payment and nature',
    async (width) => {
      const device = await openDevice({ cashRounding: true })
      const total = 1000 + 7 * 100
      const lines = [
        line(1000, 2200, {
          description: 'Un articolo dal nome veramente lunghissimo che non sta in una riga sola',
          quantity: '2.500',
          unitPrice: 400,
        }),
        ...Object.keys(natures).map((nature) => line(100, nature)),
        line(100, 'VI'),
        line(50, 1000),
        line(50, 1000, { kind: 'gift' }),
      ]
      const payments = [
        card(100),
        { kind: 'ticket', amount: 100, count: 2 },
        { kind: 'discountAtPayment', amount: 100 },
        ...['goods', 'services', 'invoice', 'healthService'].map((of) => ({ kind: 'uncollected', of, amount: 100 })),
        cash(2000),
      ]
      const sold = await device.sell(lines, payments, { customer: { taxCode: 'RSSMRA80A01H501U', vat: '01234567897' } })
      const gone = await device.ok({ type: 'void', reference: { key: sold.key } })
      const rounded = await device.sell([line(999, 2200)], [cash(1000)], { lotteryCode: 'abcd1234' })
      const back = await device.ok({ type: 'return', lines: [line(999, 2200)], reference: { other: 'POS', date: '2026-11-19' } })
      const text = (record: typeof sold.record): string => {
        const printed = printLines(record, width)
        for (const one of printed) expect(one.length, one).toBeLessThanOrEqual(width)
        expect(printed.every((one) => [...one].every((char) => char.charCodeAt(0) < 256 || char === '€'))).toBe(true)
        for (const item of mandatory) expect(printed.join('\n'), item).toContain(item)
        return printed.join('\n')
      }
      const first = text(sold.record)
      for (const item of [
        'di vendita o prestazione',
        'DOCUMENTO N. 0001-0001',
        'Pagamento elettronico',
        'Ticket restaurant n. 2',
        'Sconto a pagare',
        'Non riscosso beni',
        'Non riscosso servizi',
        'Non riscosso segue fattura',
        'Non riscosso DCR a SSN',
        'Non riscosso omaggio',
        'Resto',
        '2,5 x 4,00',
        '22%',
        'EE*',
        'NS*',
        'NI*',
        'ES*',
        'RM*',
        'AL*',
        'VI*',
        'Cod.Fisc. RSSMRA80A01H501U',
        'P.IVA cliente 01234567897',
      ])
        expect(first, item).toContain(item)
      expect(first).toMatch(/TOTALE COMPLESSIVO +17,00/)
      expect(total).toBe(1700)
      expect(text(gone.record)).toMatch(/emesso per ANNULLAMENTO\n +N\. 0001-0001 del 20-11-2026/)
      expect(text(rounded.record)).toMatch(/Arrotondamento +0,01[^]*Codice Lotteria ABCD1234/)
      expect(text(back.record)).toMatch(/emesso per RESO MERCE\n +POS del 19-11-2026/)
      const closing = printLines((await device.ok({ type: 'closing' })).record, width)
      for (const one of closing) expect(one.length).toBeLessThanOrEqual(width)
    },
  )

  it('IT-79 simulation is on by default, on paper and in the answer’s print; switching it off needs base URL and roots', async () => {
    const device: TestDevice = await openDevice()
    const { print } = await device.sell(ok, [cash(1000)])
    expect([print[0]?.text.trim(), print.at(-1)?.text.trim()]).toEqual(['SIMULAZIONE - NON FISCALE', 'SIMULAZIONE - NON FISCALE'])
    const failure = await openDevice({ simulation: false }).catch((error: unknown) => error)
    expect(isFiscalError(failure) && [failure.code, failure.path]).toEqual(['OPTION_INVALID', 'simulation'])
  })
})
