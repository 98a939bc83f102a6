// SHA-256 begun here and ended elsewhere: cards that insist on the last step of the hash take its state after the whole blocks (FIPS 180-4 6.2.2).
import { _SHA256 } from '@noble/hashes/sha2.js'

const BLOCK = 64

class Begun extends _SHA256 {
  words(): readonly number[] {
    return this.get()
  }
}

/** State after the whole blocks of a message, 32 bytes, and what is left of it, fewer than 64. */
export function sha256Midstate(message: Uint8Array): {
  readonly state: Uint8Array
  readonly blocks: number
  readonly rest: Uint8Array
} {
  const blocks = Math.floor(message.length / BLOCK)
  const begun = new Begun()
  begun.update(message.subarray(0, blocks * BLOCK))
  const state = new Uint8Array(32)
  const view = new DataView(state.buffer)
  for (const [i, word] of begun.words().entries()) view.setUint32(4 * i, word)
  return { state, blocks, rest: message.subarray(blocks * BLOCK) }
}
