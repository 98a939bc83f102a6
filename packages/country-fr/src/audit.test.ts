import {
  canonical,
  lineOf,
  parseLine,
  payloadDigest,
  recordHash,
  signingInput,
  toBase64url,
  utf8,
  type SealedRecord,
  type Signer,
} from '@sigillo/core'
import { verifyChunks, type Report } from '@sigillo/core/verify'
import { softwareSigner } from '@sigillo/signer-software'
import { expect, it } from 'vitest'
import { line, openShop, type Shop } from './shop.fixture.js'

async function busyShop(options: object = {}): Promise<{ shop: Shop; signer: Signer }> {
  const signer = await softwareSigner()
  const shop = await openShop(options, { signer, queue: { segBits: 6 } })
  for (let day = 24; day < 27; day++) {
    const sale = await shop.sell([line(1200, 2000), line(333, 550), { label: 'Pourboire', total: 100, nature: 'T' }])
    await shop.ok({
      type: 'ticket',
      op: 'refund',
      reference: sale.key,
      lines: [line(-1200, 2000)],
      payments: [{ mode: 'ESP', amount: -1200 }],
    })
    await shop.ok({ type: 'note', lines: [line(100, 1000)] })
    await shop.sell([line(999, 1000)], { vat: [{ rateBp: 1000, amount: 90 }] })
    await shop.ok({ type: 'copy', reference: sale.key, reason: 'client' })
    await shop.ok({
      type: 'ticket',
      training: { responsible: 'CHEF' },
      lines: [line(100, 2000)],
      payments: [{ mode: 'ESP', amount: 100 }],
    })
    await shop.ok({ type: 'closing', kind: day === 26 ? 'year' : 'day' })
    shop.clock.set(`2026-11-${day}T09:00:00.000Z`)
  }
  await shop.sell([line(500, 2000)])
  await shop.reopen({ options: { software: { name: 'Sigillo Caisse', version: '3.0.0' } } })
  await shop.sell([line(700, 2000)])
  return { shop, signer }
}

const textOf = (records: readonly SealedRecord[]): Uint8Array => utf8(records.map((record) => `${lineOf(record)}\n`).join(''))
const verify = (shop: Shop, bytes: Uint8Array): Promise<Report> =>
  verifyChunks([{ bytes }], { auditor: shop.country.auditor?.() as never })
const lines = async (shop: Shop): Promise<SealedRecord[]> =>
  (await shop.records()).map((record) => parseLine(utf8(lineOf(record as SealedRecord))) as SealedRecord)

// Someone who holds the key rewrites history from one record on: all links and signatures hold again, only the rules can object.
function forge(
  records: readonly SealedRecord[],
  at: number,
  edit: (payload: Record<string, never>, x: Record<string, string>) => void,
  signer: Signer,
): SealedRecord[] {
  const out: SealedRecord[] = []
  const heads = new Map<string, string>()
  for (const [i, record] of records.entries()) {
    const payload = structuredClone(JSON.parse(record.payloadText)) as Record<string, never>
    const x = record.body.x === undefined ? undefined : { ...(record.body.x as Record<string, string>) }
    if (i === at) edit(payload, x as Record<string, string>)
    if (i < at) {
      out.push(record)
      heads.set(record.body.type, record.hash)
      continue
    }
    const payloadText = canonical(payload)
    const body = {
      ...record.body,
      pay: payloadDigest(payloadText),
      prev: out[i - 1]?.hash as string,
      tprev: heads.get(record.body.type) ?? (out[0] as SealedRecord).hash,
      ...(x !== undefined && { x }),
    }
    const bodyText = canonical(body)
    const sig = toBase64url(signer.signNow?.(utf8(signingInput(body.alg, body.kid, bodyText))) as Uint8Array)
    const hash = recordHash(bodyText, sig)
    out.push({ body, bodyText, payload, payloadText, sig, hash } as SealedRecord)
    heads.set(body.type, hash)
  }
  return out
}

it('an honest journal of every kind of record has no finding, in both profiles', async () => {
  for (const signingProfile of ['nf525-1', 'lne-1'] as const) {
    const { shop } = await busyShop({ signingProfile })
    const report = await verify(shop, textOf(await lines(shop)))
    expect(report.findings).toEqual([])
    expect(report.sound).toBe(true)
  }
})

it('FR-15 a character changed anywhere blames that record, and the others are still judged', async () => {
  const { shop } = await busyShop()
  const records = await lines(shop)
  const target = records.findIndex(({ body, payload }) => body.type === 'ticket' && (payload as { op: string }).op === 'refund')
  const changes: [string, string][] = [
    ['"label":"Article"', '"label":"Artiste"'],
    ['"total":-1200', '"total":-1201'],
    ['CAISSE-01,2,AVOIR', 'CAISSE-01,3,AVOIR'],
    ['"tseq":2', '"tseq":3'],
  ]
  for (const [from, to] of changes) {
    const text = records.map((record, i) => (i === target ? lineOf(record).replace(from, to) : lineOf(record)))
    expect(text[target]).not.toBe(lineOf(records[target] as SealedRecord))
    const report = await verify(shop, utf8(`${text.join('\n')}\n`))
    expect(new Set(report.findings.map(({ seq }) => seq))).toEqual(new Set([target]))
    expect(report.records).toBeGreaterThanOrEqual(records.length - 1)
  }
})

it('5.6 a holder of the key who rewrites content is contradicted by data string, figures, grand totals or closings', async () => {
  const { shop, signer } = await busyShop()
  const records = await lines(shop)
  const nth = (type: string, which = 0): number =>
    records.map(({ body }, i) => (body.type === type ? i : -1)).filter((i) => i >= 0)[which] as number
  const cases: [string, number, (payload: Record<string, never>, x: Record<string, string>) => void, string][] = [
    [
      'a line’s VAT',
      nth('ticket'),
      (p) =>
        void ((p as unknown as { lines: { vat: number; ht: number }[] }).lines[0] = {
          ...(p as unknown as { lines: { vat: number; ht: number }[] }).lines[0],
          vat: 0,
          ht: 1200,
        } as never),
      'FR_FIGURES_WRONG',
    ],
    [
      'the request',
      nth('ticket'),
      (p) =>
        void ((p as unknown as { request: { lines: { total: number }[] } }).request.lines[0] = {
          label: 'Article',
          total: 100,
          rateBp: 2000,
        } as never),
      'FR_FIGURES_WRONG',
    ],
    ['a sale out of the totals', nth('ticket'), (p) => void Object.assign(p, { counted: false }), 'FR_FIGURES_WRONG'],
    ['the operator', nth('event'), (p) => void Object.assign(p, { operator: 'AUTRE' }), 'FR_DATA_STRING_WRONG'],
    ['the number', nth('note'), (p) => void Object.assign(p, { number: 9 }), 'FR_NUMBER_WRONG'],
    ['a grand total', nth('ticket', 1), (_, x) => void (x['gta'] = '1'), 'FR_GRAND_TOTAL_WRONG'],
    [
      'a closing’s total',
      nth('closing', 1),
      (p) => void Object.assign(p, { totals: { ...(p as unknown as { totals: object }).totals, ttc: 5 } }),
      'FR_CLOSING_WRONG',
    ],
    [
      'a closing’s heads',
      nth('closing', 2),
      (p) =>
        void Object.assign((p as unknown as { heads: Record<string, object> }).heads, {
          ticket: { tseq: 1, hash: 'a'.repeat(64), seq: 1 },
        }),
      'FR_CLOSING_WRONG',
    ],
    ['an event code', nth('event', 2), (p) => void Object.assign(p, { code: 55 }), 'FR_EVENT_UNKNOWN'],
    [
      'the whole content',
      nth('ticket'),
      (p) => {
        for (const name of Object.keys(p)) delete p[name]
      },
      'FR_DATA_STRING_WRONG',
    ],
  ]
  for (const [name, at, edit, code] of cases) {
    const report = await verify(shop, textOf(forge(records, at, edit, signer)))
    const own = report.findings.filter(({ seq }) => seq === at).map((finding) => finding.code)
    expect(own, name).toContain(code)
  }
})
