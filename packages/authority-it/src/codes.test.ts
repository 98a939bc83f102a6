// IT-76: each code of section 7 this authority gives by itself, from a message that is wrong in that one way.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lacking } from '@sigillo/testing/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Authority } from './contract.js'
import { openAuthority } from './wire.fixture.js'
import { bend, csrOf, inner, openDevice, openManufacturer, type Party } from './messages.fixture.js'
import type { DeviceKind, DeviceState } from './effects.js'
import type { Route } from './tables.js'

const NOW = Date.parse('2026-11-24T12:00:00Z')
type Change = readonly [from: string, to: string]
const machine = (type: string, id: string, place = ''): Change => [
  '</Formato>',
  `</Formato><Dispositivo><Tipo>${type}</Tipo><IdDispositivo>${id}</IdDispositivo>${place}</Dispositivo>`,
]
const place = (lat: string, long: string): string =>
  `<GeoLocalizzazione><Lat>${lat}</Lat><Long>${long}</Long></GeoLocalizzazione>`
const idle = (from: string, to: string): Change => [
  '<DataOraRilevazione>',
  `<PeriodoInattivo><Dal>${from}</Dal><Al>${to}</Al></PeriodoInattivo><DataOraRilevazione>`,
]
const behind = (block: string): Change => ['</DatiRT>', `</DatiRT>${block}`]
const visit = (at: string, person = 'RSSMRA80A01H501U', country = 'IT', firm = '09876543217'): string =>
  `<InterventoTecnico><CFTecnico>${person}</CFTecnico><IdIVALaboratorio><IdPaese>${country}</IdPaese><IdCodice>${firm}</IdCodice></IdIVALaboratorio><DataOra>${at}</DataOra><Codice>06</Codice></InterventoTecnico>`
const report = (at: string, matricola: string): string =>
  `<Segnalazione><Matricola>${matricola}</Matricola><DataOra>${at}</DataOra><Codice>02</Codice></Segnalazione>`
const vending = (before: string): string => {
  const names =
    'Venduto VendutoContante VendutoNoContante Incassato IncassatoRicarica IncassatoVendita TotaleResoTubiResto TotaleCaricatoTubiResto TotaleResoManualeTubiResto TotaleCaricatoManualeTubiResto'
  const amounts = names.split(' ').map((name) => `<${name}>1.00</${name}>`)
  return `<DatiDA><Periodo>${amounts.join('')}<DataOraPrelievoPrec>${before}</DataOraPrelievoPrec><ProgressivoPrelievo>1</ProgressivoPrelievo></Periodo></DatiDA>`
}
const asVending = (before = '2026-11-23T00:00:00+01:00'): Change => [
  /<DatiRT>.*<\/DatiRT>/.exec(inner.receipts)![0],
  vending(before),
]
const PAST = '2026-11-24T12:59:59+01:00'
const FUTURE = '2026-11-24T13:00:01+01:00'

interface Case {
  readonly codes: readonly string[]
  readonly of?: DeviceKind
  readonly in?: DeviceState
  readonly but: readonly Change[]
}

const receipts: readonly Case[] = [
  { codes: [], but: [['2026-11-24T12:00:00+01:00', '2026-11-24T13:00:00+01:00']] },
  { codes: [], but: [['2026-11-24T12:00:00+01:00', '2026-11-24T13:00:00']] },
  { codes: ['00203'], but: [['2026-11-24T12:00:00+01:00', FUTURE]] },
  { codes: ['00203'], but: [['2026-11-24T12:00:00+01:00', '2026-11-24T13:00:01']] },
  { codes: ['00203'], but: [['2026-11-24T12:00:00+01:00', '12026-11-24T13:00:01']] },
  { codes: ['00200'], in: 'CENSITO', but: [] },
  { codes: ['00200'], in: 'DISATTIVATO', but: [] },
  { codes: ['00201'], but: [machine('MC', '00010001')] },
  { codes: ['00201'], of: 'MC', but: [machine('DA', '00010001')] },
  { codes: ['00212'], of: 'MC', but: [] },
  { codes: [], of: 'MC', but: [machine('MC', '00010001')] },
  { codes: [], of: 'MC', but: [machine('MC', '00010001', place('45.070312', '-7.68'))] },
  { codes: ['00213'], of: 'MC', but: [machine('MC', '00010001', place('90.01', '7.68'))] },
  { codes: ['00213'], of: 'MC', but: [machine('MC', '00010001', place('45.07', '-180.01'))] },
  { codes: ['00207'], but: [asVending()] },
  { codes: ['00207'], of: 'DA', but: [] },
  { codes: [], of: 'DA', but: [asVending()] },
  { codes: ['00214'], of: 'DA', but: [asVending(FUTURE)] },
  { codes: ['00212'], of: 'DM', but: [asVending()] },
  { codes: ['00210'], of: 'DM', but: [asVending(), machine('DA', 'ZZDAT009999')] },
  { codes: ['00211'], of: 'DM', but: [asVending(), machine('DA', 'ZZDAT000007')] },
  { codes: [], of: 'DM', but: [asVending(), machine('DA', 'ZZDAT000008')] },
  { codes: ['00210'], of: 'DM', but: [asVending(), machine('DA', 'ZZDAT000009')] },
  { codes: [], but: [idle('2026-11-22T00:00:00+01:00', '2026-11-22T23:59:59+01:00')] },
  { codes: [], but: [idle('2026-11-22T00:00:00+01:00', '2026-11-22T00:00:00+01:00')] },
  { codes: ['00202'], but: [idle('2026-11-22T23:59:59+01:00', '2026-11-22T00:00:00+01:00')] },
  { codes: ['00202'], but: [idle('2026-11-22T00:00:00+01:00', '2026-11-24T12:00:00+01:00')] },
  { codes: [], but: [behind(visit(PAST))] },
  { codes: ['00204'], but: [behind(visit(FUTURE))] },
  { codes: ['00208'], but: [behind(visit(PAST, 'RSSMRA80A01H501A'))] },
  { codes: ['00208'], but: [behind(visit(PAST, undefined, 'XX'))] },
  { codes: ['00208'], but: [behind(visit(PAST, undefined, 'IT', '09876543210'))] },
  { codes: ['00204', '00208'], but: [behind(visit(FUTURE, '00000000000'))] },
  { codes: [], but: [behind(report(PAST, 'SELF'))] },
  { codes: ['00206'], but: [behind(report(FUTURE, 'SELF'))] },
  { codes: ['00209'], but: [behind(report(PAST, 'ZZITT999999'))] },
  { codes: [], of: 'MC', but: [machine('MC', '00010001'), behind(report(PAST, '00010001'))] },
  {
    codes: ['00203', '00204', '00206'],
    but: [['2026-11-24T12:00:00+01:00', FUTURE], behind(visit(FUTURE) + report(FUTURE, 'SELF'))],
  },
]
const events: readonly Case[] = [
  { codes: [], but: [] },
  { codes: [], but: [['00600', '00608']] },
  {
    codes: [],
    but: [
      ['FUORI_SERVIZIO', 'DISATTIVAZIONE'],
      ['00600', '00603'],
    ],
  },
  {
    codes: [],
    in: 'ATTIVATO',
    but: [
      ['FUORI_SERVIZIO', 'DISATTIVAZIONE'],
      ['00600', '00603'],
    ],
  },
  { codes: ['00700'], in: 'ATTIVATO', but: [] },
  { codes: ['00700'], in: 'CENSITO', but: [] },
  {
    codes: ['00700'],
    in: 'DISATTIVATO',
    but: [
      ['FUORI_SERVIZIO', 'DISATTIVAZIONE'],
      ['00600', '00603'],
    ],
  },
  { codes: ['00712'], in: 'FUORI_SERVIZIO', but: [] },
  {
    codes: ['00712'],
    in: 'FUORI_SERVIZIO',
    but: [
      ['FUORI_SERVIZIO', 'DISATTIVAZIONE'],
      ['00600', '00603'],
    ],
  },
  { codes: ['00701'], but: [['00600', '00603']] },
  { codes: ['00705'], but: [['2026-11-24T12:00:00+01:00', FUTURE]] },
  { codes: ['00710'], but: [['FUORI_SERVIZIO', 'GUASTO']] },
  { codes: ['00711'], but: [['00600', '00699']] },
  { codes: ['00706'], but: [['00600', '00650']] },
  { codes: [], but: [['<Codice>00600</Codice>', '<Codice>00650</Codice><Descrizione>urto</Descrizione>']] },
  { codes: ['00707'], but: [['00600', '00660']] },
]
const activations: readonly Case[] = [
  { codes: [], in: 'CENSITO', but: [] },
  { codes: [], in: 'DISATTIVATO', but: [] },
  ...(['ATTIVATO', 'IN_SERVIZIO', 'FUORI_SERVIZIO'] as const).map((state) => ({ codes: ['00100'], in: state, but: [] })),
  { codes: ['00101'], in: 'CENSITO', but: [['01234567897', '00000000018']] },
  { codes: ['00114'], in: 'CENSITO', but: [['01234567897', '01234567890']] },
  { codes: ['00114'], in: 'CENSITO', but: [['<IdPaese>IT</IdPaese><IdCodice>01', '<IdPaese>FR</IdPaese><IdCodice>01']] },
  {
    codes: ['00110'],
    in: 'CENSITO',
    but: [
      [
        '</TecnicoVerificatore>',
        '</TecnicoVerificatore><InformazioniAddizionali><RT><DataMessaInServizio>2026-11-23</DataMessaInServizio></RT></InformazioniAddizionali>',
      ],
    ],
  },
  {
    codes: [],
    in: 'CENSITO',
    but: [
      [
        '</TecnicoVerificatore>',
        '</TecnicoVerificatore><InformazioniAddizionali><RT><DataMessaInServizio>2026-11-24</DataMessaInServizio></RT></InformazioniAddizionali>',
      ],
    ],
  },
  { codes: ['00111'], in: 'CENSITO', but: [['RSSMRA80A01H501U', 'RSSMRA80A01H501X']] },
  { codes: ['00112', '00113'], in: 'CENSITO', but: [['<IdPaese>IT</IdPaese><IdCodice>09', '<IdPaese>QQ</IdPaese><IdCodice>09']] },
  { codes: ['00113'], in: 'CENSITO', but: [['09876543217', '09876543218']] },
]
const batches: readonly Case[] = [
  { codes: [], but: [] },
  ...(['ATTIVATO', 'FUORI_SERVIZIO', 'CENSITO', 'DISATTIVATO'] as const).map((state) => ({
    codes: ['00303'],
    in: state,
    but: [],
  })),
  { codes: ['00307'], but: [['2026-11-24T11:00:00+01:00', FUTURE]] },
  { codes: ['00308'], but: [['<Importo>10.00', '<Importo>9.99']] },
  {
    codes: ['00307', '00308'],
    but: [
      ['2026-11-24T11:00:00+01:00', FUTURE],
      ['<Importo>10.00', '<Importo>-10.00'],
    ],
  },
]

describe('IT-76 rules of section 7', () => {
  let authority: Authority
  let manufacturer: Party
  let device: Party
  beforeAll(async () => {
    authority = await openAuthority({
      now: () => NOW,
      duplicates: 'acceptAgain',
      merchants: ['01234567897'],
      models: ['Esempio/TT'],
      events: [
        { code: '00600', events: ['FUORI_SERVIZIO'] },
        { code: '00608', events: ['FUORI_SERVIZIO'] },
        { code: '00603', events: ['DISATTIVAZIONE'] },
        { code: '00650', events: ['FUORI_SERVIZIO'], needsDescription: true },
        { code: '00660', events: ['FUORI_SERVIZIO'], kinds: ['DA'] },
      ],
    })
    manufacturer = await openManufacturer(authority)
    device = await openDevice(authority, manufacturer, 'ZZXXX000001')
    const machines = [
      ['ZZDAT000007', 'CENSITO', '01234567897'],
      ['ZZDAT000008', 'IN_SERVIZIO', '01234567897'],
      ['ZZDAT000009', 'IN_SERVIZIO', '09876543217'],
    ] as const
    for (const [matricola, state, merchant] of machines)
      await openDevice(authority, manufacturer, matricola, { kind: 'DA', state, merchant })
  })
  afterAll(() => authority.close())

  // A device of the kind, put into the state before each case and without a past.
  async function run(route: Route, { of = 'RT', in: state = 'IN_SERVIZIO', but }: Case): Promise<readonly unknown[]> {
    const certificate = device.signer.describe().certificates[0] as Uint8Array
    authority.adopt({ certificate, kind: of, state, merchant: '01234567897' })
    const content = bend(inner[route], ...but).replaceAll('SELF', 'ZZXXX000001')
    const { status, codes } = await device.say(route, content)
    return [status, ...codes]
  }
  const name = ({ codes, of: kind, in: state, but }: Case, i: number): string =>
    `${i + 1}: ${kind ?? ''} ${state ?? ''} ${but.map(([, to]) => to.slice(0, 40)).join(' and ')} → ${codes.join(' ') || 'accepted'}`
  const titled = (cases: readonly Case[]): [string, Case][] => cases.map((one, i) => [name(one, i), one])

  it.each(titled(receipts))('IT-76 daily receipts %s', async (_, one) => {
    expect(await run('receipts', one)).toEqual([200, ...one.codes])
  })
  it.each(titled(events))('IT-18 IT-76 event %s', async (_, one) => {
    expect(await run('event', one)).toEqual([200, ...one.codes])
  })
  it.each(titled(activations))('IT-18 IT-76 activation %s', async (_, one) => {
    expect(await run('activate', one)).toEqual([200, ...one.codes])
  })
  it.each(titled(batches))('IT-18 IT-76 lottery batch %s', async (_, one) => {
    expect(await run('lottery', one)).toEqual([200, ...one.codes])
  })

  it('IT-36 IT-76 a period told of twice, or over a day that was worked, is incoherent; the evening before midnight is not', async () => {
    const device = await openDevice(authority, manufacturer, 'ZZXXX900001', { state: 'IN_SERVIZIO' })
    const days = async (from: string, to: string): Promise<readonly string[]> =>
      (await device.say('receipts', bend(inner.receipts, idle(`${from}T00:00:00+01:00`, `${to}T23:59:59+01:00`)))).codes
    const close = async (at: string): Promise<void> =>
      void (await device.say('receipts', bend(inner.receipts, ['2026-11-24T12:00:00+01:00', at])))
    expect(await days('2026-11-01', '2026-11-03')).toEqual([])
    expect(await days('2026-11-03', '2026-11-04')).toEqual(['00202'])
    await close('2026-11-05T20:00:00+01:00')
    await close('2026-11-08T00:32:00+01:00')
    expect(await days('2026-11-04', '2026-11-05')).toEqual(['00202'])
    expect(await days('2026-11-06', '2026-11-07')).toEqual([])
    expect(await days('2026-11-08', '2026-11-09')).toEqual([])
  })

  it('IT-76 a till has periods of its own', async () => {
    const server = await openDevice(authority, manufacturer, 'ZZXXX900002', { kind: 'MC', state: 'IN_SERVIZIO' })
    const say = async (till: string, from: string): Promise<readonly string[]> =>
      (await server.say('receipts', bend(inner.receipts, machine('MC', till), idle(`${from}T00:00:00`, `${from}T23:59:59`))))
        .codes
    expect([await say('00010001', '2026-11-02'), await say('00010002', '2026-11-02')]).toEqual([[], []])
    const other = bend(inner.receipts, machine('MC', '00010001'), idle('2026-11-02T08:00:00', '2026-11-02T09:00:00'))
    expect((await server.say('receipts', other)).codes).toEqual(['00202'])
  })

  describe.skipIf(lacking('openssl') !== undefined)('certification requests (needs openssl)', () => {
    const ask = async (csr: string, ...but: readonly Change[]): Promise<readonly unknown[]> => {
      const { status, codes } = await manufacturer.say('enrol', bend(inner.enrol, ['CSR', csr], ...but))
      return [status, ...codes]
    }
    const folder = mkdtempSync(join(tmpdir(), 'sigillo-csr-'))
    const openssl = (...args: string[]): Buffer =>
      execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
    const request = (subject: string, key: readonly string[], ...more: string[]): Buffer => {
      openssl('req', '-new', '-newkey', ...key, '-nodes', '-keyout', 'key.pem', '-subj', subject, '-out', 'req.pem', ...more)
      return readFileSync(join(folder, 'req.pem'))
    }
    const der = (): string => openssl('req', '-in', 'req.pem', '-outform', 'DER').toString('base64')

    it('IT-76 00001 nothing that can be read, or whose signature does not verify; DER and PEM are taken', async () => {
      expect(await ask('QUJD')).toEqual([200, '00001'])
      expect(await ask('')).toEqual([200, '00001'])
      request('/C=IT/CN=ZZXXX800001', ['rsa:2048'])
      const good = Buffer.from(der(), 'base64')
      expect(await ask(Buffer.concat([good, Buffer.from([0])]).toString('base64'))).toEqual([200, '00001'])
      const bad = Buffer.from(good)
      bad[bad.length - 1] = (bad[bad.length - 1] as number) ^ 1
      expect(await ask(bad.toString('base64'))).toEqual([200, '00001'])
      expect(await ask(good.toString('base64'))).toEqual([201])
      const pem = request('/C=IT/O=Esempio/OU=RT/CN=ZZXXX800002', ['rsa:2048'])
      expect(await ask(pem.toString('base64'))).toEqual([201])
      expect(await ask('-45.07')).toEqual([200, '00001'])
      expect(await ask(request('/C=IT/CN=ZZXXX800004', ['rsa:2048']).toString('utf8'))).toEqual([201])
    })

    it('IT-76 00002 00003 00015 name and key', async () => {
      request('/C=IT/CN=ZZXXX80001', ['rsa:2048'])
      expect(await ask(der())).toEqual([200, '00002'])
      request(`/C=IT/CN=${'Z'.repeat(31)}`, ['rsa:2048'])
      expect(await ask(der())).toEqual([200, '00002', '00015'])
      request('/C=IT/CN=ZZXXX800003', ['rsa:1024'])
      expect(await ask(der())).toEqual([200, '00003'])
      request('/C=IT/CN=ZZXXX800003', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'])
      expect(await ask(der())).toEqual([200, '00003'])
    })

    it('IT-76 00004 00014 a device that is there already, or was retired', async () => {
      const party = await openDevice(authority, manufacturer, 'ZZXXX800010')
      const csr = await csrOf(party.signer, 'ZZXXX800010')
      expect(await ask(csr, ['>1<', '>2<'])).toEqual([200, '00004'])
      authority.setState('ZZXXX800010', 'DISMESSO')
      expect(await ask(csr, ['>1<', '>3<'])).toEqual([200, '00014'])
    })

    it('IT-76 00005 to 00013 device and technician', async () => {
      const csr = await csrOf(manufacturer.signer, 'ZZXXX800020')
      const brand: Change = ['<MarchioFabbricante>Esempio</MarchioFabbricante>', '']
      const model: Change = ['<Modello>TT</Modello>', '']
      const approval: Change = [/<RifApp.*<\/RifApprovazioneDispositivo>/.exec(inner.enrol)![0], '']
      expect(await ask(csr, brand)).toEqual([200, '00005'])
      expect(await ask(csr, model)).toEqual([200, '00006'])
      expect(await ask(csr, approval)).toEqual([200, '00007'])
      expect(await ask(csr, ['>Esempio<', '>Altro<'])).toEqual([200, '00008'])
      expect(await ask(csr, ['>TT<', '>UU<'])).toEqual([200, '00009'])
      expect(await ask(csr, ['2026-01-01', '2026-11-25'])).toEqual([200, '00010'])
      expect(await ask(csr, ['<Numero>1<', '<Numero><'])).toEqual([200, '00010'])
      expect(await ask(csr, ['RSSMRA80A01H501U', 'RSSMRA80A32H501U'])).toEqual([200, '00011'])
      expect(await ask(csr, ['<IdPaese>IT', '<IdPaese>ZZ'])).toEqual([200, '00012'])
      expect(await ask(csr, ['09876543217', '00000000000'])).toEqual([200, '00013'])
      expect(await ask(csr, ['>RT<', '>MC<'], brand, model, approval)).toEqual([201])
    })

    it('the certificate is what openssl and the profile expect: key, names, three years, non-repudiation only', async () => {
      const party = await openDevice(authority, manufacturer, 'ZZXXX800030')
      writeFileSync(join(folder, 'cert.der'), party.signer.describe().certificates[0]!)
      writeFileSync(join(folder, 'root.pem'), authority.roots.device)
      openssl('x509', '-inform', 'DER', '-in', 'cert.der', '-out', 'cert.pem')
      expect(
        openssl('verify', '-CAfile', 'root.pem', '-x509_strict', '-attime', String(NOW / 1000), 'cert.pem').toString(),
      ).toContain('OK')
      const text = openssl('x509', '-in', 'cert.pem', '-noout', '-text').toString()
      expect(text).toMatch(/Subject: C = IT, O = Agenzia delle Entrate, OU = Servizio AE Corrispettivi IVA, CN = ZZXXX800030/)
      expect(text).toMatch(/Key Usage: critical\s+Non Repudiation\n/)
      expect(text).toMatch(/CA:FALSE/)
      expect(text).toMatch(/sha256WithRSAEncryption/)
      expect(text).toMatch(/Not After : Nov 23 11:00:00 2029 GMT/)
    })
  })
})
