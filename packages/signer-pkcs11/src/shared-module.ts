// One initialisation per process and module (signing specification 6.1): signers of the same module share it, the last one finalises it, and
// nobody finalises what another component initialised. Finalising waits for every signature at work.
import { signerError } from '@sigillo/core'
import type { Cryptoki } from './cryptoki.js'

const modules = new Map<string | Cryptoki, SharedModule>()

/** A module in use by at least one signer. */
export class SharedModule {
  readonly cryptoki: Cryptoki
  readonly #name: string | Cryptoki
  #users = 0
  #owned = false
  #isLive = false
  #inFlight = 0
  #idle: (() => void)[] = []
  #restarting: Promise<void> | undefined
  /** False when the module cannot lock: one worker, synchronous calls. */
  locking = true
  /** Grows with each initialisation: handles of an earlier one are dead. */
  epoch = 0

  private constructor(name: string | Cryptoki, cryptoki: Cryptoki) {
    this.#name = name
    this.cryptoki = cryptoki
  }

  /** The shared module of this name, initialised. Each acquisition is released once. */
  static async acquire(
    path: string,
    given: Cryptoki | undefined,
    load: (path: string) => Promise<Cryptoki>,
  ): Promise<SharedModule> {
    const name = given ?? path
    const cryptoki = modules.get(name)?.cryptoki ?? given ?? (await load(path))
    const module = modules.get(name) ?? new SharedModule(name, cryptoki)
    if (!module.#isLive) module.#initialise()
    modules.set(name, module)
    module.#users++
    return module
  }

  /** Ends one use. The last one finalises the module, once signatures given up on have come back: until then it stays ours. */
  release(): void {
    this.#users--
    if (this.#inFlight === 0) this.#finaliseUnused()
    else this.#idle.push(() => this.#finaliseUnused())
  }

  #finaliseUnused(): void {
    if (this.#users > 0 || !this.#isLive) return
    this.#isLive = false
    modules.delete(this.#name)
    if (this.#owned) this.cryptoki.finalize()
  }

  /** True when finalising is ours to do. */
  get mayRestart(): boolean {
    return this.#owned
  }

  /** A call that must not be cut off by a restart. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#restarting
    this.#inFlight++
    try {
      return await work()
    } finally {
      this.#inFlight--
      if (this.#inFlight === 0) for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  /** Finalise and initialise, once for all who saw the same epoch. @throws FiscalError DEVICE_FAULT when it is not ours to restart */
  restart(seen: number): Promise<void> {
    if (this.epoch !== seen) return Promise.resolve()
    this.#restarting ??= this.#restart().finally(() => {
      this.#restarting = undefined
    })
    return this.#restarting
  }

  async #restart(): Promise<void> {
    if (!this.#owned)
      throw signerError('DEVICE_FAULT', {
        message: 'the module belongs to another component of this process; restart the process',
        exhausted: true,
      })
    if (this.#inFlight > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
    try {
      this.cryptoki.finalize()
    } catch {
      // A module that lost its state may refuse; initialising tells.
    }
    this.#initialise()
  }

  #initialise(): void {
    const { owned, locking } = this.cryptoki.initialize()
    this.#owned = owned || (this.epoch > 0 && this.#owned)
    this.#isLive = true
    this.locking = locking
    this.epoch++
  }
}
