// What stands at the other end in tests of the transmitter: a Transport that checks the signature, keeps what it gets, and answers
// with messages signed by a key of its own hierarchy. Faults are asked for one by one.
import {
  FiscalError,
  fromUtf8,
  sha256Hex,
  utf8,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from '@sigillo/core'
import { readCertificates, signXml, verifyXml } from '@sigillo/documents'
import { generateKey, softwareSigner } from '@sigillo/signer-software'
import { makePki, type Issued, type Pki } from '../../documents/src/pki.fixture.js'
import { openDevice, type TestDevice } from './device.fixture.js'
import type { ItalyOptions } from './options.js'
import { namespaces } from './messages.js'
import { openTransmitter, type Blobs, type Transmitter } from './transmitter.js'
import type { Signer } from '@sigillo/core'

/** A year in which the certificates openssl issues today are valid. */
export const YEAR: number = new Date().getFullYear() + 1

/** What happens to the next exchange. */
export type Fault =
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'garbage' }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'stranger' }
  | { readonly kind: 'codes'; readonly codes: readonly string[]; readonly wrapped?: boolean }
  | { readonly kind: 'answer'; readonly xml: string }

/** The other end. */
export interface TestAuthority extends Transport {
  /** Distinct messages stored, in order of arrival. */
  readonly inbox: { readonly url: string; readonly sha256: string; readonly text: string }[]
  /** Every request that came, stored or not. */
  readonly seen: string[]
  readonly faults: Fault[]
  readonly pki: Pki
  /** Offset of its clock from the device's, milliseconds. */
  skewMs: number
}

const E = (uri: string, root: string, inner: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<n:${root} xmlns:n="${uri}" versione="1.0">${inner}</n:${root}>`
export const operation = (id: string, codes: readonly string[] = [], wrapped = true): string => {
  const errors = codes
    .map((code) =>
      wrapped
        ? `<Errore><Codice>${code}</Codice><Descrizione>x</Descrizione></Errore>`
        : `<Codice>${code}</Codice><Descrizione>x</Descrizione>`,
    )
    .join('')
  return E(
    namespaces.device,
    'EsitoOperazione',
    `<IdOperazione>${id}</IdOperazione>${errors === '' ? '' : `<Errori>${errors}</Errori>`}`,
  )
}
export const lotteryAnswer = (outcome: string, inner = '', n = 1): string =>
  E(
    namespaces.lotteryAnswer,
    'DocCommercialiLotteriaEsito',
    `<IdOperazione>L1</IdOperazione><DataOra>2026-11-20T10:00:00</DataOra><NumElementi>${n}</NumElementi><Esito>${outcome}</Esito>${inner}`,
  )

/** A hierarchy for the device side and one for the authority, with their signers. */
export interface Parties {
  readonly devicePki: Pki
  readonly authorityPki: Pki
  readonly device: Issued
  readonly deviceSigner: Signer
  readonly authority: Issued
  readonly stranger: Issued
}

/** Makes the parties once per test file: keys take time. */
export async function makeParties(matricola = 'ZZITT000001'): Promise<Parties> {
  const [devicePki, authorityPki] = [makePki('Device CA'), makePki('Authority CA')]
  const device = await devicePki.issue(`/C=IT/CN=${matricola}`)
  const name = '/C=IT/CN=Servizio AE Corrispettivi IVA'
  const authority = await authorityPki.issue(name)
  const stranger = await makePki('Stranger').issue(name)
  return { devicePki, authorityPki, device, deviceSigner: withCertificate(device), authority, stranger }
}

/** The signer of an issued key, saying its certificate. */
export function withCertificate({ signer, der }: Issued): Signer {
  return {
    describe: () => ({ ...signer.describe(), certificates: [der] }),
    sign: (request) => signer.sign(request),
    close: () => signer.close(),
  }
}

/** The other end over a hierarchy. */
export function openAuthority(parties: Parties, now: () => number): TestAuthority {
  const { authority, stranger, devicePki, authorityPki } = parties
  const inbox: TestAuthority['inbox'] = []
  const seen: string[] = []
  const faults: Fault[] = []
  let count = 0
  const self: TestAuthority = { inbox, seen, faults, pki: authorityPki, skewMs: 0, send }
  const reply = async (xml: string, signer = authority): Promise<TransportResponse> =>
    respond(200, await signXml(utf8(xml), signer.signing))
  const respond = (status: number, body: Uint8Array, headers = {}): TransportResponse => ({
    status,
    body,
    headers: { date: new Date(now() + self.skewMs).toUTCString(), ...headers },
  })
  const store = ({ url, body }: TransportRequest): string => {
    const sha256 = sha256Hex(body as Uint8Array)
    const at = inbox.findIndex((one) => one.sha256 === sha256)
    if (at >= 0) return `OP-${at + 1}`
    inbox.push({ url, sha256, text: fromUtf8(body as Uint8Array) as string })
    return `OP-${inbox.length}`
  }
  async function send(request: TransportRequest): Promise<TransportResponse> {
    const fault = faults.shift()
    if (fault?.kind === 'unreachable')
      throw new FiscalError('UNREACHABLE', { kind: 'transmission', message: 'refused', registered: 'no' })
    seen.push(sha256Hex(request.body as Uint8Array))
    if (fault?.kind === 'dropped')
      throw new FiscalError('UNREACHABLE', { kind: 'transmission', message: 'cut', registered: 'unknown' })
    const verdict = verifyXml(request.body as Uint8Array, {
      trust: { anchors: readCertificates(devicePki.ca), at: now(), usage: ['nonRepudiation'] },
    })
    if (!verdict.ok) return reply(operation('DP1', ['99999']))
    if (fault?.kind === 'status') return respond(fault.status, utf8(''), fault.headers ?? {})
    if (fault?.kind === 'garbage') return respond(200, utf8('<html>'))
    if (fault?.kind === 'codes') return reply(operation(`R-${++count}`, fault.codes, fault.wrapped))
    if (fault?.kind === 'answer') return reply(fault.xml)
    const id = store(request)
    if (fault?.kind === 'lost')
      throw new FiscalError('UNREACHABLE', { kind: 'transmission', message: 'cut', registered: 'unknown' })
    const xml = request.url.includes('lotteria') ? lotteryAnswer('AC') : operation(id)
    if (fault?.kind === 'unsigned') return respond(200, utf8(xml))
    return reply(xml, fault?.kind === 'stranger' ? stranger : authority)
  }
  return self
}

/** Blobs in memory. */
export function memoryBlobs(): Blobs & { readonly kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>()
  return {
    kept,
    put: async (bytes) => {
      const sha256 = sha256Hex(bytes)
      kept.set(sha256, bytes.slice())
      return sha256
    },
    get: async (sha256) => kept.get(sha256),
  }
}

/** A device wired to the other end. */
export interface Wired extends TestDevice {
  readonly authority: TestAuthority
  readonly blobs: ReturnType<typeof memoryBlobs>
  transmitter: Transmitter
  /** A fresh transmitter, as after a restart. */
  restart(): void
}

/** Wires a device to the other end. */
export async function wire(
  parties: Parties,
  options: Partial<ItalyOptions> = {},
  parts: { readonly at?: string; readonly signer?: Signer; readonly manufacturer?: Signer } = {},
): Promise<Wired> {
  const device = await openDevice(
    { baseUrl: 'https://127.0.0.1:1', authorityRoots: parties.authorityPki.ca, deviceRoots: parties.devicePki.ca, ...options },
    { at: `${YEAR}-11-20T09:12:13.000Z`, ...parts },
  )
  const authority = openAuthority(parties, () => device.clock.now())
  const blobs = memoryBlobs()
  const make = (): Transmitter =>
    openTransmitter({
      queue: device.queue,
      country: device.country,
      blobs,
      transport: authority,
      clock: device.clock,
      device: parts.signer ?? parties.deviceSigner,
      ...(parts.manufacturer && { manufacturer: parts.manufacturer }),
    })
  const wired = Object.assign(device, {
    authority,
    blobs,
    transmitter: make(),
    restart: () => void (wired.transmitter = make()),
  }) as Wired
  return wired
}

/** A fresh RSA key as a signer that only signs. */
export async function freshKey(): Promise<Signer> {
  return softwareSigner({ key: await generateKey('RS256') })
}
