// One message from its bytes to its answer, checked in the order of 16.5: size, text, shape, signature, certificate, repetition,
// state, rules; then stored, then answered. Nothing in here waits: two messages cannot overlap.
import { createHash, type X509Certificate } from 'node:crypto'
import { commonName } from './certificates.js'
import { answerXml, signAnswer, type Said, type Style } from './answers.js'
import { checkCertificate } from './trust.js'
import { fold, type Device, type Effect, type State } from './effects.js'
import type { Hierarchy, Holder } from './hierarchy.js'
import type { Entry, Ledger } from './ledger.js'
import { judgeEvent } from './rules-event.js'
import { judgeLottery } from './rules-lottery.js'
import { judgeReceipts } from './rules-receipts.js'
import { judgeActivation, judgeEnrolment, type Issue } from './rules-setup.js'
import type { Context, RuleSettings, Ruling } from './rules.js'
import type { Schemas } from './schemas.js'
import { judgeSignature } from './signature.js'
import { misfitOf } from './structure.js'
import { shapes, type Route } from './tables.js'
import { childrenNamed, parseXml, XmlRefusal, type Parsed } from './xml.js'

/** What is done with bytes that were accepted before (9.6): the stored answer again, a refusal, or a second acceptance. */
export type Duplicates = 'sameAnswer' | 'acceptAgain' | { readonly error: string }

/** What judging may be told; changed between messages by the control interface. */
export interface JudgeSettings extends RuleSettings {
  style: Style
  duplicates: Duplicates
  /** Repetition by operation, before the common setting. */
  duplicatesOf: Partial<Record<Route, Duplicates>>
  progressive: RuleSettings['progressive']
  /** Largest lottery message, bytes. */
  readonly lotteryLimit: number
}

/** What judging works with. */
export interface Bench {
  readonly ledger: Ledger
  readonly state: State
  readonly hierarchy: Hierarchy
  readonly settings: JudgeSettings
  readonly schemas: Schemas | undefined
  readonly issue: Issue
  now(): number
}

/** An HTTP answer. */
export interface Reply {
  readonly status: number
  readonly body: Uint8Array
  readonly type: 'application/xml' | 'text/plain; charset=utf-8'
  /** Line of the ledger, when one was written. */
  readonly entry?: Entry
}

/** What becomes of a message. */
interface Finding {
  readonly status: number
  readonly gateway?: boolean
  readonly ruling: Ruling
  readonly sender?: string
  readonly problem?: string
}

/** Where storing may be cut short. */
export type CrashPoint = 'beforeStoring' | 'whileStoring' | 'afterStoring'

const XML = 'application/xml'
const nothing: Ruling = { codes: [], warnings: [], effects: [] }
const gateway = (code: string, problem: string, status = 406): Finding => ({
  status,
  gateway: true,
  ruling: { ...nothing, codes: [code] },
  problem,
})

/** Thrown where a test wanted the process to die. */
export class Crash extends Error {}

/** Judges a message, stores it and gives the answer. @throws Crash where a test wanted one */
export function judge(bench: Bench, route: Route, bytes: Uint8Array, crash?: CrashPoint): Reply {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const finding = find(bench, route, bytes, sha256)
  if ('entry' in finding) return again(bench, finding.entry)
  return settle(bench, route, { bytes, sha256 }, finding, crash)
}

// The answer that was given the first time, bytes and all.
function again({ ledger }: Bench, entry: Entry): Reply {
  return { status: entry.status ?? 200, body: ledger.answer(entry.n) ?? new Uint8Array(), type: XML, entry }
}

function settle(
  bench: Bench,
  route: Route,
  { bytes, sha256 }: { readonly bytes: Uint8Array; readonly sha256: string },
  { status, gateway: atGateway = false, ruling, sender, problem }: Finding,
  crash?: CrashPoint,
): Reply {
  const { ledger, settings, hierarchy, state } = bench
  const { codes, warnings, effects, certificate, elements, remarks } = ruling
  const atMs = bench.now()
  const id = operationId(ledger.entries.length + 1, route, settings.style, atGateway)
  const said: Said = {
    route,
    id,
    atMs,
    codes,
    gateway: atGateway,
    ...(certificate && { certificate }),
    ...(elements !== undefined && { elements }),
    ...(remarks && { remarks }),
  }
  const signed = status !== 403
  const body = signed
    ? signAnswer(answerXml(said, settings.style), hierarchy.answers, settings.style)
    : Buffer.from(`${problem ?? 'not authorised'}\n`)
  const accepted = signed && codes.length === 0
  const line: Omit<Entry, 'n'> = {
    at: new Date(atMs).toISOString(),
    route,
    sha256,
    status,
    accepted,
    codes,
    warnings,
    ...(signed && { id }),
    ...(sender !== undefined && { sender }),
    ...(problem !== undefined && { problem }),
    effects: accepted ? effects : [],
  }
  if (crash === 'whileStoring') ledger.tear(line, bytes, body)
  if (crash === 'whileStoring' || crash === 'beforeStoring') throw new Crash(crash)
  const entry = ledger.append(line, bytes, body)
  fold(state, entry)
  if (crash === 'afterStoring') throw new Crash(crash)
  return { status, body, type: signed ? XML : 'text/plain; charset=utf-8', entry }
}

function operationId(n: number, route: Route, style: Style, atGateway: boolean): string {
  const number = String(1_000_000 + n)
  if (style === 'schema') return number
  if (atGateway) return `DP${number}`
  return route === 'lottery' ? `00000000-0000-4000-8000-${number.padStart(12, '0')}` : number
}

function find(bench: Bench, route: Route, bytes: Uint8Array, sha256: string): Finding | { readonly entry: Entry } {
  if (route === 'lottery' && bytes.length > bench.settings.lotteryLimit)
    return gateway('00301', `more than ${bench.settings.lotteryLimit} bytes`)
  let parsed: Parsed
  try {
    parsed = parseXml(bytes)
  } catch (error) {
    if (error instanceof XmlRefusal) return gateway('00000', error.message)
    throw error
  }
  try {
    return findIn(bench, route, parsed, sha256)
  } finally {
    parsed.dispose()
  }
}

function findIn(bench: Bench, route: Route, parsed: Parsed, sha256: string): Finding | { readonly entry: Entry } {
  const { root } = parsed
  // One limit of the shape has a code of its own.
  if (route === 'lottery' && root.name === shapes.lottery.root && childrenNamed(root, 'DocumentoCommerciale').length > 100)
    return gateway('00300', 'more than 100 documents')
  const misfit = misfitOf(root, shapes[route])
  if (misfit !== undefined) return gateway('00000', `${misfit.path} ${misfit.problem}`)
  const problem = bench.schemas?.problemOf(parsed.document, shapes[route].uri)
  if (problem !== undefined) return gateway('00000', problem)
  const verdict = judgeSignature(parsed)
  if (!verdict.ok) return gateway('99999', verdict.problem)
  return findSigned(bench, route, { root, sha256 }, verdict.certificate)
}

function findSigned(
  bench: Bench,
  route: Route,
  { root, sha256 }: { readonly root: Parsed['root']; readonly sha256: string },
  certificate: X509Certificate,
): Finding | { readonly entry: Entry } {
  const { state, settings, ledger, hierarchy } = bench
  const nowMs = bench.now()
  const sender = commonName(certificate)
  const distrust = checkCertificate(certificate, {
    state,
    nowMs,
    root: hierarchy.device.certificate,
    role: route === 'enrol' ? 'manufacturer' : 'device',
  })
  if (distrust !== undefined) return { status: 403, ruling: nothing, sender, problem: distrust }

  const before = state.accepted.get(`${route} ${sha256}`)
  const policy = settings.duplicatesOf[route] ?? settings.duplicates
  if (before !== undefined && policy === 'sameAnswer') return { entry: ledger.entries[before - 1] as Entry }
  if (before !== undefined && typeof policy === 'object')
    return { status: 200, sender, ruling: { ...nothing, codes: [policy.error] }, problem: `accepted before, line ${before}` }

  const context: Context = { state, settings, nowMs, sender, device: route === 'enrol' ? undefined : deviceOf(state, sender) }
  const ruling = rule(bench, route, root, context)
  return { status: route === 'enrol' && ruling.codes.length === 0 ? 201 : 200, sender, ruling }
}

function deviceOf(state: State, sender: string): Device | undefined {
  return state.devices.get(sender)
}

function rule({ issue }: Bench, route: Route, root: Parsed['root'], context: Context): Ruling {
  if (route === 'enrol') return judgeEnrolment(root, context, issue)
  if (route === 'activate') return judgeActivation(root, context)
  if (route === 'receipts') return judgeReceipts(root, context)
  return route === 'event' ? judgeEvent(root, context) : judgeLottery(root, context)
}

/** Writes what a hand did. */
export function record({ ledger, state, now }: Bench, effects: readonly Effect[]): Entry {
  const entry = ledger.append({ at: new Date(now()).toISOString(), accepted: true, codes: [], warnings: [], effects })
  fold(state, entry)
  return entry
}

/** A signed refusal that nothing stands behind, for faults. */
export function refusal({ settings, hierarchy, ledger, now }: Bench, route: Route, codes: readonly string[]): Uint8Array {
  const id = operationId(ledger.entries.length + 1, route, settings.style, false)
  return signAnswer(answerXml({ route, id, atMs: now(), codes }, settings.style), hierarchy.answers, settings.style)
}

/** An answer signed by somebody else under the authority's name, or by nobody. */
export function falseAnswer({ settings, ledger, now }: Bench, route: Route, signer: Holder | undefined): Uint8Array {
  const id = operationId(ledger.entries.length, route, settings.style, false)
  const xml = answerXml({ route, id, atMs: now(), codes: [], elements: 1 }, settings.style)
  return signer === undefined ? Buffer.from(xml) : signAnswer(xml, signer, settings.style)
}
