// Worker sessions (signing specification 6.5): each signs one thing at a time; one that met an error is closed and replaced, because an
// operation may still be active in it. Sessions of an earlier generation are closed when they come back.
import type { Cryptoki, Handle } from './cryptoki.js'
import { failureOf } from './return-values.js'

/** A session and the generation it was opened in. */
export interface Worker {
  readonly session: Handle
  readonly generation: number
}

/** The pool of one signer. */
export class Sessions {
  readonly #cryptoki: Cryptoki
  readonly #waiting: (() => void)[] = []
  #free: Worker[] = []
  #busy = 0
  #isEnded = false
  readonly #configured: number
  #most: number

  constructor(cryptoki: Cryptoki, most: number) {
    this.#cryptoki = cryptoki
    this.#configured = most
    this.#most = most
  }

  get open(): number {
    return this.#free.length + this.#busy
  }

  /** A session of this generation; waits when the token has no room for another. */
  async take(slot: Handle, generation: number): Promise<Worker> {
    for (;;) {
      const worker = this.#free.pop()
      if (worker?.generation === generation) {
        this.#busy++
        return worker
      }
      if (worker !== undefined) this.#close(worker)
      else if (this.#busy < this.#most) {
        const opened = this.#tryOpen(slot, generation)
        if (opened !== undefined) return opened
      } else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  give(worker: Worker, generation: number): void {
    this.#busy--
    if (worker.generation === generation && !this.#isEnded) this.#free.push(worker)
    else this.#close(worker)
    this.#waiting.shift()?.()
  }

  drop(worker: Worker): void {
    this.#busy--
    this.#close(worker)
    this.#waiting.shift()?.()
  }

  /** One session fewer, for a token that ran out of room while signing; never the last one. */
  shrink(): void {
    this.#most = Math.max(1, Math.min(this.#most, this.open) - 1)
  }

  /** Asks every idle session for its state, so that no connector drops it; one that is gone is let go of. */
  touch(): void {
    this.#free = this.#free.filter((worker) => {
      try {
        this.#cryptoki.isLoggedIn(worker.session)
        return true
      } catch {
        this.#close(worker)
        return false
      }
    })
  }

  /** Closes every idle session; those at work are closed when they come back. The pool may grow again. */
  clear(): void {
    this.#most = this.#configured
    for (const worker of this.#free.splice(0)) this.#close(worker)
  }

  /** Closes what is idle now and whatever comes back later: an open session would keep the token logged in. */
  end(): void {
    this.#isEnded = true
    this.clear()
  }

  // A token without room shrinks the pool. Who fails here passes the turn on, or the next in line would wait for ever.
  #tryOpen(slot: Handle, generation: number): Worker | undefined {
    try {
      const session = this.#cryptoki.openSession(slot)
      this.#busy++
      return { session, generation }
    } catch (error) {
      if (this.#busy === 0 || failureOf(error).error.code !== 'DEVICE_MEMORY') {
        this.#waiting.shift()?.()
        throw error
      }
      this.#most = this.#busy
      return undefined
    }
  }

  #close({ session }: Worker): void {
    try {
      this.#cryptoki.closeSession(session)
    } catch {
      // It was closed behind our back; that is all we wanted.
    }
  }
}
