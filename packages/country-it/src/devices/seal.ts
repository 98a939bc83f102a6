// The two ways in which a till seals its documents towards a server (12.3, 12.4): a keyed chain and a keyless one.
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { toHex, utf8 } from '@sigillo/core'
import { fromBase64, toBase64 } from '@sigillo/documents'
import { invalid } from '../errors.js'

/** What goes beside a document on the keyed chain. */
export interface KeyedSeal {
  /** Base64 of the SHA-256 of the document's text. */
  readonly shaMetadata: string
  /** Base64 of the HMAC over that: printed, and what the next document builds on. */
  readonly signature: string
}

/** Seal of a document's text under a key in base64. @throws FiscalError REQUEST_INVALID for a key that is not base64 */
export function keyedSeal(text: string, keyBase64: string): KeyedSeal {
  const key = fromBase64(keyBase64)
  if (key === undefined || key.length === 0) throw invalid('cashHmacKey', 'is not base64')
  const shaMetadata = toBase64(sha256(utf8(text)))
  return { shaMetadata, signature: toBase64(hmac(sha256, key, utf8(shaMetadata))) }
}

/** Control code of the keyless chain: hex SHA-256 over the element exactly as it is sent. */
export function controlCode(receiptElement: string): string {
  return toHex(sha256(utf8(receiptElement)))
}

/** Fields of a server's token. */
export interface Token {
  readonly matricola: string
  readonly till: string
  readonly random: string
  /** `yyyymmdd`. */
  readonly date: string
  /** Number of the closing to come, and of the next document. */
  readonly z: number
  readonly next: number
  /** Sales of the day so far, cents. */
  readonly daily: number
}

const TOKEN = /^([0-9A-Z]{11})([0-9A-Za-z]{8})(.{5})(\d{8})(\d{4})(\d{4})(\d{9})$/

/** Reads a token of 49 characters; undefined when it is none. */
export function readToken(text: string): Token | undefined {
  const parts = TOKEN.exec(text)
  if (parts === null) return undefined
  const [, matricola = '', till = '', random = '', date = '', z, next, daily] = parts
  return { matricola, till, random, date, z: Number(z), next: Number(next), daily: Number(daily) }
}
