// One child process with a module in it, as the till sees it: questions and answers by number, the PIN and the audit log on request, and an end
// that is noticed. Nothing secret is an argument or in the environment.
import { fork, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { signerError, type AuditLog, type DeviceStatus, type JsonObject, type SignRequest } from '@sigillo/core'
import { errorOf, pinEntry, type FromHost, type ToHost, type WireOptions } from './module-messages.js'
import type { IsolateOptions } from './options.js'
import type { PinSource } from './token-login.js'

/** The process is gone; `how` is its signal or exit code. */
export class ModuleLost extends Error {
  override readonly name = 'ModuleLost'
  readonly how: string
  constructor(how: string) {
    super(`module process ended: ${how}`)
    this.how = how
  }
}

/** What the process is given by the till. */
export interface ModuleSurroundings extends IsolateOptions {
  readonly pin: PinSource
  readonly audit: AuditLog
  status(status: DeviceStatus): void
  /** Called once, when the process is gone without having been told to. */
  lost(): void
}

interface Waiting {
  readonly timer: ReturnType<typeof setTimeout>
  resolve(value: unknown): void
  reject(error: Error): void
}

type Question =
  | { readonly kind: 'open'; readonly options: WireOptions }
  | { readonly kind: 'sign'; readonly request: SignRequest }
  | { readonly kind: 'close' }

/** Beyond every time-out of the guard: who waited was answered before. A module that still hangs has lost its process. */
const HANG_MS = 30_000

/** A running process. */
export class ModuleProcess {
  readonly #parts: ModuleSurroundings
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #next = 1
  #gone: ModuleLost | undefined
  #isWanted = true

  constructor(parts: ModuleSurroundings) {
    this.#parts = parts
    this.#child = fork(scriptOf(parts.host), [], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    this.#child.on('message', (message) => this.#heard(message as FromHost))
    this.#child.once('error', () => this.#end('not-started'))
    this.#child.once('exit', (code, signal) => this.#end(signal ?? `exit-${code}`))
    this.#rest()
  }

  open(options: WireOptions): Promise<unknown> {
    return this.#ask({ kind: 'open', options })
  }

  sign(request: SignRequest, signal: AbortSignal | undefined): Promise<unknown> {
    return this.#ask({ kind: 'sign', request }, signal)
  }

  /** Lets the device log out, then ends the process. */
  async close(waitMs: number): Promise<void> {
    this.#isWanted = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, waitMs)))
    await Promise.race([this.#ask({ kind: 'close' }), late]).catch(() => {})
    clearTimeout(timer)
    this.end()
  }

  /** Ends the process, whatever it is doing. */
  end(): void {
    this.#isWanted = false
    this.#child.kill('SIGKILL')
    this.#end('SIGKILL')
  }

  #ask(question: Question, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) return reject(this.#gone)
      const id = this.#next++
      const onAbort = (): void => this.#send({ kind: 'abort', id })
      const settled = <T>(settle: (value: T) => void): ((value: T) => void) => {
        return (value) => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
          settle(value)
        }
      }
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#patienceMs(question))
      this.#waiting.set(id, { timer, resolve: settled(resolve), reject: settled(reject) })
      signal?.addEventListener('abort', onAbort)
      // A process at work keeps the till's alive; one at rest does not.
      this.#child.ref()
      this.#child.channel?.ref()
      this.#send({ ...question, id })
    })
  }

  // Starting a process and a module takes what it takes; it is not given less than usual.
  #patienceMs({ kind }: Question): number {
    const { hangMs = HANG_MS } = this.#parts
    return kind === 'sign' ? hangMs : Math.max(hangMs, HANG_MS)
  }

  #send(message: ToHost): void {
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  #heard(message: FromHost): void {
    if (message?.kind === 'status') return this.#parts.status(message.status)
    if (message?.kind === 'ask') return void this.#answer(message)
    const waiting = message?.kind === 'answer' ? this.#waiting.get(message.id) : undefined
    if (waiting === undefined) return
    this.#waiting.delete(message.id)
    if (this.#waiting.size === 0) this.#rest()
    if (message.error === undefined) waiting.resolve(message.value)
    else waiting.reject(errorOf(message.error))
  }

  async #answer(question: Extract<FromHost, { readonly kind: 'ask' }>): Promise<void> {
    const { id } = question
    try {
      if (question.what === 'pin') await this.#givePin(id)
      else {
        const value = question.what === 'append' ? await this.#append(question.entry) : await this.#pinLines()
        this.#send({ kind: 'reply', id, value })
      }
    } catch {
      this.#send({ kind: 'reply', id, failed: true })
    }
  }

  async #givePin(id: number): Promise<void> {
    const { pin: source } = this.#parts
    const pin = typeof source === 'function' ? await source() : source
    this.#send({ kind: 'reply', id, value: pin })
    if (typeof source === 'function') pin.fill(0)
  }

  #append(entry: unknown): Promise<unknown> {
    const line = pinEntry(entry)
    return line === undefined ? Promise.reject(new Error('no line about a PIN')) : this.#parts.audit.append(line)
  }

  async #pinLines(): Promise<readonly JsonObject[]> {
    const lines: JsonObject[] = []
    for await (const line of this.#parts.audit.read()) if (String(line['event']).startsWith('pin-')) lines.push(line)
    return lines
  }

  #rest(): void {
    this.#child.unref()
    this.#child.channel?.unref()
  }

  #end(how: string): void {
    if (this.#gone !== undefined) return
    this.#gone = new ModuleLost(how)
    this.#rest()
    if (this.#isWanted) this.#parts.lost()
    for (const { reject } of this.#waiting.values()) reject(this.#gone)
    this.#waiting.clear()
    if (this.#child.connected) this.#child.disconnect()
  }
}

function scriptOf(given: string | undefined): string {
  const script = given ?? fileURLToPath(new URL('./module-host.js', import.meta.url))
  if (existsSync(script)) return script
  const message = `the program of the module's process is not at ${script}; give its place as option "host"`
  throw signerError('CONFIG_INVALID', { message, reason: 'host-missing' })
}
