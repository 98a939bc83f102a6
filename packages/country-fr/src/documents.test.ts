import { expect, it } from 'vitest'
import { line, openShop, printed, type Shop } from './shop.fixture.js'

const customer = { name: 'SARL Dupont', address: '3 rue des Lilas\n75011 Paris' }
const numbers = async (shop: Shop): Promise<Record<string, number[]>> => {
  const out: Record<string, number[]> = {}
  for (const { body, payload } of await shop.records()) {
    if (!body.type.startsWith('sys.')) (out[body.type] ??= []).push((payload as { number: number }).number)
  }
  return out
}

it('FR-10, FR-11, FR-12: every chain counts for itself, links to itself, and starts with flag N', async () => {
  const shop = await openShop()
  const sale = await shop.sell([line(100, 2000)])
  await shop.ok({ type: 'note', lines: [line(100, 2000)] })
  await shop.ok({ type: 'invoice', customer, lines: [line(100, 2000)], payments: [{ mode: 'CRE', amount: 100 }] })
  await shop.sell([line(100, 2000)])
  await shop.ok({ type: 'payment', op: 'cash-in', reason: 'fond', payments: [{ mode: 'ESP', amount: 100 }] })
  await shop.ok({ type: 'copy', reference: sale.key, reason: 'client' })
  await shop.ok({ type: 'closing', kind: 'shift' })
  await shop.ok({ type: 'invoice', customer, lines: [line(100, 2000)], payments: [{ mode: 'CRE', amount: 100 }] })
  await shop.sell([line(100, 2000)])
  expect(await numbers(shop)).toMatchObject({ ticket: [1, 2, 3], invoice: [1, 2], note: [1], payment: [1], copy: [1] })
  const records = await shop.records()
  const last = new Map<string, (typeof records)[number]>()
  records.forEach((record, i) => {
    const { type, x, tprev, prev, tseq } = record.body
    const before = last.get(type)
    if (i > 0) expect(prev).toBe(records[i - 1]?.hash)
    if (!type.startsWith('sys.')) {
      const ds = String(x?.['ds'])
      expect(tprev).toBe(before === undefined ? records[0]?.hash : before.hash)
      expect(tseq).toBe((before?.body.tseq ?? 0) + 1)
      if (before === undefined) expect(ds).toMatch(/,N,$/)
      else expect(ds.endsWith(`,Y,${before.sig}`)).toBe(true)
    }
    last.set(type, record)
  })
})

it('FR-14 every accepted request is read back with content, data string and links', async () => {
  const shop = await openShop()
  const request = { type: 'ticket', lines: [line('12.00', 2000, { label: 'Vin' })], payments: [{ mode: 'CB', amount: '12.00' }] }
  const { key, record } = await shop.ok(request)
  const stored = await shop.queue.byKey(key as string)
  expect(stored?.payload).toMatchObject({ request, lines: [{ ttc: 1200, ht: 1000, vat: 200 }], number: 1 })
  expect(stored?.body).toEqual(record.body)
})

it('FR-27 an invoice over tickets counts nothing, once, with equal amounts per rate', async () => {
  const shop = await openShop()
  const [one, two] = [await shop.sell([line(1200, 2000)]), await shop.sell([line(420, 550), line(300, 2000)])]
  const before = shop.totals() as unknown as { perpetual: object; levels: { day: { totals: { ttc: number; pay: object } } } }
  const invoice = (lines: object[]): object => ({ type: 'invoice', customer, covers: [one.key, two.key], lines })
  expect(await shop.refused(invoice([line(1500, 2000), line(421, 550)]))).toBe('FR_SUM_MISMATCH')
  expect(await shop.refused({ ...invoice([line(1500, 2000), line(420, 550)]), covers: [one.key, 'unknown'] })).toBe(
    'FR_REFERENCE_UNKNOWN',
  )
  const { record } = await shop.ok(invoice([line(1500, 2000), line(420, 550)]))
  expect(record.payload).toMatchObject({ counted: false, total: 1920 })
  expect(record.body.x?.['ds']).toMatch(/^2000:1500\|0550:420,1920,/)
  const after = shop.totals() as unknown as typeof before
  expect(after.perpetual).toEqual(before.perpetual)
  expect(after.levels.day.totals.ttc).toBe(before.levels.day.totals.ttc)
  expect(after.levels.day.totals.pay).toEqual(before.levels.day.totals.pay)
  expect(await shop.refused(invoice([line(1500, 2000), line(420, 550)]))).toBe('FR_ALREADY_COVERED')
})

it('FR-41, FR-42, FR-43: copies count per original, only of what can be copied, and show everything', async () => {
  const shop = await openShop()
  const [one, two] = [await shop.sell([line(1200, 2000, { label: 'Vin' })]), await shop.sell([line(420, 550)])]
  const copy = (key: unknown, more: object = {}): object => ({ type: 'copy', reference: key, reason: 'client', ...more })
  await shop.ok(copy(one.key, { training: { responsible: 'CHEF' } }))
  const copies = [await shop.ok(copy(one.key)), await shop.ok(copy(one.key)), await shop.ok(copy(two.key))]
  expect(copies.map(({ answer }) => answer['copy'])).toEqual([1, 2, 1])
  expect((await shop.trail()).filter((name) => name === 'L:156')).toHaveLength(3)
  expect(await shop.refused(copy(copies[0]?.key))).toBe('FR_COPY_TARGET')
  expect(await shop.refused(copy('unknown'))).toBe('FR_REFERENCE_UNKNOWN')
  expect(await shop.refused(copy({ seq: 0 } as never))).toBe('FR_REFERENCE_UNKNOWN')
  const second = printed(copies[1] as never).split('\n')
  for (const item of one.print) {
    if (item.kind === 'qr' || item.kind === 'rule' || item.text === 'Copie n°' || item.text === 'Signature') continue
    expect(second).toContain(item.right === undefined ? item.text : `${item.text} ${item.right}`)
  }
  expect(second).toContain('DUPLICATA N° 2')
  expect(second.some((text) => /DUPLICATA N° 2 — imprimé le 23\/11\/2026 10:15:30/.test(text))).toBe(true)
  expect(second).toContain(`Signature de l’original ${String(one.answer['extract'])}`)
  expect(second).toContain(`Signature ${String(copies[1]?.answer['extract'])}`)
  const note = await shop.ok({ type: 'note', lines: [line(100, 2000)] })
  await shop.ok(copy(note.key))
  expect((await shop.trail()).at(-1)).toBe('L:155')
})

it('FR-45 a note is marked provisional and shows no means of payment', async () => {
  const shop = await openShop()
  const text = printed(await shop.ok({ type: 'note', table: '12', lines: [line(1500, 1000)] }))
  expect(text).toContain('DOCUMENT PROVISOIRE')
  expect(text).not.toMatch(/Espèces|Carte|TVA 10/)
})

it('11.1, 1.5 merged notes: the note and the ticket made of them name them all, on paper and in the record', async () => {
  const shop = await openShop()
  const plate = line(1500, 1000)
  const wine = line(600, 2000)
  const [one, two] = [await shop.ok({ type: 'note', lines: [plate] }), await shop.ok({ type: 'note', lines: [wine] })]
  await shop.ok({ type: 'event', code: 430, info: 'Table 4 vers 5', reference: one.key })
  const merged = await shop.ok({ type: 'note', reference: one.key, references: [two.key], lines: [plate, wine] })
  expect(merged.record.payload).toMatchObject({
    original: { type: 'note', number: 1 },
    references: [{ type: 'note', number: 2 }],
  })
  const references = [one.key, { seq: Number(two.seq) }, 'external:papier 7']
  const ticket = await shop.sell([plate, wine], { reference: merged.key, references })
  expect(ticket.record.payload).toMatchObject({
    original: { type: 'note', number: 3 },
    references: [{ number: 1 }, { number: 2, hash: two.hash }, { external: 'papier 7' }],
  })
  for (const name of ['NOTE n° 3', 'NOTE n° 1', 'NOTE n° 2', 'papier 7']) expect(printed(ticket)).toContain(`Référence ${name}`)
  const wrong = await shop.send({ type: 'note', references: [one.key, 'NOWHERE'], lines: [plate] })
  expect(wrong).toMatchObject({ error: { code: 'FR_REFERENCE_UNKNOWN', path: 'references[1]' } })
  expect((await shop.queue.verify()).findings).toEqual([])
})

it('18 cash given back on an invoice is change, on a credit note it is money returned', async () => {
  const shop = await openShop()
  const customer = { name: 'A', address: 'B' }
  const payments = [
    { mode: 'ESP', amount: 1500 },
    { mode: 'ESP', amount: -500 },
  ]
  const invoice = await shop.ok({ type: 'invoice', customer, lines: [line(1000, 2000)], payments })
  expect(printed(invoice)).toContain('Rendu -5,00')
  const back = { customer, reference: invoice.key, lines: [line(-1000, 2000)], payments: [{ mode: 'ESP', amount: -1000 }] }
  expect(printed(await shop.ok({ type: 'invoice', op: 'credit', ...back }))).toContain('Espèces -10,00')
})

it('FR-46, FR-47: in school mode every request becomes one X record and moves nothing', async () => {
  const shop = await openShop()
  const sale = await shop.sell([line(1200, 2000)])
  const training = { responsible: 'CHEF' }
  const pay = [{ mode: 'ESP', amount: 100 }]
  const requests: Record<string, unknown>[] = [
    { type: 'ticket', lines: [line(100, 2000)], payments: pay },
    { type: 'ticket', op: 'refund', reference: sale.key, lines: [line(-1200, 2000)], payments: [{ mode: 'ESP', amount: -1200 }] },
    {
      type: 'ticket',
      op: 'cancellation',
      reference: sale.key,
      lines: [line(-1200, 2000)],
      payments: [{ mode: 'ESP', amount: -1200 }],
    },
    { type: 'invoice', customer, lines: [line(100, 2000)], payments: pay },
    { type: 'invoice', customer, covers: [sale.key], lines: [line(1200, 2000)] },
    { type: 'note', lines: [line(100, 2000)] },
    { type: 'payment', op: 'cash-in', reason: 'x', payments: pay },
    ...['shift', 'day', 'month', 'year'].map((kind) => ({ type: 'closing', kind })),
    { type: 'zero' },
    { type: 'zero', episode: { episode: 'E1', count: 0 } },
    { type: 'stop' },
    { type: 'event', code: 901 },
    { type: 'copy', reference: sale.key, reason: 'client' },
    { type: 'issue', reference: sale.key, medium: 'electronic' },
    { type: 'archive' },
    { type: 'purge', archives: [{ number: 1, manifest: 'a'.repeat(64) }], manager: 'CHEF' },
    { type: 'outage', episode: 'E1', reason: 'réseau', opened: '2026-11-23T10:00:00+01:00' },
  ]
  const strip = (): unknown => {
    const {
      levels,
      lastMs: _,
      ...rest
    } = structuredClone(shop.totals()) as unknown as {
      lastMs: number
      levels: Record<string, { first: Record<string, unknown>; totals: { counts: Record<string, number> } }>
    }
    for (const level of Object.values(levels)) {
      delete level.first['training']
      delete level.totals.counts['training']
    }
    return { ...rest, levels }
  }
  const [before, chains] = [strip(), await numbers(shop)]
  for (const [i, request] of requests.entries()) {
    const outcome = await shop.ok({ ...request, training })
    expect(outcome.records.map(({ type }) => type)).toEqual(['training'])
    expect(outcome.answer).toMatchObject({ training: true, number: i + 1, chain: 'X' })
    const titles = outcome.print.filter(({ text }) => text.includes('FACTICE'))
    expect(titles.length).toBeGreaterThanOrEqual(2)
    expect(outcome.print[0]?.text).toBe('FACTICE — MODE ÉCOLE')
    // No paper bears the number of a document that counts, but the duplicate that of its original.
    expect(printed(outcome)).toMatch(/[Nn]° X\d/)
    const copies = request['type'] === 'copy' || request['type'] === 'issue'
    expect(printed(outcome)).not.toMatch(copies ? /Duplicata n° [A-WYZ]/ : /^N° [A-WYZ]\d/m)
    expect(outcome.record.body.x?.['ds']).toContain('ECOLE-')
    expect(await shop.refused({ ...request, training: true })).toBe('FR_TRAINING_RESPONSIBLE')
    expect(await shop.refused({ ...request, training: {} })).toBe('FR_TRAINING_RESPONSIBLE')
  }
  expect(strip()).toEqual(before)
  const { training: _school, ...after } = await numbers(shop)
  expect(after).toEqual(chains)
})

it('12: the queue’s switch puts every request into school mode until it is switched off', async () => {
  const shop = await openShop()
  expect(await shop.refused({ type: 'training', on: true })).toBe('FR_TRAINING_RESPONSIBLE')
  await shop.ok({ type: 'training', on: true, responsible: 'CHEF' })
  expect((await shop.sell([line(100, 2000)])).type).toBe('training')
  await shop.ok({ type: 'training', on: false })
  expect((await shop.sell([line(100, 2000)])).type).toBe('ticket')
  expect(await shop.trail()).toEqual(['G:start', 'L:260', 'L:100', 'X:sale', 'L:105', 'T:sale'])
})

it('FR-48 words of certification appear only with a certificate, and then are mandatory', async () => {
  for (const conformity of [
    undefined,
    { mode: 'none' as const },
    { mode: 'attestation' as const, body: 'Éditeur NF525', number: 'LNE-1', issued: '2026-03-01' },
  ]) {
    const shop = await openShop({ conformity })
    const sale = await shop.sell([line(100, 2000)])
    const copy = await shop.ok({ type: 'copy', reference: sale.key, reason: 'x' })
    const day = await shop.ok({ type: 'closing', kind: 'day' })
    for (const outcome of [sale, copy, day]) expect(printed(outcome)).not.toMatch(/certifié|NF525|LNE/i)
  }
  const nf = await openShop({ conformity: { mode: 'certificate', body: 'NF525', category: 'B', number: '0321' } })
  const lne = await openShop({ conformity: { mode: 'certificate', body: 'LNE', number: '36789' } })
  const find = async (shop: Shop, text: string): Promise<unknown> =>
    (await shop.sell([line(100, 2000)])).print.find((item) => item.text === text)
  expect(await find(nf, 'NF525 cat. B n° 0321')).toMatchObject({ mandatory: true })
  expect(await find(lne, 'Système de caisse certifié LNE n° 36789')).toMatchObject({ mandatory: true })
})

it('18: a ticket shows all that the law wants, as mandatory items', async () => {
  const shop = await openShop()
  const sale = await shop.ok({
    type: 'ticket',
    lines: [{ label: 'Café', quantity: 2, unitPrice: '1.80', rateBp: 1000 }, line(100, 0, { label: 'Timbre', exemption: 'FRB' })],
    payments: [
      { mode: 'ESP', amount: 500 },
      { mode: 'ESP', amount: -40 },
    ],
  })
  const text = printed(sale)
  for (const part of [
    'Café du Port',
    '29900 Concarneau',
    'SIRET 12345678900012',
    'TVA FR32123456789',
    'NAF 56.30Z',
    'TICKET',
    'N° T1 Caisse CAISSE-01',
    'Opérateur OP-7 23/11/2026 10:15:30',
    'Café 3,60 10 %',
    '  2 x 1,80',
    'Nombre de lignes : 2',
    'TOTAL TTC 4,60',
    'Total HT 4,27',
    'TVA 10 % sur 3,27 0,33',
    'Espèces 5,00',
    'Rendu -0,40',
    'Logiciel Sigillo Caisse 2.3.1',
    'TVA non applicable, art. 293 B du CGI',
    'Copie n° 0',
  ]) {
    expect(text).toContain(part)
  }
  expect(sale.print.filter(({ kind }) => kind !== 'rule' && kind !== 'qr').every(({ mandatory }) => mandatory === true)).toBe(
    true,
  )
  expect(sale.print.at(-1)).toMatchObject({ kind: 'qr', text: sale.seal })
})

it('6: invoices, credit notes, payment documents and their rules', async () => {
  const shop = await openShop()
  expect(await shop.refused({ type: 'invoice', lines: [line(100, 2000)], payments: [{ mode: 'CB', amount: 100 }] })).toBe(
    'REQUEST_INVALID',
  )
  expect(await shop.refused({ type: 'invoice', customer, lines: [line(100, 2000)] })).toBe('FR_SUM_MISMATCH')
  const invoice = await shop.ok({ type: 'invoice', customer, lines: [line(100, 2000)], payments: [{ mode: 'CRE', amount: 100 }] })
  expect(
    await shop.refused({
      type: 'invoice',
      op: 'credit',
      customer,
      lines: [line(-100, 2000)],
      payments: [{ mode: 'CRE', amount: -100 }],
    }),
  ).toBe('FR_REFERENCE_REQUIRED')
  await shop.ok({
    type: 'invoice',
    op: 'credit',
    customer,
    reference: invoice.key,
    lines: [line(-100, 2000)],
    payments: [{ mode: 'CRE', amount: -100 }],
  })
  expect(await shop.refused({ type: 'payment', op: 'collection', payments: [{ mode: 'CB', amount: 100 }] })).toBe(
    'FR_REFERENCE_REQUIRED',
  )
  expect(await shop.refused({ type: 'payment', op: 'cash-in', reason: 'x', payments: [{ mode: 'CB', amount: 100 }] })).toBe(
    'REQUEST_INVALID',
  )
  expect(await shop.refused({ type: 'payment', op: 'cash-out', reason: 'x', payments: [{ mode: 'ESP', amount: 100 }] })).toBe(
    'REQUEST_INVALID',
  )
  expect(
    await shop.refused({
      type: 'payment',
      op: 'transfer',
      reference: invoice.key,
      payments: [
        { mode: 'ESP', amount: 1 },
        { mode: 'CB', amount: 1 },
      ],
    }),
  ).toBe('FR_SUM_MISMATCH')
  expect(await shop.refused({ type: 'ticket', lines: [], payments: [] })).toBe('FR_ITEMS_REQUIRED')
  const { record } = await shop.ok({
    type: 'payment',
    op: 'transfer',
    reference: invoice.key,
    payments: [
      { mode: 'ESP', amount: -100 },
      { mode: 'CB', amount: 100 },
    ],
  })
  expect(record.body.x?.['ds']).toMatch(/^CB:100\|ESP:-100,0,20261123101530,CAISSE-01,1,TRANSF,N,$/)
  expect((await shop.trail()).at(-1)).toBe('L:420')
})
