// IT-77: answers in both looks, judged by xmlsec1, by the schemas, and by the client's own reader.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readReply } from '@sigillo/country-it'
import { readCertificates, verifyXml } from '@sigillo/documents'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Authority } from './contract.js'
import type { Style } from './answers.js'
import { bend, csrOf, inner, openDevice, openManufacturer, type Party } from './messages.fixture.js'
import type { Route } from './tables.js'
import { openAuthority, italyFolder, operations, send, type WireAnswer } from './wire.fixture.js'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined
const folder = mkdtempSync(join(tmpdir(), 'sigillo-answers-'))
const FUTURE = '2026-11-24T20:00:00+01:00'

const xmlsec = (body: Uint8Array, root: string): boolean => {
  writeFileSync(join(folder, 'answer.xml'), body)
  writeFileSync(join(folder, 'root.pem'), root)
  const args = [
    '--verify',
    '--enabled-key-data',
    'x509',
    '--trusted-pem',
    'root.pem',
    '--verification-gmt-time',
    '2026-11-24 12:00:00',
  ]
  return spawnSync('xmlsec1', [...args, 'answer.xml'], { cwd: folder }).status === 0
}
const valid = (body: Uint8Array, lottery: boolean): boolean => {
  writeFileSync(join(folder, 'valid.xml'), body)
  const schema = join(
    italyFolder as string,
    'xsd',
    lottery ? 'DocCommercialiLotteriaEsitoTypes_v1.0.xsd' : 'CorrispettiviMessaggiTypes_v1.0.xsd',
  )
  return spawnSync('xmllint', ['--nonet', '--noout', '--schema', schema, 'valid.xml'], { cwd: folder }).status === 0
}

interface Case {
  readonly name: string
  readonly say: (parties: { device: Party; manufacturer: Party; authority: Authority }, n: number) => Promise<WireAnswer>
  /** What the client's reader must find. */
  readonly read: object
}

const cases: readonly Case[] = [
  {
    name: 'an acceptance',
    say: ({ device }, n) => device.say('receipts', bend(inner.receipts, ['>1<', `>${n}<`])),
    read: { root: 'EsitoOperazione', errors: [], remarks: [], gateway: false },
  },
  {
    name: 'a refusal by the application',
    say: ({ device }) => device.say('receipts', bend(inner.receipts, ['2026-11-24T12:00:00+01:00', FUTURE])),
    read: { root: 'EsitoOperazione', errors: [{ code: '00203', text: 'La data di rilevazione e nel futuro' }], gateway: false },
  },
  {
    name: 'several codes',
    say: async ({ authority, manufacturer }, n) =>
      (await openDevice(authority, manufacturer, `ZZITT10000${n}`)).say(
        'activate',
        bend(
          inner.activate,
          ['RSSMRA80A01H501U', 'RSSMRA80A01H501X'],
          ['<IdPaese>IT</IdPaese><IdCodice>09', '<IdPaese>QQ</IdPaese><IdCodice>09'],
        ),
      ),
    read: { errors: [{ code: '00111' }, { code: '00112' }, { code: '00113' }] },
  },
  {
    name: 'a refusal at the gateway',
    say: ({ authority }) => send(authority, operations.event, '<x/>'),
    read: { root: 'EsitoOperazione', errors: [{ code: '00000' }] },
  },
  {
    name: 'a certificate',
    say: async ({ manufacturer }, n) =>
      manufacturer.say('enrol', bend(inner.enrol, ['CSR', await csrOf(manufacturer.signer, `ZZITT20000${n}`)])),
    read: { root: 'EsitoRichiestaCertificatoDispositivo', errors: [], certificate: expect.any(Uint8Array) as Uint8Array },
  },
  {
    name: 'a certificate refused',
    say: ({ manufacturer }) => manufacturer.say('enrol', bend(inner.enrol, ['CSR', 'QUJD'])),
    read: { root: 'EsitoRichiestaCertificatoDispositivo', errors: [{ code: '00001' }] },
  },
  {
    name: 'a lottery batch accepted',
    say: ({ device }, n) => device.say('lottery', bend(inner.lottery, ['0001-0001', `0001-100${n}`])),
    read: { outcome: 'AC', elements: 1, errors: [], remarks: [] },
  },
  {
    name: 'a lottery batch with remarks',
    say: ({ device }, n) => {
      const one = /<DocumentoCommerciale>.*<\/DocumentoCommerciale>/.exec(inner.lottery)![0]
      const bad = one.replace('2026-11-24T11:00:00+01:00', FUTURE).replace('<Importo>10.00', '<Importo>11.00')
      return device.say('lottery', inner.lottery.replace(one, one + bad + one.replace('0001-0001', `0001-000${n}`)))
    },
    read: {
      outcome: 'SE',
      elements: 3,
      remarks: [{ position: 2, number: '0001-0001', moment: FUTURE, errors: [{ code: '00307' }, { code: '00308' }] }],
    },
  },
  {
    name: 'a lottery batch refused by the application',
    say: async ({ authority, manufacturer }, n) => (await openDevice(authority, manufacturer, `ZZITT30000${n}`)).say('lottery'),
    read: { outcome: 'SC', elements: 0, errors: [{ code: '00303' }], gateway: false },
  },
  {
    name: 'a lottery batch refused at the gateway',
    say: ({ authority }) => send(authority, operations.lottery, '<x/>'),
    read: { outcome: 'SC', elements: 0, errors: [{ code: '00000' }] },
  },
]

describe.each<[Style]>([['schema'], ['genuine']])('IT-77 answers in the style %s', (style) => {
  let authority: Authority
  let manufacturer: Party
  let device: Party
  let n = 0
  beforeAll(async () => {
    authority = await openAuthority({ now: () => NOW, style })
    manufacturer = await openManufacturer(authority)
    device = await openDevice(authority, manufacturer, 'ZZITT000001', { state: 'IN_SERVIZIO', merchant: '01234567897' })
  })
  afterAll(() => authority.close())

  it.each(cases.map((one) => [one.name, one] as const))('IT-77 %s: signed, and read by the client', async (_, { say, read }) => {
    const answer = await say({ device, manufacturer, authority }, ++n)
    const verdict = verifyXml(new Uint8Array(answer.body), {
      trust: {
        anchors: readCertificates(authority.roots.answers),
        at: NOW,
        usage: ['nonRepudiation'],
        commonName: 'Servizio AE Corrispettivi IVA',
      },
    })
    expect(verdict).toMatchObject({ ok: true, trusted: true })
    expect(readReply((verdict as { root: Parameters<typeof readReply>[0] }).root)).toMatchObject(read)
  })

  it(`IT-77 the look is the one asked for: ${style}`, async () => {
    const [accepted, gateway, batch, state] = await Promise.all([
      device.say('receipts', bend(inner.receipts, ['>1<', '>901<'])),
      send(authority, operations.receipts, '<x/>'),
      device.say('lottery', bend(inner.lottery, ['0001-0001', '0001-0902'])),
      manufacturer
        .say('lottery')
        .then(() => openDevice(authority, manufacturer, 'ZZITT300099').then((one) => one.say('lottery'))),
    ])
    const genuine = style === 'genuine'
    expect(/EsitoOperazione [^>]*versione="1.0"/.test(accepted.text)).toBe(!genuine)
    expect(gateway.text).toContain('versione="1.0"')
    expect(gateway.text.includes('<IdOperazione>DP')).toBe(genuine)
    expect(batch.text.includes('<SegnalazioniDocComm/>')).toBe(genuine)
    expect(state.text.includes('<ListaErrori><Errore>')).toBe(!genuine)
    expect(state.text.includes('<ListaErrori><Codice>')).toBe(genuine)
    expect(accepted.text.includes('<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">')).toBe(genuine)
  })

  const answers = (): readonly { readonly route: Route; readonly body: Uint8Array }[] =>
    authority
      .entries()
      .filter(({ id }) => id !== undefined)
      .map(({ n: line, route }) => ({ route: route as Route, body: authority.bytes(line).answer as Uint8Array }))

  it.skipIf(!has('xmlsec1'))(
    'IT-77 xmlsec1 verifies every answer given, under its root only, and none that was changed (needs xmlsec1)',
    () => {
      expect(answers().length).toBeGreaterThan(15)
      for (const { body } of answers()) {
        const text = Buffer.from(body).toString('utf8')
        const changed = Buffer.from(text.replace(/(<IdOperazione>.*?)\d/, '$19'))
        expect(xmlsec(body, authority.roots.answers)).toBe(true)
        expect(xmlsec(changed, authority.roots.answers)).toBe(false)
      }
      expect(xmlsec(answers()[0]!.body, authority.roots.device)).toBe(false)
    },
  )

  const checkable = italyFolder !== undefined && has('xmllint')
  it.skipIf(!checkable)('IT-77 the schemas take every answer that claims to follow them [reference files]', () => {
    const fits = answers().map(({ route, body }) => valid(body, route === 'lottery'))
    // Real answers of the application do not; those of the gateway do.
    if (style === 'schema') expect(fits).not.toContain(false)
    else expect(new Set(fits)).toEqual(new Set([true, false]))
  })
})
