// From drafts to sealed records: number, link, canonicalise, sign, hash (FORMAT 3.4). All records of a request are sealed
// before any is folded, so a signer that fails half-way leaves nothing behind.
import { utf8 } from '../bytes.js'
import { canonical, type Json, type JsonObject } from '../canonical.js'
import type { ChainHead, Draft, Place } from '../country.js'
import { payloadDigest } from '../digest.js'
import { FiscalError } from '../errors.js'
import { isSignedStatement, isTypeName } from '../body-form.js'
import { bodyTextOf, MAX_BODY_BYTES, MAX_LINE_BYTES, recordHash, signingInput, type Body, type SealedRecord } from '../record.js'
import type { Signer, SuiteId } from '../signer.js'
import type { RecordAlg } from '../crypto-contract.js'
import { asciiBytes, bytesToBase64url } from '#crypto'
import type { ChainState } from './chain.js'

/** A draft of core or country, with what core adds to it. */
export interface SealDraft extends Draft {
  /** Canonical text of the request, put into the principal's payload as member `request`. */
  readonly request?: { readonly ref: string | undefined; readonly req: string | undefined; readonly text: string } | undefined
}

/** Where and when a record is sealed. `chain` is folded by the caller after each record. */
export interface SealContext {
  readonly chain: ChainState
  readonly base: number
  readonly epoch: number
  readonly ts: string
  readonly tsBack: number
  readonly signer: Signer
  readonly signal?: AbortSignal | undefined
}

/**
 * Seals the next record; `more` further ones of the same request follow.
 * @throws FiscalError RECORD_INVALID, RECORD_TOO_LARGE, or the signer's own; nothing has changed then
 */
export async function sealNext(draft: SealDraft, more: number, context: SealContext): Promise<SealedRecord> {
  const { chain, signer, ts, tsBack, base, epoch } = context
  const { alg, keyId: kid } = signer.describe()
  const seq = chain.seq + 1
  const before = chain.types.get(draft.type)
  const tseq = (before?.tseq ?? 0) + 1
  const place = new PlaceInChain(chain, seq, tseq, ts, tsBack, kid)
  const { payload, x } = draft.write(place)
  const payloadText = textOfPayload(payload, draft.request?.text)
  const body: Body = {
    alg,
    base,
    epoch,
    kid,
    ...(more > 0 && { more }),
    pay: payloadDigest(payloadText),
    prev: chain.hash,
    queue: chain.queue,
    ...(draft.request?.ref !== undefined && { ref: draft.request.ref, req: draft.request.req as string }),
    seq,
    tprev: before?.hash ?? chain.genesis,
    ts,
    ...(tsBack > 0 && { tsBack }),
    tseq,
    type: draft.type,
    v: 1,
    ...(x !== undefined && { x }),
  }
  return sealBody(body, payload, payloadText, draft.request?.text, signer, context.signal)
}

class PlaceInChain implements Place {
  readonly #chain: ChainState
  readonly queue: string
  readonly seq: bigint
  readonly tseq: number
  readonly ts: string
  readonly tsBack: number
  readonly kid: string
  constructor(chain: ChainState, seq: number, tseq: number, ts: string, tsBack: number, kid: string) {
    this.#chain = chain
    this.queue = chain.queue
    this.seq = BigInt(seq)
    this.tseq = tseq
    this.ts = ts
    this.tsBack = tsBack
    this.kid = kid
  }
  head(type: string): ChainHead | undefined {
    return this.#chain.types.get(type)
  }
  heads(): ReadonlyMap<string, ChainHead> {
    return new Map([...this.#chain.types].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

// The request's text is spliced in where the member `request` sorts, so that it is canonicalised once for digest and payload.
function textOfPayload(payload: JsonObject, requestText: string | undefined): string {
  if (requestText === undefined) return canonical(payload)
  const before: Record<string, unknown> = {}
  const after: Record<string, unknown> = {}
  for (const name of Object.keys(payload)) {
    if (name === 'request')
      throw new FiscalError('RECORD_INVALID', { message: 'a country may not name a payload member "request"' })
    ;(name < 'request' ? before : after)[name] = payload[name]
  }
  const [head, tail] = [canonical(before).slice(1, -1), canonical(after).slice(1, -1)]
  return `{${head}${head === '' ? '' : ','}"request":${requestText}${tail === '' ? '' : ','}${tail}}`
}

async function sealBody(
  body: Body,
  payload: JsonObject,
  payloadText: string,
  requestText: string | undefined,
  signer: Signer,
  signal: AbortSignal | undefined,
): Promise<SealedRecord> {
  checkMembers(body)
  const bodyText = bodyTextOf(body)
  checkSizes(bodyText, payloadText)
  const message = asciiBytes(signingInput(body.alg, body.kid, bodyText))
  const signature = signer.signNow?.(message) ?? (await signWith(signer, message, body.alg, signal))
  const sig = bytesToBase64url(signature)
  return new Sealed(body, bodyText, payload, requestText, payloadText, sig, recordHash(bodyText, sig))
}

// The payload as a reader will see it is put together only when somebody looks, and the request in it parsed only then
// (measured: a tenth of a sale).
class Sealed implements SealedRecord {
  readonly body: Body
  readonly bodyText: string
  readonly payloadText: string
  readonly sig: string
  readonly hash: string
  readonly #requestText: string | undefined
  #payload: JsonObject
  #complete: boolean
  constructor(
    body: Body,
    bodyText: string,
    payload: JsonObject,
    requestText: string | undefined,
    payloadText: string,
    sig: string,
    hash: string,
  ) {
    this.body = body
    this.bodyText = bodyText
    this.payloadText = payloadText
    this.sig = sig
    this.hash = hash
    this.#payload = payload
    this.#requestText = requestText
    this.#complete = requestText === undefined
  }
  get payload(): JsonObject {
    if (!this.#complete) this.#payload = withRequest(this.#payload, this.#requestText as string)
    this.#complete = true
    return this.#payload
  }
}

function withRequest(payload: JsonObject, requestText: string): JsonObject {
  return {
    ...payload,
    get request(): Json {
      return JSON.parse(requestText) as Json
    },
  }
}

// Core makes all members but these two.
function checkMembers(body: Body): void {
  const fault = isTypeName(body.type) ? (body.x === undefined || isSignedStatement(body.x) ? undefined : 'x') : 'type'
  if (fault !== undefined)
    throw new FiscalError('RECORD_INVALID', { message: `body.${fault} breaks the format`, path: `body.${fault}` })
}

function checkSizes(bodyText: string, payloadText: string): void {
  // UTF-16 units bound UTF-8 bytes from below and thrice from above; the exact count is only taken near a limit.
  const within = (text: string, limit: number): boolean => text.length * 3 <= limit || utf8(text).length <= limit
  if (!within(bodyText, MAX_BODY_BYTES)) throw new FiscalError('RECORD_TOO_LARGE', { message: 'the signed body exceeds 8 KiB' })
  if (!within(payloadText, MAX_LINE_BYTES - MAX_BODY_BYTES - 8192)) {
    throw new FiscalError('RECORD_TOO_LARGE', { message: 'the record would exceed 1 MiB' })
  }
}

const suiteOf: Readonly<Record<RecordAlg, SuiteId>> = {
  ES256: 'es256',
  ES384: 'es384',
  EdDSA: 'ed25519',
  PS256: 'ps256',
  RS256: 'rs256',
}

async function signWith(signer: Signer, message: Uint8Array, alg: RecordAlg, signal?: AbortSignal): Promise<Uint8Array> {
  const request = { operation: 'record', suite: suiteOf[alg], input: { message } } as const
  try {
    return (await signer.sign(request, signal === undefined ? {} : { signal })).signature
  } catch (error) {
    throw asUnavailable(error)
  }
}

function asUnavailable(error: unknown): FiscalError {
  if (error instanceof FiscalError && (error.code === 'ABORTED' || error.code === 'SIGN_SELF_CHECK_FAILED')) return error
  const code = error instanceof FiscalError ? error.code : 'SIGNER_FAULT'
  const details = error instanceof FiscalError ? { ...error.details, signerCode: code } : { signerCode: code }
  return new FiscalError('SIGNER_UNAVAILABLE', { message: `the signer did not sign: ${code}`, details, cause: error })
}
