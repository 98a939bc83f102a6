// A small shop for tests: a real queue with a real key over storage in memory (or one given), a clock in the test's hands, and
// short ways to sell. Nothing is mocked.
import {
  isJournalType,
  createQueue,
  openQueue,
  type FiscalRecord,
  type Outcome,
  type Queue,
  type QueueOptions,
  type Registered,
  type Signer,
  type Storage,
} from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import { fixedClock, memoryStorage, type FixedClock } from '@sigillo/testing'
import { france, type France } from './france.js'
import type { FranceOptions } from './options.js'

/** Options every test shop starts from. */
export const cafe: FranceOptions = {
  siret: '12345678900012',
  legalName: 'Café du Port',
  address: '1 quai des Brumes\n29900 Concarneau',
  vatId: 'FR32123456789',
  naf: '56.30Z',
  tillId: 'CAISSE-01',
  software: { name: 'Sigillo Caisse', version: '2.3.1' },
}

/** 2026-11-23 10:15:30 in Paris. */
export const MORNING = '2026-11-23T09:15:30.000Z'

/** A line. */
export const line = (total: number | string, rateBp: number, more: object = {}): object => ({
  label: 'Article',
  total,
  rateBp,
  ...more,
})

/** An open shop. */
export interface Shop {
  queue: Queue
  readonly country: France
  readonly clock: FixedClock
  readonly storage: Storage
  readonly signer: Signer
  /** Sends a request with key, operator and till's moment filled in. */
  send(request: object): Promise<Outcome>
  /** The same, and the answer must be registered. */
  ok(request: object): Promise<Registered>
  /** Error code of a refusal. */
  refused(request: object): Promise<string>
  sell(lines: readonly object[], more?: object): Promise<Registered>
  records(): Promise<FiscalRecord[]>
  /** Types and words of the records after a number: `T:VENTE`, `L:80`. */
  trail(from?: bigint): Promise<string[]>
  totals(): Record<string, never>
  reopen(options?: Partial<QueueOptions> & { readonly options?: Partial<FranceOptions> }): Promise<Queue>
}

let serial = 0

/** Opens a shop; by default it is started. */
export async function openShop(
  options: Partial<FranceOptions> = {},
  parts: {
    readonly start?: boolean
    readonly at?: string
    readonly storage?: Storage
    readonly signer?: Signer
    readonly queue?: Partial<QueueOptions>
  } = {},
): Promise<Shop> {
  const clock = fixedClock(parts.at ?? MORNING)
  const storage = parts.storage ?? memoryStorage()
  const signer = parts.signer ?? (await softwareSigner())
  const shop = new TestShop({ ...cafe, ...options }, clock, storage, signer, parts.queue ?? {})
  shop.queue = await createQueue({ country: shop.country, storage, signer, clock, ...parts.queue })
  if (parts.start !== false) await shop.ok({ type: 'start' })
  return shop
}

class TestShop implements Shop {
  queue!: Queue
  country: France
  readonly clock: FixedClock
  readonly storage: Storage
  readonly signer: Signer
  readonly #parts: Partial<QueueOptions>
  #options: FranceOptions

  constructor(options: FranceOptions, clock: FixedClock, storage: Storage, signer: Signer, parts: Partial<QueueOptions>) {
    this.#options = options
    this.country = france(options)
    this.clock = clock
    this.storage = storage
    this.signer = signer
    this.#parts = parts
  }

  send(request: object): Promise<Outcome> {
    const posMoment = new Date(this.clock.now()).toISOString()
    return this.queue.record({ key: `K-${++serial}`, operatorId: 'OP-7', posMoment, ...request })
  }

  async ok(request: object): Promise<Registered> {
    const outcome = await this.send(request)
    if (outcome.outcome !== 'registered')
      throw new Error(`refused: ${outcome.error.code} ${outcome.error.message}`, { cause: outcome.error })
    return outcome
  }

  async refused(request: object): Promise<string> {
    const outcome = await this.send(request)
    if (outcome.outcome === 'registered') throw new Error('registered, a refusal was expected')
    return outcome.error.code
  }

  sell(lines: readonly object[], more: object = {}): Promise<Registered> {
    const amount = lines.reduce((sum, one) => sum + ((one as { total: number }).total ?? 0), 0)
    const payments = amount === 0 ? [] : [{ mode: 'ESP', amount }]
    return this.ok({ type: 'ticket', lines, payments, ...more })
  }

  async records(): Promise<FiscalRecord[]> {
    const out: FiscalRecord[] = []
    for await (const record of this.queue.records()) out.push(record)
    return out
  }

  async trail(from = 0n): Promise<string[]> {
    const out: string[] = []
    for await (const record of this.queue.records({ from })) if (!isJournalType(record.body.type)) out.push(nameOf(record))
    return out
  }

  totals(): Record<string, never> {
    return this.queue.totals() as Record<string, never>
  }

  async reopen(change: Partial<QueueOptions> & { readonly options?: Partial<FranceOptions> } = {}): Promise<Queue> {
    const { options, ...rest } = change
    await this.queue.close()
    this.#options = { ...this.#options, ...options }
    this.country = france(this.#options)
    this.queue = await openQueue({
      country: this.country,
      storage: this.storage,
      signer: this.signer,
      clock: this.clock,
      ...this.#parts,
      ...rest,
    })
    return this.queue
  }
}

const LETTER: Readonly<Record<string, string>> = {
  ticket: 'T',
  invoice: 'I',
  payment: 'P',
  note: 'B',
  closing: 'G',
  event: 'L',
  copy: 'C',
  archive: 'A',
  training: 'X',
}

function nameOf(record: FiscalRecord): string {
  const payload = record.payload as Record<string, unknown>
  return `${LETTER[record.body.type] ?? record.body.type}:${String(payload['op'] ?? payload['kind'] ?? payload['code'] ?? payload['copy'] ?? '')}`
}

/** Text of print items, one a line; without the QR code, whose base64 may spell anything. */
export function printed(outcome: Registered): string {
  return outcome.print
    .filter(({ kind }) => kind !== 'qr')
    .map(({ text, right }) => (right === undefined ? text : `${text} ${right}`))
    .join('\n')
}
