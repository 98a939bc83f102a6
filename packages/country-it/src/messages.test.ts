// The five messages: valid by the authority's schemas, signed to the profile, read back; and its genuine answers.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromUtf8, utf8 } from '@sigillo/core'
import { childOf, parseXml, signXml, textOf, verifyXml, type XmlElement } from '@sigillo/documents'
import { beforeAll, describe, expect, it } from 'vitest'
import { has, italy as folder, makePki, xmlsec, type Issued, type Pki } from '../../documents/src/pki.fixture.js'
import { MAX_GROUPS } from './groups.js'
import { latin } from './latin.js'
import { activationMessage, enrolMessage, eventMessage, lotteryMessage, receiptsMessage } from './messages.js'
import { MAX_CENTS } from './money.js'
import type { ClosingPayload, LotteryPayload } from './payload.js'
import { readPortalDay } from './portal.js'
import { readReply } from './replies.js'
import type { Row } from './figures.js'

const SCHEMA = {
  receipts: 'CorrispettiviTypes_v1.0.xsd',
  device: 'CorrispettiviMessaggiTypes_v1.0.xsd',
  lottery: 'DocCommercialiLotteriaTypes_v1.0.xsd',
}
const technician = { taxCode: 'RSSMRA80A01H501U', firm: { country: 'IT', code: '09876543217' } }
const moment = '2026-11-20T20:14:07+01:00'

const closing = (more: Partial<ClosingPayload> = {}): ClosingPayload => ({
  kind: 'closing',
  matricola: 'ZZITT000001',
  device: 'rt',
  till: '',
  z: 1,
  progressive: 1,
  moment,
  opened: moment,
  rows: [{ group: 'N4', amount: 0, partial: 0 }],
  totals: { documents: 0 },
  accumulators: {},
  grand: { sales: 0, returns: 0, voids: 0 },
  interventions: [],
  reports: [],
  warnings: [],
  simulation: false,
  ...more,
})
const fullRow = (i: number): Row => ({
  group: `${i % 2 === 0 ? 100 + i : 'N2'}:${999_999 - i}`,
  ...(i % 2 === 0 && { tax: -MAX_CENTS }),
  amount: MAX_CENTS,
  partial: -MAX_CENTS,
  returns: 1,
  voids: 2,
  suspended: 3,
  services: 4,
  invoice: 5,
  health: 6,
  gifts: 7,
})
const long = (length: number): string => 'é–ł漢'.repeat(length)
const maximal = closing({
  device: 'serverRt',
  till: 'FISK0001',
  progressive: 999_999_999_999_999,
  simulation: true,
  rows: Array.from({ length: MAX_GROUPS }, (_, i) => fullRow(i)),
  totals: { documents: 9999, cash: MAX_CENTS, electronic: 1, discount: 2, ticket: 3, tickets: 4 },
  inactive: { from: '2026-11-01T00:00:00+01:00', to: '2026-11-19T23:59:59+01:00' },
  interventions: Array.from({ length: 50 }, () => ({
    ...technician,
    moment,
    code: '07',
    note: long(1000),
    software: { version: long(10), released: moment },
  })),
  reports: Array.from({ length: 50 }, () => ({ matricola: 'ZZITT000001', moment, code: '06', note: long(1000) })),
})
const batch = (simulation: boolean, till: string, name: string): LotteryPayload => ({
  batch: 1,
  till,
  date: '2026-11-20',
  name,
  documents: [],
  simulation,
})
const sale = { seq: 1, code: 'ABCD1234', moment, number: '0001-0001', amount: 100, sale: [{ type: 'PE' as const, amount: 100 }] }
const back = {
  seq: 2,
  code: 'ABCD1234',
  moment,
  number: '0001-0002',
  amount: 100,
  back: { kind: 'A' as const, moment, number: '0001-0001', matricola: 'ZZITT000001', till: '00010001' },
}
const three = (['PC', 'PE', 'NR'] as const).map((type) => ({ type, amount: 1 }))

const messages: readonly (readonly [string, keyof typeof SCHEMA, Uint8Array])[] = [
  ['minimal receipts', 'receipts', receiptsMessage(closing())],
  ['maximal receipts', 'receipts', receiptsMessage(maximal, { place: { lat: '45.07', long: '-7.686856789' } })],
  [
    'apportioned receipts',
    'receipts',
    receiptsMessage(
      closing({
        rows: [
          { group: '2200', tax: 0, amount: 0, partial: 0 },
          { group: 'VI', amount: -5, partial: -5 },
        ],
      }),
    ),
  ],
  [
    'enrolment',
    'device',
    enrolMessage({ csr: 'AAAA', brand: 'Esempio', model: 'TT', approval: { number: '1', date: '2026-01-01' }, technician }, 'rt'),
  ],
  ['minimal activation', 'device', activationMessage({ merchant: { name: 'x', address: 'y', vat: '01234567897' }, technician })],
  [
    'maximal activation',
    'device',
    activationMessage({
      merchant: { name: 'x', address: 'y', vat: '01234567897' },
      technician,
      place: { lat: '45.070312345', long: '07.68' },
      oldRegister: 'OLD & 1',
      serviceFrom: '2026-12-01',
    }),
  ],
  ['minimal event', 'device', eventMessage({ event: 'FUORI_SERVIZIO', code: '00600', moment })],
  ['maximal event', 'device', eventMessage({ event: 'FUORI_SERVIZIO', code: '00608', description: `${long(400)}<&>"`, moment })],
  ['minimal lottery', 'lottery', lotteryMessage(batch(false, '', 'B'), [sale])],
  [
    'maximal lottery',
    'lottery',
    lotteryMessage(batch(true, '00010001', long(300)), [
      ...Array.from({ length: 98 }, () => ({ ...sale, amount: 3, sale: three })),
      back,
      { ...back, back: { ...back.back, kind: 'R' as const, till: '' } },
    ]),
  ],
]

describe.skipIf(!has('openssl'))('messages (needs openssl)', () => {
  let pki: Pki
  let device: Issued
  beforeAll(async () => {
    pki = makePki()
    device = await pki.issue('/C=IT/CN=ZZITT000001')
  })

  it.each(messages)('IT-11 %s: the root’s prefix bound, children unqualified, nothing between elements', (_, __, xml) => {
    const text = fromUtf8(xml) as string
    expect(text).not.toMatch(/\sxmlns="/)
    expect(text).not.toMatch(
      /<[A-Za-z]+:(?!DatiCorrispettivi|RichiestaCertificato|AttivaDispositivo|EventoDispositivo|DocCommercialiLotteria)/,
    )
    expect(text.slice(text.indexOf('\n') + 1)).not.toMatch(/>\s+</)
  })

  it.each(messages)('IT-02 %s: signed, it verifies here', async (_, __, xml) => {
    const signed = await signXml(xml, device.signing)
    expect(verifyXml(signed)).toMatchObject({ ok: true })
  })

  it.skipIf(!has('xmlsec1')).each(messages)(
    'IT-02 %s: xmlsec1 verifies it under the root alone (needs xmlsec1)',
    async (_, __, xml) => {
      expect(xmlsec(await signXml(xml, device.signing), pki.ca)).toMatchObject({ ok: true })
    },
  )

  it.skipIf(folder === undefined || !has('xmllint')).each(messages)(
    'IT-01 %s: valid by the schema [reference files] (needs xmllint)',
    async (_, schema, xml) => {
      const file = join(mkdtempSync(join(tmpdir(), 'sigillo-it-')), 'message.xml')
      writeFileSync(file, await signXml(xml, device.signing))
      const said = spawnSync('xmllint', ['--nonet', '--noout', '--schema', join(folder as string, 'xsd', SCHEMA[schema]), file], {
        encoding: 'utf8',
      })
      expect(said.stderr).toMatch(/validates/)
      expect(said.status).toBe(0)
    },
  )

  it('IT-13 text outside Latin-1 is written by the table, then cut to its length', () => {
    expect(latin('L’été – 5 € łódź “x” 漢\n\ty')).toEqual({ text: 'L\'été - 5 EUR lódz "x" ? y', replaced: true })
    expect(latin('Caffè à la crème')).toEqual({ text: 'Caffè à la crème', replaced: false })
    expect(latin('\u0007a\u0085b\u200b')).toEqual({ text: '?a?b', replaced: true })
    const note = textOf(childOf(childOf(parseXml(receiptsMessage(maximal)), 'InterventoTecnico')!, 'Note')!)
    expect([...note].every((char) => char.charCodeAt(0) < 256) && note.length <= 1000 && note.length > 900).toBe(true)
  })

  it('IT-15 the file as the portal hands it out is read by its own reader and refused by the strict one', () => {
    const added =
      '<Dispositivo><Tipo>RT</Tipo><IdDispositivo>ZZITT000001</IdDispositivo></Dispositivo><CodiceFiscaleEsercente>01234567897</CodiceFiscaleEsercente><PIVAEsercente>01234567897</PIVAEsercente><DataOraTrasmissione>2026-11-20T20:15:00</DataOraTrasmissione></Trasmissione>'
    const own = closing({
      rows: [{ group: '2200', tax: 220, amount: 1000, partial: 1000 }],
      totals: { documents: 3, cash: 1220, ticket: 5, tickets: 1 },
    })
    const portal = (fromUtf8(receiptsMessage(own)) as string)
      .replaceAll('p:DatiCorrispettivi', 'n1:DatiCorrispettivi')
      .replace('xmlns:p=', 'xmlns:n1=')
      .replace('</Trasmissione>', added)
      .replace('<Progressivo>1<', '<Progressivo>000184<')
    expect(readPortalDay(utf8(portal))).toEqual({
      progressive: 184,
      device: { kind: 'RT', id: 'ZZITT000001' },
      merchantVat: '01234567897',
      merchantTaxCode: '01234567897',
      sentAt: '2026-11-20T20:15:00',
      moment,
      rows: [{ AliquotaIVA: '22.00', Imposta: '2.20', Ammontare: '10.00', ImportoParziale: '10.00' }],
      totals: { NumeroDocCommerciali: '3', PagatoContanti: '12.20', PagatoTicket: '0.05', NumeroTicket: '1' },
    })
    expect(verifyXml(utf8(portal))).toMatchObject({ ok: false, code: 'SIGNATURE_MISSING' })
    expect(() => readPortalDay(utf8('<a/>'))).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }))
  })
})

describe.skipIf(folder === undefined)('genuine answers [reference files]', () => {
  const files =
    folder === undefined
      ? []
      : readdirSync(join(folder, 'response'), { recursive: true, encoding: 'utf8' })
          .filter((name) => name.endsWith('.xml'))
          .sort()
  // The table of the data folder: file, outcome, codes, origin, schema.
  const table =
    folder === undefined
      ? []
      : [
          ...readFileSync(join(folder, 'README.md'), 'utf8').matchAll(
            /^\| `response\/([^`]+)` \| (\S+) \| ([^|]+) \| (gateway|application) \| ([^|]+) \|$/gm,
          ),
        ]

  it('IT-08 all 36 are read: identifier, codes, outcome, positions, as the table says', () => {
    expect(table).toHaveLength(36)
    expect(files).toHaveLength(36)
    for (const [, name = '', outcome, codes = '', origin, schema = ''] of table) {
      const verdict = verifyXml(new Uint8Array(readFileSync(join(folder as string, 'response', name))))
      if (!verdict.ok) throw new Error(name)
      const reply = readReply(verdict.root)!
      const found = [...reply.errors, ...reply.remarks.flatMap(({ errors }) => errors)]
      expect(
        found.map(({ code }) => code),
        name,
      ).toEqual(codes.includes('accepted') ? [] : codes.trim().split(' + '))
      for (const { text } of found) expect(text.length, name).toBeGreaterThan(3)
      expect(reply.outcome ?? '—', name).toBe(outcome)
      expect(reply.gateway, name).toBe(origin === 'gateway')
      expect(reply.operation, name).toMatch(/\S/)
      expect(reply.version === undefined, name).toBe(schema.includes('versione'))
    }
    const remarks = readReply(
      (
        verifyXml(
          new Uint8Array(readFileSync(join(folder as string, 'response/lotteria/Lotteria_Error.SE.00308.xml'))),
        ) as unknown as { root: XmlElement }
      ).root,
    )!
    expect(remarks.remarks).toEqual([
      {
        position: 1,
        number: '1260-0001',
        moment: '2019-09-13T12:12:12',
        errors: [{ code: '00308', text: 'Dati di pagamento non congruenti' }],
      },
    ])
  })
})
