// Repeated requests with one idempotency key (signing specification 3.2.5): one device call, the same result for all who ask while it is
// remembered. Failures are not remembered. A caller who gives up ends the work only when nobody else waits for it.
import { signerError } from './signer-codes.js'

interface Entry<T> {
  readonly fingerprint: string
  readonly work: Promise<T>
  readonly controller: AbortController
  readonly sinceMs: number
  waiters: number
}

/** What is remembered, and for how long. */
export interface ReplayLimits {
  readonly entries: number
  readonly ttlMs: number
}

/** Results by idempotency key. */
export class Replays<T> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #limits: ReplayLimits
  readonly #now: () => number

  constructor(limits: ReplayLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  /**
   * The result of `start`, called once per key while remembered.
   * @throws FiscalError REQUEST_CONFLICT when the key stands for other input, ABORTED when this caller gave up
   */
  async share(
    key: string,
    fingerprint: string,
    signal: AbortSignal | undefined,
    start: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.#forget()
    const known = this.#entries.get(key)
    if (known !== undefined && known.fingerprint !== fingerprint) {
      throw signerError('REQUEST_CONFLICT', { message: 'this idempotency key was used with other input' })
    }
    const entry = known ?? this.#begin(key, fingerprint, start)
    return this.#wait(entry, signal)
  }

  #begin(key: string, fingerprint: string, start: (signal: AbortSignal) => Promise<T>): Entry<T> {
    const controller = new AbortController()
    const work = start(controller.signal)
    const entry: Entry<T> = { fingerprint, work, controller, sinceMs: this.#now(), waiters: 0 }
    this.#entries.set(key, entry)
    work.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    })
    return entry
  }

  #wait(entry: Entry<T>, signal: AbortSignal | undefined): Promise<T> {
    entry.waiters++
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        // The last one out learns from the work itself how far it had got.
        if (entry.waiters === 1) return entry.controller.abort()
        settle(() =>
          reject(
            signerError('ABORTED', { message: 'cancelled; another caller still waits for this signature', outcome: 'unknown' }),
          ),
        )
      }
      let settled = false
      const settle = (finish: () => void): void => {
        if (settled) return
        settled = true
        entry.waiters--
        signal?.removeEventListener('abort', leave)
        finish()
      }
      entry.work.then(
        (result) => settle(() => resolve(result)),
        (error: unknown) => settle(() => reject(error as Error)),
      )
      if (signal?.aborted === true) leave()
      else signal?.addEventListener('abort', leave, { once: true })
    })
  }

  #forget(): void {
    const oldest = this.#now() - this.#limits.ttlMs
    for (const [key, entry] of this.#entries) {
      if (entry.sinceMs > oldest && this.#entries.size < this.#limits.entries) return
      this.#entries.delete(key)
    }
  }
}
