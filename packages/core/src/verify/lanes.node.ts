// Lanes under Node: one worker thread for each core, started when there is enough to check; small journals stay in place
// (measured: a thread costs 30 ms to start, as much as checking 500 records).
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { PublicJwk } from '../crypto-contract.js'
import type { Checked, Lanes } from './lanes-contract.js'
import { openLanes as openInPlace } from './lanes.web.js'

const WORTH_THREADS_BYTES: number = 4 * 1024 * 1024
/** A chunk is about a megabyte. */
const BUFFER_BYTES: number = 1024 * 1024

interface Waiting {
  resolve(checked: Checked): void
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
  const idle: ArrayBuffer[] = []
  let turn = 0
  return {
    width: 2 * count,
    // A few buffers go round between here and the threads: memory does not grow with the journal.
    check: (bytes) => {
      const buffer = roomFor(idle.pop(), bytes.length)
      new Uint8Array(buffer).set(bytes)
      return (lanes[turn++ % count] as Lane).check(buffer, bytes.length, { ...keys })
    },
    release: (bytes) => void idle.push(bytes.buffer as ArrayBuffer),
    learn: (kid, jwk) => {
      keys[kid] = jwk
    },
    close: async () => {
      await Promise.all(lanes.map((lane) => lane.close()))
    },
  }
}

function roomFor(idle: ArrayBuffer | undefined, bytes: number): ArrayBuffer {
  return idle !== undefined && idle.byteLength >= bytes ? idle : new ArrayBuffer(Math.max(bytes, BUFFER_BYTES))
}

interface Lane {
  check(buffer: ArrayBuffer, length: number, keys: Record<string, PublicJwk>): Promise<Checked>
  close(): Promise<unknown>
}

function startLane(): Lane {
  const worker = new Worker(new URL('./lane-worker.node.js', import.meta.url))
  const waiting: Waiting[] = []
  worker.on('message', ({ buffer, length, flags }: { buffer: ArrayBuffer; length: number; flags: Uint8Array }) => {
    waiting.shift()?.resolve({ bytes: new Uint8Array(buffer, 0, length), flags })
    if (waiting.length === 0) worker.unref()
  })
  worker.on('error', (error) => {
    for (const { reject } of waiting.splice(0)) reject(error)
  })
  // An idle thread keeps no process alive; one at work does, or a program that only awaits the verdict would end without it.
  worker.unref()
  return {
    check: (buffer, length, keys) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        worker.ref()
        worker.postMessage({ buffer, length, keys }, [buffer])
      }),
    close: () => worker.terminate(),
  }
}
