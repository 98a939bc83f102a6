// The commands this signer may send (signing specification 7.3): select, read, set the environment, verify, end a hash, sign. There are no others: changing or
// unblocking a PIN and writing to a card exist in no code path.
import { concat, fromHex, sha256Midstate } from '@sigillo/core'
import type { Command } from './apdu.js'
import type { CardKey, CardProfile } from './profile.js'

const bytes = (hex: string): Uint8Array => fromHex(hex) as Uint8Array

/** Row 1 or 1b: select the application. */
export function selectApplication({ applicationId, selectAnswers }: CardProfile): Command {
  const data = bytes(applicationId)
  return selectAnswers ? { ins: 0xa4, p1: 0x04, p2: 0x00, data, le: 0 } : { ins: 0xa4, p1: 0x04, p2: 0x0c, data }
}

/** Selects an elementary file below the application. */
export function selectFile(fileId: string): Command {
  return { ins: 0xa4, p1: 0x02, p2: 0x0c, data: bytes(fileId) }
}

/** Row 4: which key and algorithm the next signature uses. */
export function setEnvironment({ environment }: CardKey, { environmentP1 = 0x41 }: CardProfile): Command {
  return { ins: 0x22, p1: environmentP1, p2: 0xb6, data: bytes(environment) }
}

/** What CNS cards want before row 4: a stored environment taken up again. */
export function restoreEnvironment(stored: number): Command {
  return { ins: 0x22, p1: 0xf3, p2: stored }
}

/** Row 2: how many tries are left; only where the profile says that asking is free. */
export function verifyStatus({ pinReference }: CardProfile): Command {
  return { ins: 0x20, p1: 0, p2: pinReference, once: true }
}

/** Row 3: the PIN, padded. The caller wipes `block`. */
export function verifyPin({ pinReference }: CardProfile, block: Uint8Array): Command {
  return { ins: 0x20, p1: 0, p2: pinReference, data: block, once: true }
}

/** Rows 5a to 5c: the signature; without data, over the hash the card has ended. */
export function computeSignature({ answerBytes }: CardKey, data?: Uint8Array): Command {
  return { ins: 0x2a, p1: 0x9e, p2: 0x9a, ...(data !== undefined && { data }), le: answerBytes === 256 ? 0 : answerBytes }
}

/** Row 6: the state of SHA-256 after the whole blocks with the number of bits it stands for, and the rest of the message. */
export function endHash(message: Uint8Array): Command {
  const { state, blocks, rest } = sha256Midstate(message)
  const bits = new Uint8Array(8)
  new DataView(bits.buffer).setBigUint64(0, BigInt(blocks) * 512n)
  const begun = blocks === 0 ? Uint8Array.of(0x90, 0) : concat(Uint8Array.of(0x90, state.length + bits.length), state, bits)
  return { ins: 0x2a, p1: 0x90, p2: 0xa0, data: concat(begun, Uint8Array.of(0x80, rest.length), rest) }
}

/** Row 10: bytes of the selected file. */
export function readBinary(offset: number): Command {
  return { ins: 0xb0, p1: (offset >> 8) & 0x7f, p2: offset & 0xff, le: 0xe7 }
}

/** Row 11: a data object. */
export function getData(tagList: string): Command {
  return { ins: 0xcb, p1: 0x3f, p2: 0xff, data: bytes(tagList), le: 0 }
}
