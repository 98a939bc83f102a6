// A real child process of the crash runner: started, listened to, stopped, continued, killed.
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import process from 'node:process'
import type { Readable } from 'node:stream'

/** An answer a child got. */
export interface Acknowledged {
  readonly seq: bigint
  readonly hash: string
  readonly replayed: boolean
}

/** A child at work. */
export class CrashChild {
  readonly asked: Set<string> = new Set()
  readonly acknowledged: Map<string, Acknowledged> = new Map()
  /** Refusals as `code`, by key. */
  readonly refused: Map<string, string> = new Map()
  /** What the child wrote on standard error: a crash of its own is a failure of the test. */
  complaint = ''
  readonly #process: ChildProcessByStdio<null, Readable, Readable>
  readonly #ended: Promise<void>
  #rest = ''
  #ready = false
  readonly #waiting: (() => void)[] = []

  constructor(script: string, settings: string) {
    this.#process = spawn(process.execPath, [script, settings], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => this.#take(text))
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (this.complaint += text))
    this.#ended = new Promise((resolve) => {
      this.#process.once('close', () => {
        this.#wake()
        resolve()
      })
    })
  }
  /** Resolves when the child has opened its queue, or has ended before. */
  ready(): Promise<void> {
    if (this.#ready || this.#process.exitCode !== null || this.#process.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
  isReady(): boolean {
    return this.#ready
  }
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(name)
  }
  /** Resolves when the child is gone and everything it wrote has been read. */
  ended(): Promise<void> {
    return this.#ended
  }
  /** Keys without an answer. */
  unanswered(): string[] {
    return [...this.asked].filter((key) => !this.acknowledged.has(key))
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    // A line cut short by the kill was no answer: the till never had it whole.
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line.split(' '))
  }
  #line([word, key = '', ...rest]: readonly string[]): void {
    if (word === 'ready') {
      this.#ready = true
      this.#wake()
    } else if (word === 'ask') this.asked.add(key)
    else if (word === 'ack')
      this.acknowledged.set(key, { seq: BigInt(rest[0] ?? -1), hash: rest[1] ?? '', replayed: rest[2] === 'replayed' })
    else if (word === 'no') this.refused.set(key, rest[1] ?? '')
  }
  #wake(): void {
    for (const resume of this.#waiting.splice(0)) resume()
  }
}
