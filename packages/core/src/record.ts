// The record: body, payload, signature, hash (FORMAT 3). Sealing makes the bytes, parsing reads them back strictly.
import { fromUtf8, toBase64url, utf8 } from './bytes.js'
import { canonical, isCanonical, type Json, type JsonObject } from './canonical.js'
import type { RecordAlg } from './crypto-contract.js'
import { payloadDigest } from './digest.js'
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

/** A line taken apart without judging chain or signature. Texts are exactly as they stand in the line. */
export interface ParsedLine extends SealedRecord {
  /** Hash computed from body and signature; equals `hash` in an undamaged line. */
  readonly recomputedHash: string
  /** True when the digest of the payload is the one the body names; false for a blanked one. */
  readonly payloadMatches: boolean
}

/**
 * Reads one line (no line feed). Bytes may come from an attacker. Undefined when it is not canonical, not a record, or too large.
 */
export function parseLine(bytes: Uint8Array): ParsedLine | undefined {
  if (bytes.length > MAX_LINE_BYTES) return undefined
  const text = fromUtf8(bytes)
  return text === undefined ? undefined : parseLineText(text)
}

/** {@link parseLine} for a line already decoded. */
export function parseLineText(text: string): ParsedLine | undefined {
  const read = readLineText(text)
  if (read === undefined || read.fault !== undefined) return undefined
  const { ref, req } = read.record.body
  return (ref === undefined) === (req === undefined) ? read.record : undefined
}

/** A line that can be taken apart, and the member of its body that breaks its form, if any (FORMAT 5.2). */
export interface ReadLine {
  readonly record: ParsedLine
  readonly fault: string | undefined
}

/** Takes a line apart; undefined when it is unreadable: not canonical, not a record, members missing or unknown, too large. */
export function readLine(bytes: Uint8Array): ReadLine | undefined {
  if (bytes.length > MAX_LINE_BYTES) return undefined
  const text = fromUtf8(bytes)
  return text === undefined ? undefined : readLineText(text)
}

function readLineText(text: string): ReadLine | undefined {
  const parts = splitLine(text)
  if (parts === undefined || !isCanonical(parts.bodyText) || !isCanonical(parts.payloadText)) return undefined
  const { bodyText, payloadText, hash, sig } = parts
  if (bodyText.length * 3 > MAX_BODY_BYTES && utf8(bodyText).length > MAX_BODY_BYTES) return undefined
  const body = JSON.parse(bodyText) as Body
  if (!isClosedSet(body)) return undefined
  const payloadMatches = payloadDigest(payloadText) === body.pay
  return {
    record: new LazyRecord(body, bodyText, payloadText, sig, hash, recordHash(bodyText, sig), payloadMatches),
    fault: formFault(body),
  }
}

/**
 * Takes apart a line already known to be a well-formed record. `hashMatches` and `payloadMatches` are what the check found.
 */
export function readTrusted(bytes: Uint8Array, hashMatches: boolean, payloadMatches: boolean): ParsedLine {
  const { bodyText, payloadText, hash, sig } = splitLine(fromUtf8(bytes) as string) as NonNullable<ReturnType<typeof splitLine>>
  const recomputed = hashMatches ? hash : recordHash(bodyText, sig)
  return new LazyRecord(JSON.parse(bodyText) as Body, bodyText, payloadText, sig, hash, recomputed, payloadMatches)
}

// The payload is parsed only when asked for: chain checks over a million records never look inside (measured: a third of the time).
class LazyRecord implements ParsedLine {
  readonly body: Body
  readonly bodyText: string
  readonly payloadText: string
  readonly sig: string
  readonly hash: string
  readonly recomputedHash: string
  readonly payloadMatches: boolean
  #payload: Json | undefined
  constructor(
    body: Body,
    bodyText: string,
    payloadText: string,
    sig: string,
    hash: string,
    recomputed: string,
    matches: boolean,
  ) {
    this.body = body
    this.bodyText = bodyText
    this.payloadText = payloadText
    this.sig = sig
    this.hash = hash
    this.recomputedHash = recomputed
    this.payloadMatches = matches
  }
  get payload(): Json {
    this.#payload ??= JSON.parse(this.payloadText) as Json
    return this.#payload
  }
}

const BODY_START = '{"body":'
const HASH_START = ',"hash":"'
const PAYLOAD_START = '","payload":'
const SIG_START = ',"sig":"'
const SIG_CHARS = /^[A-Za-z0-9_-]*$/
const HEX64 = /^[0-9a-f]{64}$/

// The body holds no `,"hash":"` (quotes in strings are escaped and x has no member of that name), so the first one ends it;
// the signature starts at the last `,"sig":"` (FORMAT 3.5).
function splitLine(text: string): { bodyText: string; payloadText: string; hash: string; sig: string } | undefined {
  const hashAt = text.indexOf(HASH_START)
  const sigAt = text.lastIndexOf(SIG_START)
  if (!text.startsWith(BODY_START) || hashAt < 0 || !text.endsWith('"}')) return undefined
  const payloadAt = hashAt + HASH_START.length + 64
  if (sigAt < payloadAt + PAYLOAD_START.length || !text.startsWith(PAYLOAD_START, payloadAt)) return undefined
  const hash = text.slice(hashAt + HASH_START.length, payloadAt)
  const sig = text.slice(sigAt + SIG_START.length, -2)
  if (!HEX64.test(hash) || !SIG_CHARS.test(sig)) return undefined
  return {
    bodyText: text.slice(BODY_START.length, hashAt),
    payloadText: text.slice(payloadAt + PAYLOAD_START.length, sigAt),
    hash,
    sig,
  }
}

/** Algorithms of FORMAT 3.1. */
export const RECORD_ALGS: readonly RecordAlg[] = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256']

const isCount = (value: unknown, least: number): boolean => Number.isSafeInteger(value) && (value as number) >= least
const matches =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && pattern.test(value)
const isHash = matches(HEX64)

// One rule per member; the third column of FORMAT 3.1.
const memberRules: Readonly<Record<string, (value: unknown) => boolean>> = {
  alg: (value) => RECORD_ALGS.includes(value as RecordAlg),
  base: (value) => isCount(value, 0),
  epoch: (value) => isCount(value, 1),
  kid: matches(/^[A-Za-z0-9_-]{43}$/),
  more: (value) => isCount(value, 1),
  pay: isHash,
  prev: isHash,
  queue: matches(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  ref: matches(/^[\u0021-\u007e]{1,128}$/),
  req: isHash,
  seq: (value) => isCount(value, 0),
  tprev: isHash,
  ts: isTimestamp,
  tsBack: (value) => isCount(value, 1),
  tseq: (value) => isCount(value, 1),
  type: isType,
  v: (value) => value === 1,
  x: isStatement,
}
const REQUIRED = ['alg', 'base', 'epoch', 'kid', 'pay', 'prev', 'queue', 'seq', 'tprev', 'ts', 'tseq', 'type', 'v']

/** True when a country may use this type for its records, as far as its form goes. */
export const isTypeName: (value: unknown) => boolean = memberRules['type'] as (value: unknown) => boolean

/** True for a signed statement of the permitted form; its size is checked apart. */
export const isSignedStatement: (value: unknown) => boolean = isStatement

/** True when a value is an object with every required member of a body and no unknown one. */
function isClosedSet(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return (
    REQUIRED.every((name) => Object.hasOwn(value, name)) && Object.keys(value).every((name) => Object.hasOwn(memberRules, name))
  )
}

/** The first member, in order of names, that breaks its form (FORMAT 3.1). */
function formFault(body: Body): string | undefined {
  for (const [name, value] of Object.entries(body)) if (memberRules[name]?.(value) !== true) return name
  return undefined
}

/** True for `YYYY-MM-DDThh:mm:ss.sssZ` naming a real instant. */
export function isTimestamp(value: unknown): boolean {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return false
  const ms = Date.parse(value)
  return !Number.isNaN(ms) && new Date(ms).toISOString() === value
}

const SYSTEM_TYPES: ReadonlySet<string> = new Set(
  ['genesis', 'open', 'key', 'checkpoint', 'purge', 'redact', 'incident', 'close'].map((name) => `sys.${name}`),
)

function isType(value: unknown): boolean {
  if (typeof value !== 'string' || !/^[a-z][a-z0-9._-]{0,63}$/.test(value)) return false
  return !value.startsWith('sys.') || SYSTEM_TYPES.has(value)
}

function isStatement(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  for (const [name, member] of Object.entries(value as JsonObject)) {
    if (!/^[a-z][A-Za-z0-9]{0,15}$/.test(name) || name === 'hash' || name === 'sig') return false
    if (typeof member !== 'string' && !Number.isSafeInteger(member)) return false
  }
  const text = canonical(value)
  return text.length * 3 <= MAX_STATEMENT_BYTES || utf8(text).length <= MAX_STATEMENT_BYTES
}
