// A simulated register of country-it in front of a running test authority: real HTTPS, real keys, real answers. For tests only; the
// authority itself shares nothing with it.
import { createQueue, sha256Hex, type Outcome, type Queue, type Signer } from '@sigillo/core'
import {
  deviceCsr,
  italy,
  openTransmitter,
  type Italy,
  type ItalyOptions,
  type State,
  type Transmitter,
} from '@sigillo/country-it'
import { softwareSigner } from '@sigillo/signer-software'
import { fixedClock, memoryStorage, type FixedClock } from '@sigillo/testing'
import { nodeTransport } from '@sigillo/transport-node'
import type { Authority } from './contract.js'
import { manufacturerOf, sharedSigner } from './parties.fixture.js'

/** A shop with one device. */
export interface Shop {
  readonly queue: Queue
  readonly country: Italy
  readonly clock: FixedClock
  readonly transmitter: Transmitter
  readonly device: Signer
  readonly blobs: ReadonlyMap<string, Uint8Array>
  send(request: object): Promise<Outcome>
  state(): State
  /** From unknown to ATTIVATO. */
  enrol(): Promise<void>
  sell(cents?: number): Promise<void>
  close(): Promise<void>
}

const technician = { taxCode: 'RSSMRA80A01H501U', firm: { country: 'IT', code: '09876543217' } }
/** The request of an enrolment, all but its CSR. */
export const enrolment: object = {
  type: 'enrol',
  brand: 'Esempio',
  model: 'TT',
  approval: { number: '1', date: '2020-01-01' },
  technician,
}
/** The request of an activation. */
export const activation: object = { type: 'activate', technician }

/** Opens a shop whose clock is the given one; `base` is the authority's address when it is not the one to send to. */
export async function openShop(
  authority: Authority,
  parts: {
    readonly clock?: FixedClock
    readonly matricola?: string
    readonly manufacturer?: Signer
    readonly options?: Partial<ItalyOptions>
  } = {},
): Promise<Shop> {
  const clock = parts.clock ?? fixedClock(new Date(authority.now()).toISOString())
  const [device, manufacturer] = await Promise.all([sharedSigner(), parts.manufacturer ?? manufacturerOf(authority)])
  const country = italy({
    matricola: parts.matricola ?? 'ZZITT000001',
    merchant: { name: 'BOTTEGA ESEMPIO SRL', address: 'Via Roma 1, 10100 Torino', vat: '01234567897' },
    baseUrl: authority.url,
    authorityRoots: authority.roots.answers,
    deviceRoots: authority.roots.device,
    ...parts.options,
  })
  const queue = await createQueue({ country, storage: memoryStorage(), signer: await softwareSigner(), clock })
  const blobs = new Map<string, Uint8Array>()
  const transmitter = openTransmitter({
    queue,
    country,
    clock,
    device,
    manufacturer,
    transport: nodeTransport({ ca: authority.roots.tls }),
    blobs: {
      put: async (bytes) => {
        const sha256 = sha256Hex(bytes)
        blobs.set(sha256, bytes.slice())
        return sha256
      },
      get: async (sha256) => blobs.get(sha256),
    },
  })
  let serial = 0
  const send = async (request: object): Promise<Outcome> => {
    const outcome = await queue.record({ key: `S-${++serial}`, ...request })
    if (outcome.outcome !== 'registered') throw outcome.error
    return outcome
  }
  const ready = async (request: object): Promise<void> => {
    await send(request)
    await transmitter.drain()
  }
  return {
    queue,
    country,
    clock,
    transmitter,
    device,
    blobs,
    send,
    state: () => queue.totals() as State,
    async enrol() {
      await ready({ ...enrolment, csr: await deviceCsr(country.settings, device) })
      await ready(activation)
    },
    async sell(cents = 1220) {
      await send({
        type: 'sale',
        lines: [{ description: 'Articolo', amount: cents, rateBp: 2200 }],
        payments: [{ kind: 'cash', amount: cents }],
      })
    },
    async close() {
      await send({ type: 'closing' })
    },
  }
}
