// A test authority at work: its server, its controls, its keys and its ledger in one object.
import { createHash, X509Certificate } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { commonName, issueCertificate, pem, publicKeyOf, readCertificates } from './certificates.js'
import { checkPlan, checkPolicies, checkState } from './checks.js'
import type { Adoption, Authority, EntryFilter, Policies } from './contract.js'
import { openControl } from './control.js'
import { emptyState, fold, type Device, type DeviceState, type Effect, type State } from './effects.js'
import { openFaults, type FaultPlan } from './faults.js'
import type { Hierarchy } from './hierarchy.js'
import { record, type Bench, type JudgeSettings } from './judge.js'
import type { Entry, Ledger } from './ledger.js'
import type { AuthorityOptions } from './options.js'
import { portalFile } from './portal.js'
import { knownEvents } from './rules-event.js'
import { openServer, type Desk, type Hours } from './server.js'

const DAY_MS = 86_400_000

/** The parts put together; `listen` makes them reachable. */
export class Running implements Authority {
  readonly #hierarchy: Hierarchy
  readonly #bench: Bench
  readonly #settings: JudgeSettings
  readonly #faults = openFaults()
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #control: Server | undefined
  #hours: Hours
  #closed = false
  url = ''
  controlUrl: string | undefined

  constructor(options: AuthorityOptions, hierarchy: Hierarchy, ledger: Ledger, schemas: Bench['schemas']) {
    this.#hierarchy = hierarchy
    this.#hours = options.hours ?? 'always'
    this.#settings = settingsOf(options)
    const state = emptyState()
    for (const entry of ledger.entries) fold(state, entry)
    const now = options.now ?? Date.now
    this.#bench = {
      ledger,
      state,
      hierarchy,
      settings: this.#settings,
      schemas,
      issue: (matricola, publicKey) => this.#issueDevice(matricola, publicKey),
      now: () => now() + state.clockOffsetMs,
    }
    const desk: Desk = {
      bench: this.#bench,
      faults: this.#faults,
      maxBody: options.maxBody ?? 1_048_576,
      hours: () => this.#hours,
      crash: () => (options.onCrash ?? ((): void => this.crash()))(),
    }
    this.#server = openServer(desk)
  }

  get roots(): Authority['roots'] {
    const { device, authority, tls } = this.#hierarchy
    return { device: pem(device.certificate.raw), answers: pem(authority.certificate.raw), tls: pem(tls.certificate.raw) }
  }

  get devices(): readonly Device[] {
    return [...this.#bench.state.devices.values()]
  }

  async listen(host: string, port: number, controlPort: number | false): Promise<void> {
    this.url = `https://${await this.#open(this.#server, host, port)}`
    if (controlPort === false) return
    this.#control = openControl(this)
    this.controlUrl = `http://${await this.#open(this.#control, host, controlPort)}`
  }

  async #open(server: Server, host: string, port: number): Promise<string> {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
    const { port: taken } = server.address() as AddressInfo
    return `${host.includes(':') ? `[${host}]` : host}:${taken}`
  }

  entries({ route, sender, accepted, from = 1 }: EntryFilter = {}): readonly Entry[] {
    return this.#bench.ledger.entries
      .slice(from - 1)
      .filter((one) => route === undefined || one.route === route)
      .filter((one) => sender === undefined || one.sender === sender)
      .filter((one) => accepted === undefined || one.accepted === accepted)
  }

  bytes(n: number): ReturnType<Authority['bytes']> {
    const { ledger } = this.#bench
    return { request: ledger.request(n), answer: ledger.answer(n) }
  }

  lottery(): State['lottery'] {
    return this.#bench.state.lottery
  }

  certifyManufacturer(vat: string, publicKey: string | Uint8Array): Uint8Array {
    const der = this.#issue(
      [
        ['C', 'IT'],
        ['O', 'Agenzia delle Entrate'],
        ['OU', 'Servizio AE Corrispettivi IVA'],
        ['OU', 'Produttori'],
        ['CN', vat],
      ],
      publicKeyOf(publicKey).spki,
      { years: 6, usage: ['digitalSignature', 'nonRepudiation', 'keyEncipherment'], extendedUsage: ['1.3.6.1.5.5.7.3.2'] },
    )
    this.#record({ do: 'manufacturer', name: vat, certificate: Buffer.from(der).toString('base64') })
    return der
  }

  #issueDevice(matricola: string, publicKey: Uint8Array): Uint8Array {
    return this.#issue(
      [
        ['C', 'IT'],
        ['O', 'Agenzia delle Entrate'],
        ['OU', 'Servizio AE Corrispettivi IVA'],
        ['CN', matricola],
      ],
      publicKey,
      { years: this.#settings.certificateYears, usage: ['nonRepudiation'] },
    )
  }

  #issue(
    subject: Parameters<typeof issueCertificate>[0]['subject'],
    publicKey: Uint8Array,
    more: { years: number } & Pick<Parameters<typeof issueCertificate>[0], 'usage' | 'extendedUsage'>,
  ): Uint8Array {
    const { name, key, publicKey: own } = this.#hierarchy.device
    const { years, ...rest } = more
    // An hour back, for a client whose clock is behind.
    const from = this.now() - 3_600_000
    return issueCertificate({
      subject,
      publicKey,
      issuer: { name, key, publicKey: own },
      notBefore: new Date(from),
      notAfter: new Date(from + years * 365 * DAY_MS),
      ...rest,
    })
  }

  trust(root: string): void {
    if (readCertificates(root).length === 0) throw new RangeError('no certificate in there')
    this.#record({ do: 'trust', pem: root })
  }

  adopt({ certificate, ...rest }: Adoption): void {
    const own = typeof certificate === 'string' ? readCertificates(certificate)[0] : new X509Certificate(certificate)
    if (own === undefined) throw new RangeError('no certificate in there')
    if (rest.state !== undefined) checkState(rest.state)
    this.#record({ do: 'enrol', matricola: commonName(own), certificate: own.raw.toString('base64'), ...rest })
  }

  setState(matricola: string, state: DeviceState): void {
    if (!this.#bench.state.devices.has(matricola)) throw new RangeError(`there is no device ${matricola}`)
    checkState(state)
    this.#record({ do: 'state', matricola, state })
  }

  get clockOffsetMs(): number {
    return this.#bench.state.clockOffsetMs
  }

  setClock(offsetMs: number): void {
    this.#record({ do: 'clock', offsetMs })
  }

  now(): number {
    return this.#bench.now()
  }

  #record(effect: Effect): void {
    record(this.#bench, [effect])
  }

  setPolicies(policies: Policies): void {
    const { hours, ...rest } = checkPolicies(policies)
    if (hours !== undefined) this.#hours = hours
    Object.assign(this.#settings, rest)
  }

  get policies(): Required<Policies> {
    const { style, duplicates, duplicatesOf, progressive } = this.#settings
    return { style, duplicates, duplicatesOf, progressive, hours: this.#hours }
  }

  inject(plan: FaultPlan): void {
    this.#faults.add(checkPlan(plan))
  }

  clearFaults(): void {
    this.#faults.clear()
  }

  get faults(): readonly FaultPlan[] {
    return this.#faults.pending
  }

  qrText(matricola: string): string {
    const device = this.#bench.state.devices.get(matricola)
    if (device?.merchant === undefined) throw new RangeError(`${matricola} is bound to no merchant`)
    // Opaque to whoever prints it (2.1).
    return `${this.url}/qr/${createHash('sha256').update(`${matricola} ${device.merchant}`).digest('hex').slice(0, 32)}`
  }

  portalFile(n: number): ReturnType<Authority['portalFile']> {
    const entry = this.#bench.ledger.entries[n - 1]
    const bytes = this.#bench.ledger.request(n)
    if (entry?.route !== 'receipts' || !entry.accepted || bytes === undefined) return undefined
    const merchant = this.#bench.state.devices.get(entry.sender ?? '')?.merchant ?? ''
    return portalFile(entry, bytes, merchant)
  }

  crash(): void {
    if (this.#closed) return
    this.#closed = true
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    this.#control?.close()
    this.#bench.ledger.close()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const ends = [this.#server, this.#control].filter((one) => one !== undefined)
    await Promise.all(
      ends.map(async (one) => {
        const ended = new Promise<void>((resolve) => void one.close(() => resolve()))
        one.closeIdleConnections()
        await ended
      }),
    )
    this.#bench.schemas?.close()
    this.#bench.ledger.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function settingsOf(options: AuthorityOptions): JudgeSettings {
  const { merchants, models } = options
  return {
    style: options.style ?? 'schema',
    duplicates: options.duplicates ?? 'sameAnswer',
    duplicatesOf: { ...options.duplicatesOf },
    progressive: options.progressive ?? 'log',
    events: options.events ?? knownEvents,
    certificateYears: options.certificateYears ?? 3,
    lotteryLimit: options.lotteryLimit ?? 60_000,
    ...(merchants && { merchants }),
    ...(models && { models }),
  }
}
