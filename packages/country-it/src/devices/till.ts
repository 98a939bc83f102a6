// A till before a fiscal device, whatever the vendor: every document reaches the device once, or ends in a state with a name. What is
// to be sent is remembered first; an outcome nobody knows is asked for before anything is repeated.
import { canonical, FiscalError, isFiscalError, sha256Hex, utf8, type Clock, type JsonObject } from '@sigillo/core'
import { refuse } from '../errors.js'
import type { Dialect, Position, Verdict } from './dialect.js'
import type { DeviceDocument } from './document.js'
import { changed, recall, type Change, type Done, type Pending, type Remembered, type TillMemory } from './memory.js'

/** What came of a document. */
export interface Issued {
  readonly key: string
  /**
   * `registered`: in the device, once. `refused`: not in the device and never will be. `waiting`: sealed by the till, not sent yet.
   * `doubt`: sent, outcome unknown; `deliver` finds out. `stuck`: the device holds something else; a person must look.
   */
  readonly state: 'registered' | 'refused' | 'waiting' | 'doubt' | 'stuck'
  /** Number of the closing to come, and of the document in it. */
  readonly z: number
  readonly n: number
  /** Seal to print on the document; empty where the device prints by itself. */
  readonly seal: string
  /** Code of the device's answer. */
  readonly code: string
  /** Remarks of the device; `IT_DEVICE_RESEALED` when paper printed before shows another seal. */
  readonly warnings: readonly string[]
}

/** A till before a device. */
export interface DeviceTill {
  /**
   * One document. The same key never makes a second one.
   * @throws FiscalError with a code of 16.6, KEY_REUSED; UNREACHABLE, IT_DEVICE_DOUBT or IT_DEVICE_STUCK where nothing was taken
   */
  issue(key: string, document: DeviceDocument): Promise<Issued>
  /** Sends what waits, in order, finding out first about what is in doubt; all that is still pending. */
  deliver(): Promise<readonly Issued[]>
  /** Opens the day where the device wants that; nothing otherwise. */
  open(): Promise<void>
  /**
   * Closes the period once, after everything has been delivered; calling it again after a doubt finds out first.
   * @throws FiscalError IT_DEVICE_PENDING, IT_DEVICE_DOUBT, IT_DEVICE_REFUSED, UNREACHABLE
   */
  close(): Promise<{ readonly z: number; readonly warnings: readonly string[] }>
  /** What became of a key, or undefined. */
  find(key: string): Issued | undefined
  /** What the device says of its health. */
  status(): Promise<Readonly<Record<string, string>>>
  /** A person has looked at the device: the document that is stuck is in it, or is not and is given up. The till then asks anew. */
  settle(key: string, as: 'registered' | 'refused'): Promise<void>
}

/** Parts of a till. */
export interface DeviceTillParts {
  readonly dialect: Dialect
  readonly memory: TillMemory
  readonly clock: Clock
  /** Pauses, for a device that is busy. */
  readonly wait: (ms: number) => Promise<void>
}

const BUSY_MS = [200, 500, 1000, 2000]

/** Opens a till from its memory. Nothing is sent before it is asked for. */
export async function openDeviceTill(parts: DeviceTillParts): Promise<DeviceTill> {
  return new Engine(parts, recall(await parts.memory.load()))
}

class Engine implements DeviceTill {
  readonly #parts: DeviceTillParts
  #state: Remembered
  #line: Promise<unknown> = Promise.resolve()

  constructor(parts: DeviceTillParts, state: Remembered) {
    this.#parts = parts
    this.#state = state
  }

  issue(key: string, document: DeviceDocument): Promise<Issued> {
    return this.#inTurn(() => this.#issue(key, document))
  }
  deliver(): Promise<readonly Issued[]> {
    return this.#inTurn(async () => {
      await this.#deliver()
      return this.#state.pending.map((one) => this.#told(one))
    })
  }
  open(): Promise<void> {
    return this.#inTurn(async () => void (await this.#position()))
  }
  close(): Promise<{ readonly z: number; readonly warnings: readonly string[] }> {
    return this.#inTurn(() => this.#close())
  }
  settle(key: string, as: 'registered' | 'refused'): Promise<void> {
    return this.#inTurn(() => this.#settle(key, as))
  }
  status(): Promise<Readonly<Record<string, string>>> {
    return this.#parts.dialect.status()
  }

  find(key: string): Issued | undefined {
    const done = this.#state.done.find((one) => one.key === key)
    const pending = this.#state.pending.find((one) => one.key === key)
    if (done === undefined) return pending && this.#told(pending)
    const { state, z, n, seal, code, warnings } = done
    return { key, state, z, n, seal, code, warnings }
  }

  // One thing at a time: a till's documents stand in one line.
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#line.then(work)
    this.#line = next.catch(() => undefined)
    return next
  }

  async #remember(change: Change): Promise<void> {
    await this.#parts.memory.append(JSON.stringify(change))
    this.#state = changed(this.#state, change)
  }

  #told({ key, z, n, seal, doubt, resealed }: Pending): Issued {
    const { stuck } = this.#state
    const state = stuck?.key === key ? 'stuck' : doubt ? 'doubt' : 'waiting'
    return {
      key,
      state,
      z,
      n,
      seal,
      code: stuck?.key === key ? stuck.code : '',
      warnings: resealed ? ['IT_DEVICE_RESEALED'] : [],
    }
  }

  async #issue(key: string, given: DeviceDocument): Promise<Issued> {
    // As it will be read back after a restart.
    const document = JSON.parse(JSON.stringify(given)) as DeviceDocument
    const digest = sha256Hex(utf8(canonical(document as unknown as JsonObject)))
    const known = [...this.#state.done, ...this.#state.pending].find((one) => one.key === key)
    if (known !== undefined && known.digest !== digest)
      throw new FiscalError('KEY_REUSED', { message: `key ${key} names another document` })
    if (known !== undefined) {
      await this.#deliver()
      return this.find(key) as Issued
    }
    this.#parts.dialect.read(document)
    await this.#clearWay()
    const position = await this.#position()
    const atMs = this.#parts.clock.now()
    const prepared = this.#parts.dialect.prepare(key, document, position, atMs)
    const pending = { ...prepared, digest, atMs, doubt: false, resealed: false }
    await this.#remember({ add: pending, position: prepared.after })
    await this.#deliver()
    return this.#answer(key)
  }

  // A device that numbers by itself takes one document after the other: the last one must be settled.
  async #clearWay(): Promise<void> {
    const { chains } = this.#parts.dialect
    await this.#settleClosing()
    if (this.#state.stuck === null && !chains && this.#state.pending.length > 0) await this.#deliver()
    const { stuck, pending } = this.#state
    if (stuck !== null) throw refuse('IT_DEVICE_STUCK', `document ${stuck.key}: ${stuck.message}`, { key: stuck.key })
    if (!chains && pending.length > 0)
      throw refuse('IT_DEVICE_DOUBT', `whether document ${pending[0]?.key} arrived is not known`, { key: pending[0]?.key })
  }

  // Where nothing left the till and it cannot go on alone, nothing was taken.
  async #answer(key: string): Promise<Issued> {
    const issued = this.find(key) as Issued
    if (issued.state !== 'waiting' || this.#parts.dialect.chains) return issued
    await this.#remember({ drop: key, position: null })
    throw new FiscalError('UNREACHABLE', {
      kind: 'transmission',
      registered: 'no',
      retry: 'same-handle',
      message: 'the device takes nothing now; the document was not sent',
      remedy: 'Check the device, then send the same document again.',
    })
  }

  // Where the next document starts: remembered by a till that chains, asked for otherwise.
  async #position(): Promise<Position> {
    const { dialect, clock } = this.#parts
    const known = dialect.chains ? this.#state.position : null
    let position = known ?? (await dialect.ask())
    if (!position.open) position = await dialect.open(clock.now())
    if (position !== known) await this.#remember({ position })
    return position
  }

  async #deliver(): Promise<void> {
    const round: Round = { restarted: false, closed: false, pauses: 0 }
    for (;;) {
      const [first] = this.#state.pending
      if (first === undefined || this.#state.stuck !== null) return
      try {
        if (!(await this.#advance(first, round))) return
      } catch (error) {
        // Asking failed: what is in doubt stays so.
        if (isFiscalError(error) && error.kind === 'transmission') return
        throw error
      }
    }
  }

  /** One step with the first pending document; false when nothing more can be done now. */
  async #advance(first: Pending, round: Round): Promise<boolean> {
    if (first.doubt) {
      const settled = await this.#findOut(first, round, 'IT_DEVICE_DOUBT')
      if (settled !== 'send') return settled === 'next'
    }
    const [current] = this.#state.pending
    if (current === undefined) return true
    // Before a byte leaves: after a crash from here on the device is asked first.
    await this.#remember({ put: { ...current, doubt: true } })
    return this.#meet(current, await this.#parts.dialect.send(current), round)
  }

  async #meet(sent: Pending, verdict: Verdict, round: Round): Promise<boolean> {
    const { dialect, wait } = this.#parts
    switch (verdict.is) {
      case 'accepted':
        await this.#finish(sent, verdict)
        return true
      case 'unknown':
        if (!verdict.left && !sent.doubt) await this.#remember({ put: sent })
        return false
      case 'busy': {
        await this.#remember({ put: sent })
        const pause = BUSY_MS[round.pauses++]
        if (pause !== undefined) await wait(pause)
        return pause !== undefined
      }
      case 'closeFirst': {
        await this.#remember({ put: sent })
        if (round.closed || dialect.closeDevice === undefined) return false
        round.closed = true
        return (await dialect.closeDevice()).is === 'accepted'
      }
      case 'outOfStep':
        return (await this.#findOut(sent, round, verdict.code, true)) !== 'wait'
      case 'refused':
        return this.#refused(sent, verdict, round)
    }
  }

  // A refusal of what may have arrived before says nothing about that; asking does.
  async #refused(sent: Pending, verdict: Verdict & { is: 'refused' }, round: Round): Promise<boolean> {
    const { where, position } = await this.#parts.dialect.find(sent)
    if (where === 'registered') {
      await this.#finish(sent, { is: 'accepted', code: verdict.code, warnings: [] })
      return true
    }
    if (where === 'elsewhere') return this.#stick(sent, verdict.code, 'the device holds another document in its place')
    if (position !== undefined && !sameStart(position, sent.before)) return this.#restart(sent, position, round, verdict.code)
    // Others have been sealed upon it, and may be on paper.
    if (this.#state.pending.length > 1) return this.#stick(sent, verdict.code, verdict.message)
    const { key, digest, z, n } = sent
    const refusal: Done = { key, digest, state: 'refused', z, n, seal: '', code: verdict.code, warnings: [] }
    await this.#remember({ finish: refusal, position: this.#parts.dialect.chains ? sent.before : null })
    return true
  }

  /** `next`: settled or begun anew; `send`: certainly not there, the same bytes may go; `wait`: nothing more now. */
  async #findOut(sent: Pending, round: Round, code: string, anew = false): Promise<'next' | 'send' | 'wait'> {
    const { dialect } = this.#parts
    const { where, position } = await dialect.find(sent)
    if (where === 'registered') {
      await this.#finish(sent, { is: 'accepted', code: 'found', warnings: [] })
      return 'next'
    }
    if (where === 'elsewhere') {
      await this.#stick(sent, code, 'the device holds another document in its place')
      return 'wait'
    }
    const start = position ?? (anew ? await dialect.ask() : undefined)
    if (start === undefined || (sameStart(start, sent.before) && !anew)) return 'send'
    return (await this.#restart(sent, start, round, code)) ? 'next' : 'wait'
  }

  // The device stands elsewhere: everything pending is written again from there, once (12.4).
  async #restart(sent: Pending, start: Position, round: Round, code: string): Promise<boolean> {
    const { dialect, clock } = this.#parts
    if (round.restarted) return this.#stick(sent, code, 'the device refuses the chain it has just given')
    round.restarted = true
    let at = start.open ? start : await dialect.open(clock.now())
    const pending = this.#state.pending.map(({ key, document, digest, atMs }): Pending => {
      const prepared = dialect.prepare(key, document, at, atMs)
      at = prepared.after
      return { ...prepared, digest, atMs, doubt: false, resealed: dialect.chains }
    })
    await this.#remember({ pending, position: at })
    return true
  }

  async #stick({ key }: Pending, code: string, message: string): Promise<false> {
    await this.#remember({ stuck: { key, code, message } })
    return false
  }

  async #finish(sent: Pending, verdict: Verdict & { is: 'accepted' }): Promise<void> {
    const { key, digest, z, n, seal, resealed } = sent
    const own = { z: verdict.z ?? z, n: verdict.n ?? n, seal: verdict.seal ?? seal }
    const warnings = [...verdict.warnings, ...(resealed ? ['IT_DEVICE_RESEALED'] : [])]
    await this.#remember({ finish: { key, digest, state: 'registered', ...own, code: verdict.code, warnings } })
  }

  async #settle(key: string, as: 'registered' | 'refused'): Promise<void> {
    const { stuck, pending } = this.#state
    const found = pending.find((one) => one.key === key)
    if (stuck?.key !== key || found === undefined)
      throw refuse('IT_DEVICE_STUCK', `document ${key} is not stuck`, { path: 'key' })
    const { digest, z, n, seal } = found
    await this.#remember({
      finish: { key, digest, state: as, z, n, seal, code: 'settled', warnings: [] },
      stuck: null,
      position: null,
    })
    if (this.#state.pending.length === 0) return
    await this.#restart(found, await this.#parts.dialect.ask(), { restarted: false, closed: false, pauses: 0 }, 'settled')
  }

  async #close(): Promise<{ readonly z: number; readonly warnings: readonly string[] }> {
    const { dialect, clock, wait } = this.#parts
    await this.#deliver()
    const { pending } = this.#state
    if (pending.length > 0)
      throw refuse('IT_DEVICE_PENDING', `${pending.length} documents have not arrived`, { pending: pending.length })
    for (const pause of [...BUSY_MS, undefined]) {
      const position = await dialect.ask()
      const z = this.#state.closing ?? position.z + 1
      if (position.z >= z) return this.#closed(z, [])
      if (this.#state.closing === null) await this.#remember({ closing: z })
      const verdict = await dialect.close(position, clock.now())
      if (verdict.is === 'accepted') return this.#closed(z, verdict.warnings)
      if (verdict.is === 'unknown') return this.#closingInDoubt(verdict)
      if (verdict.is !== 'busy') {
        if ((await dialect.ask()).z >= z) return this.#closed(z, [])
        // Asking may have begun the chain anew.
        await this.#remember({ closing: null, position: null })
        throw refuse('IT_DEVICE_REFUSED', `the device refuses the closing: ${verdict.code}`, { code: verdict.code })
      }
      if (pause !== undefined) await wait(pause)
    }
    await this.#remember({ closing: null, position: null })
    throw refuse('IT_DEVICE_REFUSED', 'the device stays busy')
  }

  // Which period the next document belongs to must be known before it is sealed.
  async #settleClosing(): Promise<void> {
    const { closing } = this.#state
    if (closing === null) return
    const position = await this.#parts.dialect.ask()
    if (position.z >= closing) await this.#closed(closing, [])
    else await this.#remember({ closing: null, position })
  }

  #closingInDoubt({ problem, left }: Verdict & { is: 'unknown' }): never {
    throw new FiscalError('IT_DEVICE_DOUBT', {
      kind: 'transmission',
      registered: left ? 'unknown' : 'no',
      retry: 'same-handle',
      message: `whether the period was closed is not known: ${problem}`,
      remedy: 'Close again: the device is asked first.',
    })
  }

  // Results of the period closed and of the one before stay, for requests that are repeated late.
  async #closed(z: number, warnings: readonly string[]): Promise<{ readonly z: number; readonly warnings: readonly string[] }> {
    this.#state = changed(this.#state, { closing: null, position: null, done: this.#state.done.filter((one) => one.z >= z - 1) })
    await this.#parts.memory.replace([JSON.stringify(this.#state)])
    return { z, warnings }
  }
}

interface Round {
  restarted: boolean
  closed: boolean
  pauses: number
}

const sameStart = (a: Position, b: Position): boolean => a.z === b.z && a.n === b.n && a.head === b.head
