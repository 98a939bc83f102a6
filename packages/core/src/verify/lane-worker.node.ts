// The thread behind a lane: checks the lines of a chunk and answers with their flags.
import { parentPort } from 'node:worker_threads'
import type { PublicJwk } from '../crypto-contract.js'
import { flagsOf, learnKeys, type KeyRing } from './line-check.js'

const ring: KeyRing = new Map()

parentPort?.on(
  'message',
  ({ buffer, length, keys }: { buffer: ArrayBuffer; length: number; keys: Record<string, PublicJwk> }) => {
    learnKeys(ring, keys)
    const flags = flagsOf(new Uint8Array(buffer, 0, length), ring)
    parentPort?.postMessage({ buffer, length, flags }, [buffer, flags.buffer as ArrayBuffer])
  },
)
