// The thread behind a lane: checks the lines of a chunk and answers with their flags.
import { parentPort } from 'node:worker_threads'
import type { PublicJwk } from '../crypto-contract.js'
import { flagsOf, learnKeys, type KeyRing } from './line-check.js'

const ring: KeyRing = new Map()

parentPort?.on('message', ({ bytes, keys }: { bytes: Uint8Array; keys: Record<string, PublicJwk> }) => {
  learnKeys(ring, keys)
  const flags = flagsOf(bytes, ring)
  parentPort?.postMessage(flags, [flags.buffer as ArrayBuffer])
})
