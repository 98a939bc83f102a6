// Lanes under Node: one worker thread for each core, started when there is enough to check; small journals stay in place
// (measured: a thread costs 30 ms to start, as much as checking 500 records).
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { PublicJwk } from '../crypto-contract.js'
import type { Lanes } from './lanes-contract.js'
import { openLanes as openInPlace } from './lanes.web.js'

const WORTH_THREADS_BYTES: number = 4 * 1024 * 1024

interface Waiting {
  resolve(flags: Uint8Array): void
  reject(error: Error): void
}

/** Lanes for a journal of about this many bytes; unknown sizes count as large. */
export function openLanes(bytesExpected: number = Number.POSITIVE_INFINITY): Lanes {
  const count = availableParallelism()
  return count < 2 || bytesExpected < WORTH_THREADS_BYTES ? openInPlace() : openThreads(count)
}

function openThreads(count: number): Lanes {
  const keys: Record<string, PublicJwk> = {}
  const lanes = Array.from({ length: count }, startLane)
  let turn = 0
  return {
    width: 2 * count,
    // The bytes are copied once and the copy moves to the thread; the walk still needs the original.
    check: (bytes) => (lanes[turn++ % count] as Lane).check(bytes.slice(), { ...keys }),
    learn: (kid, jwk) => {
      keys[kid] = jwk
    },
    close: async () => {
      await Promise.all(lanes.map((lane) => lane.close()))
    },
  }
}

interface Lane {
  check(bytes: Uint8Array, keys: Record<string, PublicJwk>): Promise<Uint8Array>
  close(): Promise<unknown>
}

function startLane(): Lane {
  const worker = new Worker(new URL('./lane-worker.node.js', import.meta.url))
  const waiting: Waiting[] = []
  worker.on('message', (flags: Uint8Array) => {
    waiting.shift()?.resolve(flags)
    if (waiting.length === 0) worker.unref()
  })
  worker.on('error', (error) => {
    for (const { reject } of waiting.splice(0)) reject(error)
  })
  // An idle thread keeps no process alive; one at work does, or a program that only awaits the verdict would end without it.
  worker.unref()
  return {
    check: (bytes, keys) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        worker.ref()
        worker.postMessage({ bytes, keys }, [bytes.buffer as ArrayBuffer])
      }),
    close: () => worker.terminate(),
  }
}
