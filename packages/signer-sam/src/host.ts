// A child process that holds one card connection (pcsc-host.mjs). What the native binding does to its process, hang or crash, it does to that
// one: here it is a lost connection. Messages are one question and one answer; commands travel over the pipe, never as argument or environment.
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What may be asked of a host. */
export type HostWork = 'open' | 'list' | 'connect' | 'transmit' | 'begin' | 'end' | 'reconnect' | 'disconnect'

/** The binding's word for what happened, or `Lost` for a host that is gone. */
export class HostFailure extends Error {
  override readonly name = 'HostFailure'
  readonly code: string
  constructor(code: string) {
    super(`card host: ${code}`)
    this.code = code
  }
}

interface Waiting {
  readonly timer: ReturnType<typeof setTimeout>
  resolve(value: unknown): void
  reject(error: Error): void
}

// From the sources and from the built package the way is the same.
const SCRIPT: string = fileURLToPath(new URL('../src/pcsc-host.mjs', import.meta.url))

/** One running host. */
export class Host {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #callMs: number
  #next = 1
  #alive = true

  constructor(callMs: number) {
    this.#callMs = callMs
    this.#child = fork(SCRIPT, [], { serialization: 'advanced', execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    this.#child.on('message', (message) => this.#answered(message as { id?: unknown; value?: unknown; code?: unknown }))
    this.#child.once('error', () => this.#gone())
    this.#child.once('exit', () => this.#gone())
    this.#child.once('disconnect', () => this.#gone())
    this.#rest()
  }

  get isAlive(): boolean {
    return this.#alive
  }

  /** @throws HostFailure */
  ask<T>(work: HostWork, args: Readonly<Record<string, string | Uint8Array>> = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.#alive) return reject(new HostFailure('Lost'))
      const id = this.#next++
      // A binding that does not come back has lost its process, and with it the card's PIN.
      const timer = setTimeout(() => this.end(), this.#callMs)
      this.#waiting.set(id, { timer, resolve: resolve as (value: unknown) => void, reject })
      // A host at work keeps this process alive; one at rest does not.
      this.#child.ref()
      this.#child.channel?.ref()
      this.#child.send({ id, work, ...args }, (error) => {
        if (error !== null) this.#gone()
      })
    })
  }

  /** Ends the process, whatever it is doing. */
  end(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL')
    this.#gone()
  }

  #answered({ id, value, code }: { id?: unknown; value?: unknown; code?: unknown }): void {
    const waiting = typeof id === 'number' ? this.#waiting.get(id) : undefined
    if (waiting === undefined) return
    this.#waiting.delete(id as number)
    clearTimeout(waiting.timer)
    if (this.#waiting.size === 0) this.#rest()
    if (typeof code === 'string') waiting.reject(new HostFailure(code))
    else waiting.resolve(value)
  }

  #rest(): void {
    this.#child.unref()
    this.#child.channel?.unref()
  }

  #gone(): void {
    if (!this.#alive) return
    this.#alive = false
    this.#rest()
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(new HostFailure('Lost'))
    }
    this.#waiting.clear()
    if (this.#child.connected) this.#child.disconnect()
  }
}
