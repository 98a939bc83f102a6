// A simulated register for tests: a real queue with a real key over storage in memory, a clock in the test's hands.
import {
  createQueue,
  openQueue,
  type FiscalRecord,
  type Outcome,
  type Queue,
  type Registered,
  type Signer,
  type Storage,
} from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import { fixedClock, memoryStorage, type FixedClock } from '@sigillo/testing'
import { italy, type Italy } from './italy.js'
import type { ItalyOptions } from './options.js'
import type { ClosingPayload } from './payload.js'
import type { State } from './state.js'

/** Options every test device starts from. */
export const shop: ItalyOptions = {
  matricola: 'ZZITT000001',
  startsAs: 'ATTIVATO',
  merchant: { name: 'BOTTEGA ESEMPIO SRL', address: 'Via Roma 1, 10100 Torino', vat: '01234567897' },
}

/** 2026-11-20 10:12:13 in Rome. */
export const MORNING = '2026-11-20T09:12:13.000Z'

/** A line: amount in cents; group as rate or nature. */
export const line = (amount: number | string, group: number | string, more: object = {}): object => ({
  description: 'Articolo',
  amount,
  ...(typeof group === 'number' ? { rateBp: group } : group === 'VI' ? { apportioned: true } : { nature: group }),
  ...more,
})
export const cash = (amount: number | string): object => ({ kind: 'cash', amount })
export const card = (amount: number | string, more: object = {}): object => ({ kind: 'electronic', amount, ...more })

/** An open device. */
export interface TestDevice {
  queue: Queue
  country: Italy
  readonly clock: FixedClock
  readonly storage: Storage
  readonly signer: Signer
  send(request: object): Promise<Outcome>
  ok(request: object): Promise<Registered>
  /** Code and path of a refusal. */
  refused(request: object): Promise<{ readonly code: string; readonly path: string | undefined }>
  sell(lines: readonly object[], payments: readonly object[], more?: object): Promise<Registered>
  close(more?: object): Promise<ClosingPayload>
  state(): State
  records(type?: string): Promise<FiscalRecord[]>
  reopen(options?: Partial<ItalyOptions>): Promise<void>
}

let serial = 0

/** Opens a device. */
export async function openDevice(
  options: Partial<ItalyOptions> = {},
  parts: { readonly at?: string; readonly storage?: Storage } = {},
): Promise<TestDevice> {
  const clock = fixedClock(parts.at ?? MORNING)
  const storage = parts.storage ?? memoryStorage()
  const signer = await softwareSigner()
  const own = { ...shop, ...options }
  const country = italy(own)
  const queue = await createQueue({ country, storage, signer, clock })
  const device: TestDevice = {
    queue,
    country,
    clock,
    storage,
    signer,
    send: (request) => device.queue.record({ key: `K-${++serial}`, ...request }),
    async ok(request) {
      const outcome = await device.send(request)
      if (outcome.outcome !== 'registered')
        throw new Error(`refused: ${outcome.error.code} ${outcome.error.message}`, { cause: outcome.error })
      return outcome
    },
    async refused(request) {
      const outcome = await device.send(request)
      if (outcome.outcome === 'registered') throw new Error('registered, a refusal was expected')
      return { code: outcome.error.code, path: outcome.error.path }
    },
    sell: (lines, payments, more = {}) => device.ok({ type: 'sale', lines, payments, ...more }),
    close: async (more = {}) => (await device.ok({ type: 'closing', ...more })).record.payload as unknown as ClosingPayload,
    state: () => device.queue.totals() as State,
    async records(type) {
      const out: FiscalRecord[] = []
      for await (const record of device.queue.records()) if (type === undefined || record.body.type === type) out.push(record)
      return out
    },
    async reopen(change = {}) {
      await device.queue.close()
      device.country = italy({ ...own, ...change })
      device.queue = await openQueue({ country: device.country, storage, signer, clock })
    },
  }
  return device
}
