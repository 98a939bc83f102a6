// The record: body, payload, signature, hash, and the texts sealing makes of them (FORMAT 3). read-line.ts reads them back.
import { toBase64url, utf8 } from './bytes.js'
import { canonical, type Json } from './canonical.js'
import type { RecordAlg } from './crypto-contract.js'
import { sha256Hex, utf8ToBase64url } from '#crypto'

/** What is signed: a closed set of members (FORMAT 3.1). Numbers are safe integers. */
export interface Body {
  readonly alg: RecordAlg
  readonly base: number
  readonly epoch: number
  readonly kid: string
  readonly more?: number
  readonly pay: string
  readonly prev: string
  readonly queue: string
  readonly ref?: string
  readonly req?: string
  readonly seq: number
  readonly tprev: string
  readonly ts: string
  readonly tsBack?: number
  readonly tseq: number
  readonly type: string
  readonly v: 1
  readonly x?: Readonly<Record<string, string | number>>
}

/** A record as everyone reads it. `payload` is null when it was blanked (FORMAT 3.2). */
export interface FiscalRecord {
  readonly body: Body
  readonly payload: Json
  readonly sig: string
  readonly hash: string
}

/** A record with the very texts that were hashed: what a store keeps. */
export interface SealedRecord extends FiscalRecord {
  readonly bodyText: string
  readonly payloadText: string
}

/** Limits of FORMAT 3.1, in bytes of UTF-8. */
export const MAX_BODY_BYTES = 8192
export const MAX_LINE_BYTES: number = 1024 * 1024
export const MAX_STATEMENT_BYTES = 2048
/** Most records one request may become (FORMAT 3.1). */
export const MAX_REQUEST_RECORDS = 200

const headers = new Map<string, string>()

/** base64url of the protected header: a constant of the key (FORMAT 3.4). */
export function headerOf(alg: string, kid: string): string {
  const known = headers.get(alg + kid)
  if (known !== undefined) return known
  const made = toBase64url(utf8(canonical({ alg, kid, typ: 'sigillo-record+jws' })))
  if (headers.size < 64) headers.set(alg + kid, made)
  return made
}

/**
 * Canonical text of a body whose members keep their rules: names are written in order, and only `ref` and `x` can hold anything
 * that needs escaping (measured: a fifth of the general writer's time).
 */
export function bodyTextOf(body: Body): string {
  const more = body.more === undefined ? '' : `,"more":${body.more}`
  const ref = body.ref === undefined ? '' : `,"ref":${JSON.stringify(body.ref)},"req":"${body.req as string}"`
  const back = body.tsBack === undefined ? '' : `,"tsBack":${body.tsBack}`
  const x = body.x === undefined ? '' : `,"x":${canonical(body.x)}`
  return (
    `{"alg":"${body.alg}","base":${body.base},"epoch":${body.epoch},"kid":"${body.kid}"${more},"pay":"${body.pay}","prev":"${body.prev}",` +
    `"queue":"${body.queue}"${ref},"seq":${body.seq},"tprev":"${body.tprev}","ts":"${body.ts}"${back},"tseq":${body.tseq},"type":"${body.type}","v":1${x}}`
  )
}

/** What is signed: base64url(header) "." base64url(body), in ASCII. */
export function signingInput(alg: string, kid: string, bodyText: string): string {
  return `${headerOf(alg, kid)}.${utf8ToBase64url(bodyText)}`
}

/** The compact JWS of a record: derived, never stored; what a QR code carries. */
export function sealOf(record: Pick<FiscalRecord, 'body' | 'sig'> & { readonly bodyText?: string }): string {
  const { alg, kid } = record.body
  return `${signingInput(alg, kid, record.bodyText ?? canonical(record.body))}.${record.sig}`
}

/** Leaf data: the canonical form of body and signature. */
export function leafOf(bodyText: string, sig: string): string {
  return `{"body":${bodyText},"sig":"${sig}"}`
}

/** The record hash: link of both chains, leaf of the tree, check of the line (FORMAT 3.4). */
export function recordHash(bodyText: string, sig: string): string {
  return sha256Hex(`\u0000{"body":${bodyText},"sig":"${sig}"}`)
}

/** The line of a record, without its line feed. */
export function lineOf(record: SealedRecord): string {
  return `{"body":${record.bodyText},"hash":"${record.hash}","payload":${record.payloadText},"sig":"${record.sig}"}`
}
