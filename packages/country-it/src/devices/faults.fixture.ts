// Random days before a device that fails: what the till believes in the end must be what the device holds.
import fc from 'fast-check'
import { fixedClock } from '@sigillo/testing'
import { isFiscalError } from '@sigillo/core'
import { nodeTransport } from '@sigillo/transport-node'
import type { Dialect } from './dialect.js'
import type { DeviceDocument } from './document.js'
import { keyedDialect } from './keyed.js'
import { keyedCode, keyedServer } from './keyed.fixture.js'
import { keylessDialect } from './keyless.js'
import { fiscalPrinter, keylessServer, xmlCode } from './keyless.fixture.js'
import { openVolatileMemory, type TillMemory } from './memory.js'
import { printerDialect } from './printer.js'
import { serve, type DeviceFault, type Emulated, type Served } from './serve.fixture.js'
import { openDeviceTill, type DeviceTill } from './till.js'

/** Protocols under test. */
export const PROTOCOLS = ['keyed', 'keyless', 'printer'] as const
/** One of them. */
export type Protocol = (typeof PROTOCOLS)[number]

/** One step of a day, with what befalls its requests. */
export interface FaultStep {
  readonly act: 'sale' | 'back' | 'unknownBack' | 'close' | 'deliver' | 'restart' | 'repeat' | 'force'
  readonly faults: readonly (DeviceFault | undefined)[]
  readonly pick: number
  /** The till dies at this writing of its memory, before or after it is kept. */
  readonly dies: { readonly at: number; readonly kept: boolean } | undefined
}

const fault: fc.Arbitrary<DeviceFault | undefined> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: fc.constant({ kind: 'lostBefore' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'lostAfter' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'slow' as const, ms: 160 }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'status' as const, status: 503 }, { kind: 'garbage' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'code' as const, code: 'busy' }) },
)

/** Random schedules. `force` is a closing the device makes by itself. */
export const schedules = (steps: number): fc.Arbitrary<FaultStep[]> =>
  fc.array(
    fc.record({
      act: fc.oneof(
        { weight: 9, arbitrary: fc.constant('sale' as const) },
        {
          weight: 6,
          arbitrary: fc.constantFrom(
            'back' as const,
            'unknownBack' as const,
            'close' as const,
            'deliver' as const,
            'restart' as const,
            'repeat' as const,
          ),
        },
        { weight: 1, arbitrary: fc.constant('force' as const) },
      ),
      faults: fc.array(fault, { maxLength: 4 }),
      pick: fc.nat(30),
      dies: fc.oneof(
        { weight: 4, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.record({ at: fc.nat(5), kept: fc.boolean() }) },
      ),
    }),
    { minLength: 1, maxLength: steps },
  )

interface Held {
  readonly z: number
  readonly n: number
  readonly amount: number
}

interface Device {
  readonly handle: Emulated
  readonly documents: readonly Held[]
  readonly closings: readonly { readonly z: number }[]
  forceClosing(): void
}

const TILL = '00010001'
const SERVER = 'ZZSTT000001'

function makeDevice(protocol: Protocol): Device {
  if (protocol === 'keyed') return keyedServer(TILL, 'secret')
  return protocol === 'keyless' ? keylessServer(SERVER, TILL) : fiscalPrinter(SERVER)
}

function makeDialect(protocol: Protocol, served: Served, timeoutMs: number): Dialect {
  const reach = {
    transport: nodeTransport(served.ca === '' ? {} : { ca: served.ca }),
    baseUrl: served.url,
    timeoutMs,
    askTimeoutMs: 20_000,
  }
  if (protocol === 'keyed') return keyedDialect({ ...reach, till: TILL, password: 'secret' })
  const own = { ...reach, matricola: SERVER }
  return protocol === 'keyless' ? keylessDialect({ ...own, till: TILL }) : printerDialect(own)
}

/** What stands for a killed process. */
class Killed extends Error {}

// A memory that keeps a line or does not, and takes the till with it.
class MortalMemory implements TillMemory {
  readonly #kept: TillMemory = openVolatileMemory()
  dies: FaultStep['dies']
  #count = 0

  load(): Promise<readonly string[]> {
    return this.#kept.load()
  }
  append(line: string): Promise<void> {
    return this.#mortal(() => this.#kept.append(line))
  }
  replace(lines: readonly string[]): Promise<void> {
    return this.#mortal(() => this.#kept.replace(lines))
  }
  arm(dies: FaultStep['dies']): void {
    this.dies = dies
    this.#count = 0
  }

  async #mortal(write: () => Promise<void>): Promise<void> {
    const now = this.dies !== undefined && this.#count++ >= this.dies.at
    if (!now || this.dies?.kept === true) await write()
    if (now) throw new Killed('killed')
  }
}

/** One day of one till. */
class Day {
  readonly #served: Served
  readonly #protocol: Protocol
  readonly #device: Device
  readonly #clock = fixedClock('2026-11-20T09:11:00.000Z')
  readonly #memory = new MortalMemory()
  readonly #given = new Map<string, DeviceDocument & { readonly amount: number }>()
  readonly #closed: number[] = []
  readonly #forced = new Set<number>()
  #doubts = 0
  #till: DeviceTill | undefined

  constructor(protocol: Protocol, served: Served, device: Device) {
    this.#served = served
    this.#device = device
    this.#protocol = protocol
  }

  // A till that gives up soon: on a busy machine some exchanges end in doubt that nobody asked for.
  async #open(timeoutMs = 80): Promise<DeviceTill> {
    this.#till ??= await openDeviceTill({
      dialect: makeDialect(this.#protocol, this.#served, timeoutMs),
      memory: this.#memory,
      clock: this.#clock,
      wait: () => Promise.resolve(),
    })
    return this.#till
  }

  async step(step: FaultStep): Promise<void> {
    this.#served.faults.splice(0, Infinity, ...step.faults)
    this.#clock.step(60_000)
    this.#memory.arm(step.dies)
    try {
      await this.#act(step)
    } catch (error) {
      if (!(error instanceof Killed)) throw error
      if (step.act === 'close') this.#doubts += 1
      this.#till = undefined
    } finally {
      this.#memory.arm(undefined)
    }
  }

  async #act({ act, pick }: FaultStep): Promise<void> {
    const till = await this.#open()
    if (act === 'force') {
      this.#device.forceClosing()
      this.#forced.add(this.#device.closings.at(-1)?.z ?? 0)
    } else if (act === 'restart') this.#till = undefined
    else if (act === 'deliver') await till.deliver()
    else if (act === 'close') await this.#close(till)
    else if (act === 'repeat') await this.#issue(till, [...this.#given.keys()][pick % Math.max(1, this.#given.size)])
    else await this.#issue(till, this.#document(act, pick))
  }

  // Every amount is another one, so that what the device holds can be told apart.
  #document(act: string, pick: number): string {
    const key = `K${this.#given.size + 1}`
    const amount = 1000 + this.#given.size * 7
    const lines = [{ description: 'Articolo', amount, rateBp: 2200 }]
    const [sale] = this.#device.documents.slice(pick)
    const reference =
      act === 'back' && sale !== undefined ? { z: sale.z, n: sale.n, date: '2026-11-20' } : { z: 9000, n: 1, date: '2026-01-02' }
    const kind = act === 'sale' ? ('sale' as const) : ('return' as const)
    this.#given.set(key, { kind, lines, payments: [{ kind: 'cash', amount }], ...(kind === 'return' && { reference }), amount })
    return key
  }

  async #issue(till: DeviceTill, key: string | undefined): Promise<void> {
    const given = key === undefined ? undefined : this.#given.get(key)
    if (key === undefined || given === undefined) return
    const { amount: _amount, ...document } = given
    try {
      await till.issue(key, document)
    } catch (error) {
      // Nothing was taken, and the error says so.
      if (!isFiscalError(error) || !['UNREACHABLE', 'IT_DEVICE_DOUBT', 'IT_DEVICE_STUCK'].includes(error.code)) throw error
    }
  }

  async #close(till: DeviceTill): Promise<void> {
    try {
      this.#closed.push((await till.close()).z)
    } catch (error) {
      if (!isFiscalError(error)) throw error
      if (error.code === 'IT_DEVICE_DOUBT') this.#doubts += 1
      else if (!['UNREACHABLE', 'IT_DEVICE_PENDING', 'IT_DEVICE_REFUSED'].includes(error.code)) throw error
    }
  }

  /** Everything works again; what is wrong then, or undefined. */
  async judge(): Promise<string | undefined> {
    this.#served.faults.length = 0
    this.#till = undefined
    const till = await this.#open(20_000)
    const pending = await till.deliver()
    const stuck = pending.some(({ state }) => state === 'stuck')
    if (pending.length > 0 && !stuck) return `pending without a reason: ${JSON.stringify(pending)}`
    for (const [key, { amount }] of this.#given) {
      const held = this.#device.documents.filter((one) => one.amount === amount)
      const told = till.find(key)
      const bad = wrong(told, held)
      if (bad !== undefined) return `${key}: ${bad}; told ${JSON.stringify(told)}, held ${JSON.stringify(held)}`
    }
    if (!stuck) await this.#close(till)
    return this.#wrongClosings()
  }

  #wrongClosings(): string | undefined {
    const own = this.#device.closings.map(({ z }) => z).filter((z) => !this.#forced.has(z))
    const acknowledged = this.#closed.filter((z) => !this.#forced.has(z))
    if (new Set(acknowledged).size !== acknowledged.length) return `one closing acknowledged twice: ${acknowledged.join()}`
    if (acknowledged.some((z) => !own.includes(z)))
      return `closings ${acknowledged.join()} acknowledged, the device has ${own.join()}`
    const more = own.length - acknowledged.length
    return more > this.#doubts ? `the device has ${own.join()}, acknowledged ${acknowledged.join()}` : undefined
  }
}

function wrong(told: ReturnType<DeviceTill['find']>, held: readonly Held[]): string | undefined {
  if (held.length > 1) return 'more than once in the device'
  const [one] = held
  switch (told?.state) {
    case undefined:
      // Never taken, or forgotten two closings later.
      return undefined
    case 'registered':
      return one === undefined
        ? 'said to be registered, and is not'
        : one.z === told.z && one.n === told.n
          ? undefined
          : 'other numbers'
    case 'refused':
    case 'waiting':
      return one === undefined ? undefined : `said to be ${told.state}, and is in the device`
    case 'doubt':
    case 'stuck':
      return undefined
  }
}

/** Plays a schedule; what is wrong in the end, or undefined. */
export async function wrongWith(
  protocol: Protocol,
  served: ServedDevice,
  schedule: readonly FaultStep[],
): Promise<string | undefined> {
  served.device = makeDevice(protocol)
  const busy = protocol === 'keyless' ? '-8' : protocol === 'keyed' ? '1206' : 'EPTR_BUSY'
  const day = new Day(protocol, served, served.device)
  for (const step of schedule) {
    const faults = step.faults.map((one) => (one?.kind === 'code' ? { ...one, code: busy } : one))
    await day.step({ ...step, faults })
  }
  return day.judge()
}

/** A served device that is another one in every run. */
export interface ServedDevice extends Served {
  device: Device
}

/** Serves devices of a protocol. */
export async function serveDevice(protocol: Protocol): Promise<ServedDevice> {
  const self: { device: Device } = { device: makeDevice(protocol) }
  const served = await serve((request) => self.device.handle(request), protocol === 'keyed' ? keyedCode : xmlCode, {
    tls: protocol !== 'printer',
  })
  return Object.assign(self, served)
}
