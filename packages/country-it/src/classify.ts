// What an answer means for its message, by tables (3.3, 7, 16.4): the body decides when it is a recognised answer with a good
// signature; only otherwise the status does.
import { isFiscalError } from '@sigillo/core'
import { parseXml, type XmlVerdict } from '@sigillo/documents'
import { readReply, rootFor, type Reply } from './replies.js'
import type { Lane } from './state.js'

/** Class of a refusal: how it is to be met. */
export type RefusalClass = 'defect' | 'state' | 'clock' | 'retry'

const state = ['00004', '00014', '00100', '00200', '00211', '00303', '00700', '00712']
const clock = ['00203', '00204', '00206', '00214', '00705']
const retry = ['00016', '00302']
// Said of a serial number that was cut; the certificate comes all the same.
const harmless = new Set(['00015'])

const classes: Readonly<Record<string, RefusalClass>> = Object.fromEntries([
  ...state.map((code) => [code, 'state'] as const),
  ...clock.map((code) => [code, 'clock'] as const),
  ...retry.map((code) => [code, 'retry'] as const),
])

/** Class of a code; unknown ones are defects: nothing is sent again by itself. */
export function classOf(code: string): RefusalClass {
  return Object.hasOwn(classes, code) ? (classes[code] as RefusalClass) : 'defect'
}

const SEVERITY: readonly RefusalClass[] = ['retry', 'clock', 'state', 'defect']

/** The most severe class of several codes: defect, state, clock, retry. */
export function worstOf(codes: readonly string[]): RefusalClass {
  return codes
    .map(classOf)
    .reduce((worst, one) => (SEVERITY.indexOf(one) > SEVERITY.indexOf(worst) ? one : worst), 'retry' as RefusalClass)
}

/** What an exchange came to. */
export interface Classified {
  readonly result: 'accepted' | 'acceptedPresumed' | 'rejected' | 'unknown' | 'retry'
  readonly class?: RefusalClass
  readonly codes?: readonly string[]
  readonly operation?: string
  readonly refused?: readonly { readonly position: number; readonly codes: readonly string[] }[]
  /** Certificate issued, not judged yet. */
  readonly certificate?: Uint8Array
  readonly problem?: string
}

/** What is known of the message an exchange was about. */
export interface Exchange {
  readonly lane: Lane
  readonly what: string
  readonly status: number
  /** Judgement of the body's signature under the authority's roots. */
  readonly verdict: XmlVerdict
  readonly body: Uint8Array
  /** An earlier attempt of these bytes ended without an answer to believe. */
  readonly doubt: boolean
}

/** Classifies an exchange that brought a response. */
export function classify(exchange: Exchange): Classified {
  const { verdict, status } = exchange
  // An answer nobody can vouch for is no answer, and the status beside it is no better (3.2).
  if (!verdict.ok) return withoutAnswer(isAnswer(exchange.body) ? 200 : status, verdict.code, verdict.message)
  const reply = readReply(verdict.root)
  if (reply === undefined || reply.root !== rootFor(exchange.lane, exchange.what))
    return withoutAnswer(status, 'ANSWER_UNKNOWN', 'not the answer to this request')
  return reply.root === 'DocCommercialiLotteriaEsito' ? lottery(reply, exchange.doubt) : operation(reply)
}

function isAnswer(body: Uint8Array): boolean {
  try {
    return readReply(parseXml(body)) !== undefined
  } catch (error) {
    if (isFiscalError(error)) return false
    throw error
  }
}

// What an answer says is kept in the journal, whose records have bounds; a genuine answer is far within them.
const MOST_CODES = 100
const MOST_TEXT = 200

function codesOf(errors: Reply['errors']): string[] {
  return errors.slice(0, MOST_CODES).map(({ code }) => code.slice(0, MOST_TEXT))
}

function operationOf({ operation: id }: Reply): { operation?: string } {
  return id === '' ? {} : { operation: id.slice(0, MOST_TEXT) }
}

// One entry for each document, whatever the order and however often it is named.
function refusedOf({ remarks }: Reply): { position: number; codes: string[] }[] {
  const found = new Map<number, string[]>()
  for (const { position, errors } of remarks)
    if (Number.isSafeInteger(position) && position >= 1 && position <= MOST_CODES)
      found.set(position, [...(found.get(position) ?? []), ...codesOf(errors)].slice(0, MOST_CODES))
  return [...found].map(([position, codes]) => ({ position, codes }))
}

function operation(reply: Reply): Classified {
  const codes = codesOf(reply.errors).filter((code) => !harmless.has(code))
  const known = operationOf(reply)
  if (codes.length > 0) return refused(codes, known)
  const issues = reply.root === 'EsitoRichiestaCertificatoDispositivo'
  if (reply.operation === '' || (issues && reply.certificate === undefined))
    return { result: 'unknown', problem: 'ANSWER_INCOMPLETE' }
  return { result: 'accepted', ...known, ...(reply.certificate !== undefined && { certificate: reply.certificate }) }
}

function lottery(reply: Reply, doubt: boolean): Classified {
  const known = operationOf(reply)
  const codes = codesOf(reply.errors)
  if (reply.outcome === 'AC') return { result: 'accepted', ...known }
  if (reply.outcome === 'SE')
    return {
      result: 'accepted',
      ...known,
      refused: refusedOf(reply),
    }
  if (reply.outcome !== 'SC' || codes.length === 0) return { result: 'unknown', problem: 'ANSWER_INCOMPLETE' }
  // The authority has the file already: ours, when an earlier answer was lost (9.6).
  if (codes.every((code) => code === '00306') && doubt) return { result: 'acceptedPresumed', codes, ...known }
  return refused(codes, known)
}

function refused(codes: readonly string[], known: object): Classified {
  const worst = worstOf(codes)
  return worst === 'retry'
    ? { result: 'retry', class: worst, codes, ...known }
    : { result: 'rejected', class: worst, codes, ...known }
}

// A body nobody signed says nothing; the status says whether another attempt makes sense.
function withoutAnswer(status: number, code: string, message: string): Classified {
  const problem = `${code}: ${message}`.slice(0, 300)
  if (status >= 200 && status < 300) return { result: 'unknown', problem }
  if (status === 403 || status === 409) return { result: 'rejected', class: 'state', problem: `HTTP ${status}` }
  if (status === 415 || status === 406) return { result: 'rejected', class: 'defect', problem: `HTTP ${status}` }
  if (status === 429 || status === 500) return { result: 'retry', class: 'retry', problem: `HTTP ${status}` }
  return { result: 'unknown', problem: `HTTP ${status}` }
}
