// An Italian shop day of the example data: a device enrols, is activated, sells, closes and transmits to the test authority over HTTPS, with
// whatever two keys are given: the one of the journal and the one that seals what is sent.
import { readFileSync } from 'node:fs'
import { createQueue, sha256Hex, type Outcome, type Signer } from '@sigillo/core'
import { startAuthority, type Authority } from '@sigillo/authority-it'
import { checkFile, deviceCsr, italy, openTransmitter, type ItalyOptions } from '@sigillo/country-it'
import { readCertificates } from '@sigillo/documents'
import { generateKey, softwareSigner } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { fixedClock } from '@sigillo/testing'
import { nodeTransport } from '@sigillo/transport-node'
import { likeness, lookBack, type Day } from './day.fixture.js'

const data = (name: string): string => readFileSync(new URL(`../data/${name}`, import.meta.url), 'utf8')
const DATE = '2026-11-20'
const technician = { taxCode: 'RSSMRA80A01H501U', firm: { country: 'IT', code: '09876543217' } }

/** The two keys of an Italian till: ES256 or another for records, RS256 for files. */
export interface ItalianKeys {
  readonly record: Signer
  readonly device: Signer
}

/** A file the authority has accepted. */
export interface SentFile {
  readonly route: string
  readonly xml: string
  /** Whether the check of the command `sigillo it check` finds it sound and sealed by this device. */
  readonly sound: boolean
}

/** What an Italian day leaves behind, and what the authority has of it. */
export interface ItalianDay extends Day {
  readonly files: readonly SentFile[]
  /** Names of what differs from day to day because a key or the authority's dice made it. */
  readonly chance: ReadonlyMap<string, string>
}

/** Plays the day with these keys. */
export async function playItalianDay(keys: ItalianKeys, folder: string): Promise<ItalianDay> {
  const clock = fixedClock(`${DATE}T07:00:00+01:00`)
  await using authority = await startAuthority({ now: () => clock.now() })
  const { roots, url: baseUrl } = authority
  const { options } = JSON.parse(data('bar-it.json')) as { options: ItalyOptions }
  const country = italy({ ...options, baseUrl, authorityRoots: roots.answers, deviceRoots: roots.device })
  const queue = await createQueue({ country, storage: await openFolder(folder), signer: keys.record, clock })
  const transport = nodeTransport({ ca: roots.tls })
  const manufacturer = await makerFor(authority)
  const transmitter = openTransmitter({ queue, country, transport, clock, device: keys.device, manufacturer })
  const answers: Outcome[] = []
  const send = async (request: object): Promise<void> => void answers.push(await queue.record(request))

  const csr = await deviceCsr(country.settings, keys.device)
  const approval = { number: '1', date: '2020-01-01' }
  await send({ type: 'enrol', key: 'ENROL', csr, brand: 'Esempio', model: 'TT', approval, technician })
  await transmitter.drain()
  await send({ type: 'activate', key: 'ACTIVATE', technician })
  await transmitter.drain()
  for (const line of data('bar-day-it.jsonl').trimEnd().split('\n')) {
    clock.step(20 * 60_000)
    await send(JSON.parse(line) as object)
  }
  await transmitter.drain()
  clock.set(`${DATE}T21:40:00+01:00`)
  await send({ type: 'closing', key: 'CLOSE' })
  await transmitter.drain()
  const own = await queue.verify()
  await queue.close()
  await Promise.all([transport.close?.(), manufacturer.close()])
  const seen = await lookBack(folder, country.auditor?.())
  const files = filesOf(authority, country.settings.matricola)
  return { answers, own, ...seen, files, chance: new Map([[csr, 'request'], ...drawn(authority), ...derived(seen.records)]) }
}

// A manufacturer the test authority knows: it signs the request for a device that has no certificate yet.
async function makerFor(authority: Authority): Promise<Signer> {
  const signer = await softwareSigner({ key: await generateKey('RS256', { modulusLength: 2048 }) })
  const certificate = authority.certifyManufacturer('05550001118', signer.describe().publicKeySpki)
  return {
    describe: () => ({ ...signer.describe(), certificates: [certificate] }),
    sign: (request) => signer.sign(request),
    close: () => signer.close(),
  }
}

function filesOf(authority: Authority, matricola: string): SentFile[] {
  const roots = readCertificates(authority.roots.device)
  return authority.entries({ sender: matricola, accepted: true }).map(({ n, route = '' }) => {
    const bytes = authority.bytes(n).request as Uint8Array
    const { sound, signature } = checkFile(bytes, { roots, signer: matricola, nowMs: authority.now() })
    return { route, xml: new TextDecoder().decode(bytes), sound: sound && signature.state === 'right' && signature.trusted }
  })
}

// Digests of sealed bytes and the numbers the authority draws, by the place of the message in its ledger.
function drawn(authority: Authority): (readonly [string, string])[] {
  return authority.entries().flatMap(({ n, id }) => {
    const { request, answer } = authority.bytes(n)
    const digests = [request, answer].flatMap((bytes) => (bytes === undefined ? [] : [sha256Hex(bytes)]))
    return [...digests.map((digest, i) => [digest, `bytes ${n}.${i}`] as const), [id ?? '', `operation ${n}`] as const]
  })
}

// The transmitter names its requests by the hash of the record they follow; a certificate is named by its digest.
function derived(records: Day['records']): (readonly [string, string])[] {
  return records.flatMap(({ body, payload }) => {
    const { certificate } = (payload ?? {}) as { readonly certificate?: { readonly blob: string } }
    const { ref = '', seq } = body
    return [
      ...(/^it-\d+-[0-9a-f]{16}$/.test(ref) ? [[ref, `reference ${seq}`] as const] : []),
      ...(certificate === undefined ? [] : [[certificate.blob, `certificate ${seq}`] as const]),
    ]
  })
}

/** An Italian day as text in which nothing depends on the keys or on chance, files without their seals included. */
export function italianLikeness(day: ItalianDay): string {
  const files = day.files.map(({ route, sound, xml }) => ({ route, sound, xml: withoutSeal(xml) }))
  return `${likeness(day, day.chance)}\n${JSON.stringify(files, null, 1)}`
}

function withoutSeal(xml: string): string {
  return xml.replace(/<(\w+:)?Signature[\s>].*<\/(\w+:)?Signature>/s, '<seal/>')
}
