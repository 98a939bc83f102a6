// The child's side of the crash runner: callers that sell without pause until the process is killed, and say so line by line. Lines
// leave by a write on the calling thread, so that an answer the child got is known to the parent even if it dies in the next moment.
import { writeSync } from 'node:fs'
import process from 'node:process'

/** The little of a queue the worker needs. */
export interface WorkedQueue {
  record(
    request: object,
  ): Promise<
    | { readonly outcome: 'registered'; readonly seq: bigint; readonly hash: string; readonly replayed: boolean }
    | { readonly outcome: 'rejected' | 'indeterminate'; readonly error: { readonly code: string } }
  >
}

/** What the callers do. */
export interface CrashWork {
  /** Callers at once. */
  readonly callers: number
  /** Begins every key of this process; must differ from run to run. */
  readonly prefix: string
  /** Keys asked in an earlier life without an answer: asked again first. */
  readonly again: readonly string[]
  /** The request of a key: the same key gives the same request in every process. */
  readonly request: (key: string, number: number) => object
}

function say(...words: readonly (string | bigint)[]): void {
  writeSync(1, `${words.join(' ')}\n`)
}

/** Sells until killed, or until the queue refuses for good; then says `stopped` and returns. */
export async function workUntilKilled(queue: WorkedQueue, work: CrashWork): Promise<void> {
  say('ready')
  let stopped = false
  let next = 0
  const ask = async (key: string): Promise<void> => {
    say('ask', key)
    const outcome = await queue.record(work.request(key, numberOf(key)))
    if (outcome.outcome === 'registered') say('ack', key, outcome.seq, outcome.hash, outcome.replayed ? 'replayed' : 'new')
    else {
      say('no', key, outcome.outcome, outcome.error.code)
      stopped ||= FINAL.has(outcome.error.code)
    }
  }
  await Promise.all(work.again.map(ask))
  const call = async (): Promise<void> => {
    while (!stopped) await ask(`${work.prefix}-${next++}`)
  }
  await Promise.all(Array.from({ length: work.callers }, call))
  say('stopped')
}

const FINAL: ReadonlySet<string> = new Set([
  'QUEUE_STOPPED',
  'QUEUE_CLOSED',
  'QUEUE_ENDED',
  'STORAGE_FENCED',
  'STORAGE_UNCERTAIN',
  'STORAGE_FAILED',
])

/** The number at the end of a key. */
export function numberOf(key: string): number {
  return Number(/\d+$/.exec(key)?.[0] ?? 0)
}

/**
 * Puts a counter over the calls of a file system: before the n-th of them the process kills itself with SIGKILL. Works for any object
 * of methods, and for the objects those methods give.
 */
export function killingAt<T extends object>(calls: T, nth: number): T {
  let count = 0
  const wrap = <O extends object>(target: O): O =>
    new Proxy(target, {
      get: (object, name) => {
        const member: unknown = Reflect.get(object, name)
        if (typeof member !== 'function') return member
        return (...args: readonly unknown[]): unknown => {
          count += 1
          if (count === nth) process.kill(process.pid, 'SIGKILL')
          const result: unknown = Reflect.apply(member, object, args)
          // Opening gives a file, whose calls count too.
          return name === 'open' && result instanceof Promise ? result.then((file: object) => wrap(file)) : result
        }
      },
    })
  return wrap(calls)
}
