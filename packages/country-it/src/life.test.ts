// The life of a device: enrolment, activation, service, change of owner, certificates, tamper, emergency register, secrets.
import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { writeFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Signer } from '@sigillo/core'
import { fromBase64, readRequest, toBase64 } from '@sigillo/documents'
import { softwareSigner } from '@sigillo/signer-software'
import { beforeAll, describe, expect, it } from 'vitest'
import { has, makePki, type Pki } from '../../documents/src/pki.fixture.js'
import { makeParties, wire, withCertificate, YEAR, type Parties, type Wired } from './authority.fixture.js'
import { cash, line, openDevice, shop } from './device.fixture.js'
import { deviceCsr } from './enrolment.js'
import { namespaces } from './messages.js'
import type { DeviceState } from './state.js'
import { statusOf } from './status.js'

const ok = [line(1000, 2200)]
const technician = { taxCode: 'RSSMRA80A01H501U', firm: { country: 'IT', code: '09876543217' } }
const enrolment = { type: 'enrol', brand: 'Esempio', model: 'TT', approval: { number: '1', date: '2026-01-01' }, technician }

describe.skipIf(!has('openssl'))('life (needs openssl)', () => {
  let parties: Parties
  let manufacturer: Signer
  beforeAll(async () => {
    parties = await makeParties()
    manufacturer = withCertificate(await parties.devicePki.issue('/C=IT/CN=05550001118'))
  })

  // What the authority does with a request: signs it with the device CA.
  const issue = (pki: Pki, csr: string): string => {
    const file = join(pki.folder, 'enrol')
    writeFileSync(`${file}.csr`, fromBase64(csr)!)
    writeFileSync(`${file}.ext`, 'keyUsage=critical,nonRepudiation\nbasicConstraints=CA:FALSE\n')
    execFileSync('openssl', ['req', '-inform', 'DER', '-in', `${file}.csr`, '-out', `${file}.pem`], { stdio: 'pipe' })
    execFileSync(
      'openssl',
      [
        'x509',
        '-req',
        '-in',
        `${file}.pem`,
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-out',
        `${file}.crt`,
        '-outform',
        'DER',
        '-days',
        '2900',
        '-sha256',
        '-extfile',
        `${file}.ext`,
      ],
      { cwd: pki.folder, stdio: 'pipe' },
    )
    return toBase64(new Uint8Array(readFileSync(`${file}.crt`)))
  }
  const issued = (certificate: string): { kind: 'answer'; xml: string } => ({
    kind: 'answer',
    xml: `<?xml version="1.0" encoding="UTF-8"?>\n<n:EsitoRichiestaCertificatoDispositivo xmlns:n="${namespaces.device}" versione="1.0"><IdOperazione>77</IdOperazione><Certificato>${certificate}</Certificato></n:EsitoRichiestaCertificatoDispositivo>`,
  })
  const onlySigns = async (): Promise<Signer> => {
    const inner = await softwareSigner({ alg: 'RS256' })
    return { describe: () => inner.describe(), sign: (request) => inner.sign(request), close: () => inner.close() }
  }

  it('IT-16 IT-22 enrolment, activation and first closing with a key that only signs', async () => {
    const signer = await onlySigns()
    const device = await wire(parties, { startsAs: 'unknown' }, { signer, manufacturer })
    const csr = await deviceCsr(device.country.settings, signer)
    const request = readRequest(fromBase64(csr)!)
    expect(request.subject.at(-1)).toEqual({ oid: '2.5.4.3', value: 'ZZITT000001' })
    expect(request.publicJwk).toEqual(signer.describe().publicJwk)
    expect(await device.refused({ type: 'sale', lines: ok, payments: [cash(1000)] })).toMatchObject({ code: 'IT_DEVICE_STATE' })
    await device.ok({ ...enrolment, csr })
    device.authority.faults.push(issued(issue(parties.devicePki, csr)))
    await device.transmitter.drain()
    expect(device.state().device).toBe('CENSITO')
    expect(device.state().certificate.notAfter).toBeGreaterThan(device.clock.now())
    await device.ok({ type: 'activate', technician, serviceFrom: `${YEAR}-12-01` })
    await device.transmitter.drain()
    expect(device.state()).toMatchObject({ device: 'ATTIVATO', merchant: { vat: '01234567897' } })
    await device.sell(ok, [cash(1000)])
    await device.close()
    await device.transmitter.drain()
    expect(device.state().device).toBe('IN_SERVIZIO')
    expect(device.authority.inbox.map(({ text }) => /<\w:(\w+)/.exec(text)![1])).toEqual([
      'AttivaDispositivo',
      'DatiCorrispettivi',
    ])
  })

  it('IT-17 a certificate of another key, another name or a foreign CA is discarded and the state stays', async () => {
    const signer = await onlySigns()
    const other = await onlySigns()
    const settings = (await openDevice()).country.settings
    const csr = await deviceCsr(settings, signer)
    const cases: readonly (readonly [string, string])[] = [
      [issue(parties.devicePki, await deviceCsr(settings, other)), 'CERTIFICATE_OF_ANOTHER_KEY'],
      [issue(parties.devicePki, await deviceCsr({ ...settings, matricola: 'ZZITT000002' }, signer)), 'CERTIFICATE_NAME'],
      [issue(makePki(), csr), 'CERTIFICATE_UNTRUSTED'],
      [toBase64(Uint8Array.of(0x30, 0)), 'CERTIFICATE_MALFORMED'],
    ]
    for (const [certificate, problem] of cases) {
      const device = await wire(parties, { startsAs: 'unknown' }, { signer, manufacturer })
      await device.ok({ ...enrolment, csr })
      device.authority.faults.push(issued(certificate))
      await device.transmitter.drain()
      expect(device.state()).toMatchObject({ device: 'unknown', certificate: { notAfter: 0 } })
      expect((await device.records('it.outcome'))[0]!.payload).toMatchObject({ result: 'rejected', problem })
    }
  })

  const at = async (state: DeviceState): Promise<Wired> => {
    const device = await wire(
      parties,
      { startsAs: state === 'unknown' || state === 'CENSITO' ? 'unknown' : 'ATTIVATO' },
      { manufacturer },
    )
    if (state === 'CENSITO') {
      const csr = toBase64(Uint8Array.of(1))
      await device.ok({ ...enrolment, csr })
      device.authority.faults.push(issued(toBase64(parties.device.der)))
      await device.transmitter.drain()
    }
    if (state === 'IN_SERVIZIO' || state === 'FUORI_SERVIZIO') {
      await device.close()
      await device.transmitter.drain()
    }
    if (state === 'FUORI_SERVIZIO') {
      await device.ok({ type: 'event', event: 'FUORI_SERVIZIO', code: '00600' })
      await device.transmitter.drain()
    }
    if (state === 'DISATTIVATO' || state === 'DISMESSO') await device.ok({ type: 'life', to: state, by: 'portal' })
    expect(device.state().device).toBe(state)
    return device
  }
  const steps: Readonly<Record<string, { readonly request: object; readonly from: readonly DeviceState[] }>> = {
    enrol: { request: { ...enrolment, csr: 'AAAA' }, from: ['unknown'] },
    activate: { request: { type: 'activate', technician }, from: ['CENSITO', 'DISATTIVATO'] },
    sale: { request: { type: 'sale', lines: ok, payments: [cash(1000)] }, from: ['ATTIVATO', 'IN_SERVIZIO'] },
    closing: { request: { type: 'closing' }, from: ['ATTIVATO', 'IN_SERVIZIO', 'FUORI_SERVIZIO'] },
    'out of service': { request: { type: 'event', event: 'FUORI_SERVIZIO', code: '00600' }, from: ['IN_SERVIZIO'] },
    deactivation: { request: { type: 'event', event: 'DISATTIVAZIONE', code: '00603' }, from: ['ATTIVATO', 'IN_SERVIZIO'] },
    'portal: deactivated': {
      request: { type: 'life', to: 'DISATTIVATO', by: 'portal' },
      from: ['ATTIVATO', 'IN_SERVIZIO', 'FUORI_SERVIZIO'],
    },
    'portal: out of service': { request: { type: 'life', to: 'FUORI_SERVIZIO', by: 'portal' }, from: ['IN_SERVIZIO'] },
    retirement: {
      request: { type: 'life', to: 'DISMESSO', by: 'technician' },
      from: ['CENSITO', 'ATTIVATO', 'IN_SERVIZIO', 'FUORI_SERVIZIO', 'DISATTIVATO'],
    },
    emergency: { request: { type: 'emergency', lines: ok, payments: [cash(1000)] }, from: ['FUORI_SERVIZIO'] },
  }
  it.each(['unknown', 'CENSITO', 'ATTIVATO', 'IN_SERVIZIO', 'FUORI_SERVIZIO', 'DISATTIVATO', 'DISMESSO'] as const)(
    'IT-18 a device %s takes its steps and refuses every other',
    async (state) => {
      for (const [name, { request, from }] of Object.entries(steps)) {
        const device = await at(state)
        if (from.includes(state)) await device.ok(request)
        else expect(await device.refused(request), name).toMatchObject({ code: 'IT_DEVICE_STATE' })
      }
    },
  )

  it('IT-19 out of service, the next accepted closing brings it back', async () => {
    const device = await at('FUORI_SERVIZIO')
    await device.close()
    await device.transmitter.drain()
    expect(device.state().device).toBe('IN_SERVIZIO')
  })

  it('IT-20 change of owner: delivered first, old documents keep their owner, numbers go on', async () => {
    const device = await at('IN_SERVIZIO')
    const old = await device.sell(ok, [cash(1000)])
    const leave = { type: 'event', event: 'DISATTIVAZIONE', code: '00603' }
    expect(await device.refused(leave)).toMatchObject({ code: 'IT_PERIOD_OPEN' })
    await device.close()
    expect(await device.refused(leave)).toMatchObject({ code: 'IT_OUTSTANDING' })
    await device.transmitter.drain()
    await device.ok(leave)
    await device.transmitter.drain()
    expect(device.state().device).toBe('DISATTIVATO')
    await device.ok({ type: 'activate', technician, merchant: { name: 'Nuova Srl', address: 'Via Po 2', vat: '09876543217' } })
    await device.transmitter.drain()
    const sold = await device.sell(ok, [cash(1000)])
    expect(sold.record.payload).toMatchObject({ z: 3, n: 1, issuer: { name: 'Nuova Srl' } })
    expect(
      device.country
        .print(old.record)
        .map(({ text }) => text)
        .join('\n'),
    ).toContain(shop.merchant.name)
    expect(
      device.country
        .print(sold.record)
        .map(({ text }) => text)
        .join('\n'),
    ).toContain('Nuova Srl')
  })

  it('IT-21 a certificate near its end warns at 90, 30 and 7 days; an expired one blocks a new period, not delivery', async () => {
    const device = await at('CENSITO')
    await device.ok({ type: 'activate', technician })
    await device.transmitter.drain()
    const end = device.state().certificate.notAfter
    const warned = (days: number): readonly string[] =>
      statusOf(device.country.settings, device.state(), end - days * 86_400_000).warnings
    expect([warned(91), warned(90), warned(30), warned(7), warned(-1)]).toEqual([
      [],
      ['IT_CERT_EXPIRES_90'],
      ['IT_CERT_EXPIRES_30'],
      ['IT_CERT_EXPIRES_7'],
      ['IT_CERT_EXPIRED'],
    ])
    device.clock.set(end - 3_600_000)
    await device.sell(ok, [cash(1000)])
    await device.close()
    await device.transmitter.step()
    device.clock.set(end + 60_000)
    expect(await device.refused({ type: 'sale', lines: ok, payments: [cash(1000)] })).toMatchObject({ code: 'IT_CERT_EXPIRED' })
    const { made } = device.state().outbox[0]!
    await device.ok({ type: 'transmission', op: 'attempt', of: made })
    await device.ok({ type: 'outcome', of: made, result: 'accepted', operation: 'x' })
    expect(device.state().outbox).toEqual([])
  })

  it('IT-81 no private key in journal or blobs', async () => {
    const device = await at('IN_SERVIZIO')
    const pem = readFileSync(parties.device.key, 'utf8').replace(/-----[^-]+-----|\s/g, '')
    const journal =
      JSON.stringify(await device.records()) +
      [...device.blobs.kept.values()].map((bytes) => new TextDecoder('latin1').decode(bytes)).join('')
    for (let i = 400; i + 48 < pem.length; i += 48) expect(journal).not.toContain(pem.slice(i, i + 48))
    expect(createHash('sha256').update(journal).digest('hex')).toHaveLength(64)
  })

  it('IT-82 the emergency register is numbered and exported, never sent and in no closing', async () => {
    const device = await at('FUORI_SERVIZIO')
    const first = await device.ok({ type: 'emergency', lines: ok, payments: [cash(1000)], paper: '12' })
    expect(first.record.payload).toMatchObject({ kind: 'emergency', number: 1, total: 1000 })
    await device.ok({ type: 'emergency', lines: ok, payments: [cash(1000)] })
    expect(device.state()).toMatchObject({ emergency: 2, outbox: [] })
    expect(await device.close()).toMatchObject({ kind: 'zero', totals: { documents: 0 }, grand: { sales: 0 } })
  })
})

describe('seal and memory', () => {
  it('tampered: no documents, no closings; a technician restores and appears in the next closing', async () => {
    const device = await openDevice()
    await device.ok({ type: 'tamper', reason: 'lid' })
    for (const request of [{ type: 'sale', lines: ok, payments: [cash(1000)] }, { type: 'closing' }])
      expect(await device.refused(request)).toMatchObject({ code: 'IT_TAMPERED' })
    await device.ok({ type: 'intervention', ...technician, code: '06', note: 'nuovo sigillo', nextVerificationDue: '2027-01-10' })
    await device.ok({ type: 'report', code: '02', note: 'contatore' })
    await device.sell(ok, [cash(1000)])
    const closing = await device.close()
    expect(closing).toMatchObject({ interventions: [{ code: '06' }], reports: [{ code: '02', matricola: 'ZZITT000001' }] })
    expect(device.state()).toMatchObject({ seal: 'sealed', initialisations: 1, interventions: [], reports: [] })
    expect((await device.close()).interventions).toEqual([])
    const warnings = (date: string): readonly string[] =>
      statusOf(device.country.settings, device.state(), Date.parse(date)).warnings
    expect([warnings('2026-11-10T12:00:00Z'), warnings('2026-11-12T12:00:00Z'), warnings('2027-01-11T12:00:00Z')]).toEqual([
      [],
      ['IT_VERIFICATION_DUE'],
      ['IT_VERIFICATION_OVERDUE'],
    ])
  })

  it('a full memory stops documents and warns before', async () => {
    const device = await openDevice()
    for (const [percent, warning] of [
      [79, undefined],
      [80, 'IT_MEMORY_80'],
      [90, 'IT_MEMORY_90'],
      [99, 'IT_MEMORY_95'],
    ] as const) {
      await device.ok({ type: 'memory', percent })
      expect((await device.sell(ok, [cash(1000)])).answer['warnings']).toEqual(warning === undefined ? undefined : [warning])
    }
    await device.ok({ type: 'memory', percent: 100 })
    expect(await device.refused({ type: 'sale', lines: ok, payments: [cash(1000)] })).toMatchObject({ code: 'IT_MEMORY_FULL' })
    await device.close()
  })
})
