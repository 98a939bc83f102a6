// The waiting line of a signer (signing specification 3.3): first come, first served, a bounded number at work and a bounded number
// waiting. A lane stays taken until the device's call has really returned.
import { signerError } from './signer-codes.js'

/** Frees the lane; called exactly once, when the device is done with it. */
export type Release = () => void

interface Waiter {
  readonly start: (release: Release) => void
  readonly refuse: (error: Error) => void
}

/** How long a place in the line is kept and what ends the wait. */
export interface WaitOptions {
  readonly signal: AbortSignal | undefined
  readonly queueTimeoutMs: number
}

/** Lanes of one signer. */
export class Lanes {
  readonly #maxConcurrent: number
  readonly #maxQueue: number
  readonly #waiting = new Set<Waiter>()
  readonly #idle: (() => void)[] = []
  #busy = 0

  constructor(maxConcurrent: number, maxQueue: number) {
    this.#maxConcurrent = maxConcurrent
    this.#maxQueue = maxQueue
  }

  get busy(): number {
    return this.#busy
  }
  get waiting(): number {
    return this.#waiting.size
  }

  /** A lane, at once or in turn. @throws FiscalError SIGNER_BUSY, TIMEOUT, ABORTED, or what {@link refuseAll} says; nothing was sent */
  async enter({ signal, queueTimeoutMs }: WaitOptions): Promise<Release> {
    if (signal?.aborted === true) throw aborted()
    if (this.#busy < this.#maxConcurrent && this.#waiting.size === 0) return this.#take()
    if (this.#waiting.size >= this.#maxQueue)
      throw signerError('SIGNER_BUSY', { message: `${this.#waiting.size} signatures wait already`, retryAfterMs: 250 })
    return new Promise<Release>((resolve, reject) => {
      const leave = (error?: Error): void => {
        this.#waiting.delete(waiter)
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        if (error !== undefined) reject(error)
      }
      const onAbort = (): void => leave(aborted())
      const timer = setTimeout(
        () => leave(signerError('TIMEOUT', { message: `no turn within ${queueTimeoutMs} ms`, reason: 'queue' })),
        queueTimeoutMs,
      )
      const waiter: Waiter = {
        start: (release) => {
          leave()
          resolve(release)
        },
        refuse: leave,
      }
      signal?.addEventListener('abort', onAbort)
      this.#waiting.add(waiter)
    })
  }

  /** Ends every wait with this error. */
  refuseAll(error: Error): void {
    for (const waiter of this.#waiting) waiter.refuse(error)
  }

  /** Fulfilled when nothing is at work or waiting. */
  idle(): Promise<void> {
    return this.#busy === 0 && this.#waiting.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve))
  }

  #take(): Release {
    this.#busy++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#busy--
      this.#next()
    }
  }

  #next(): void {
    for (const waiter of this.#waiting) {
      if (this.#busy >= this.#maxConcurrent) return
      waiter.start(this.#take())
    }
    if (this.#busy === 0 && this.#waiting.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }
}

function aborted(): Error {
  return signerError('ABORTED', { message: 'cancelled while waiting; nothing was sent to the signer' })
}
