// Verification of a journal from its bytes: streaming, never throwing for bad data, resumable from a trusted point (FORMAT 5).
import { fromUtf8 } from '../bytes.js'
import type { JsonObject } from '../canonical.js'
import type { CountryAuditor } from '../country.js'
import type { PublicJwk } from '../crypto-contract.js'
import { parsePublicJwk, thumbprint } from '../keys.js'
import { parseLine, type ParsedLine } from '../read-line.js'
import { rootOf } from '../tree.js'
import { collectNamedFiles } from './blobs.js'
import type { Finding } from './finding.js'
import { checkLine, learnKeys, linesOf, readChecked, type KeyRing } from './line-check.js'
import { holds, markOf } from './marks.js'
import { predecessorIn, successorIn, type Predecessor } from './predecessor.js'
import { watchPurge } from './purged.js'
import { collectRedactions, type Purged } from './redactions.js'
import { rememberReferences } from './references.js'
import { openLanes } from '#lanes'
import type { Checked } from './lanes-contract.js'
import { startOfJournal, stateFromStart, type Start, type VerifyState } from './state.js'
import { watchStatements, type Statements } from './statements.js'
import { Walk, type LinePlace } from './walk.js'

/**
 * Whole lines with their line feeds, in the order of the journal; a line never stands in two chunks. Verification is done with the bytes
 * of one chunk when it asks for the next: a source may use the same memory again.
 */
export interface Chunk {
  readonly bytes: Uint8Array
  readonly file?: string
  /** Offset of the first byte in its file. */
  readonly offset?: number
}

/** How to verify. */
export interface VerifyOptions extends Statements {
  /** A judge by the country's rules; without one only the journal's rules are checked. */
  readonly auditor?: CountryAuditor
  /** Continue after a point verified before; the source then begins with the record behind it. */
  readonly resume?: ResumePoint
  /** Begin behind a record that is trusted without its predecessors (a range, a purged journal). */
  readonly start?: Start
  /** Keys said to be the queue's; believed only where the valid key cannot be known (FORMAT 5.3). */
  readonly offeredKeys?: readonly PublicJwk[]
  /** Keys of those who may endorse a change of key without the old one. */
  readonly endorserKeys?: readonly PublicJwk[]
  /** About how many bytes the source holds; decides whether threads are worth starting. Unknown counts as many. */
  readonly bytesExpected?: number
  /** Told after each chunk. */
  readonly progress?: (records: number, bytes: number) => void
  /** Given each record that was believed and placed. */
  readonly placed?: (record: ParsedLine) => void
  /** Gives a file that records name, by its SHA-256. With it, files that are missing or were changed are found (FORMAT 13). */
  readonly blob?: (sha256: string) => Promise<Uint8Array | undefined>
  /** Most findings kept; the rest is only counted. Default 10,000. */
  readonly maxFindings?: number
}

/** A point up to which a journal was verified: opaque, kept by structured clone. References before it are not remembered. */
export interface ResumePoint {
  readonly state: VerifyState
}

/** What verification found. */
export interface Report {
  /** No finding of severity error. */
  readonly sound: boolean
  readonly queue: string
  readonly profile: string
  /** The queue this one continues, as its genesis says; undefined also when genesis was not read. */
  readonly predecessor: Predecessor | undefined
  /** UUID of the queue that continues this one, as its `sys.close` says. */
  readonly successor: string | undefined
  /** Records believed and placed. */
  readonly records: number
  readonly head: { readonly seq: number; readonly hash: string } | null
  /** Root of the tree over all records; undefined when a loss made it unknowable. */
  readonly root: string | undefined
  /** In order of number, then code; those without a number first. */
  readonly findings: readonly Finding[]
  /** Findings beyond `maxFindings`. */
  readonly more: number
  /** What could not be checked, in words. */
  readonly unchecked: readonly string[]
  readonly resume: ResumePoint
}

/** Verifies a journal given as chunks of lines, on all cores where the platform has threads. */
export async function verifyChunks(source: AsyncIterable<Chunk> | Iterable<Chunk>, options: VerifyOptions = {}): Promise<Report> {
  const files = collectNamedFiles()
  const note = (record: ParsedLine): void => {
    files.note(record)
    options.placed?.(record)
  }
  const judge = startJudge(options.blob === undefined ? options : { ...options, placed: note })
  const lanes = openLanes(options.bytesExpected)
  let bytes = 0
  const underway: { readonly place: Omit<Chunk, 'bytes'>; readonly checked: Promise<Checked> | Checked }[] = []
  const settle = async (): Promise<void> => {
    const { place, checked } = underway.shift() as (typeof underway)[number]
    const chunk = await checked
    judge.chunk({ ...place, bytes: chunk.bytes }, chunk.flags)
    bytes += chunk.bytes.length
    lanes.release(chunk.bytes)
    options.progress?.(judge.records(), bytes)
  }
  try {
    for await (const chunk of source) {
      for (const [kid, jwk] of judge.keysIn(chunk.bytes)) lanes.learn(kid, jwk)
      const { bytes: content, ...place } = chunk
      underway.push({ place, checked: lanes.check(content) })
      if (underway.length >= lanes.width) await settle()
    }
    while (underway.length > 0) await settle()
  } finally {
    await lanes.close()
  }
  return options.blob === undefined ? judge.report() : withFindings(judge.report(), await files.missing(options.blob))
}

function withFindings(report: Report, found: readonly Finding[]): Report {
  return found.length === 0 ? report : { ...report, sound: false, findings: inOrder([...report.findings, ...found]) }
}

function inOrder(findings: Finding[]): Finding[] {
  return findings.sort((a, b) => (a.seq ?? -1) - (b.seq ?? -1) || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0))
}

/** The judging of one journal, chunk by chunk. */
export interface Judge {
  /** Judges the next chunk. `flags` are those of its lines when they were checked elsewhere. */
  chunk(chunk: Chunk, flags?: Uint8Array): void
  /** Keys that records of a chunk introduce: wanted before the chunks after it are checked elsewhere. */
  keysIn(bytes: Uint8Array): readonly (readonly [kid: string, jwk: PublicJwk])[]
  records(): number
  report(): Report
}

/** Starts judging. */
export function startJudge(options: VerifyOptions = {}): Judge {
  const findings: Finding[] = []
  let more = 0
  let errors = 0
  const report = (finding: Finding): void => {
    if (finding.severity === 'error') errors += 1
    if (findings.length < (options.maxFindings ?? 10_000)) findings.push(finding)
    else more += 1
  }
  const offered = new Map((options.offeredKeys ?? []).map((jwk) => [thumbprint(jwk), jwk] as const))
  const state = startState(options, offered)
  const ring: KeyRing = new Map()
  if (state.key !== undefined && state.kid !== undefined) learnKeys(ring, { [state.kid]: state.key })
  const redactions = collectRedactions()
  const purge = watchPurge(options.start)
  const statements = watchStatements(options, state, report)
  const walk = new Walk(state, {
    ring,
    offered,
    endorsers: options.endorserKeys ?? [],
    refs: rememberReferences(),
    redactions,
    auditor: options.auditor,
    report,
    placed: (record) => {
      purge.placed(record)
      noteNeighbours(state, record)
      options.placed?.(record)
    },
    settled: (seq, hash) => statements.settled(seq, hash),
    grown: () => statements.grown(),
  })
  let seen = false
  // Whoever is shown records may look into them later.
  const keep = options.auditor !== undefined || options.placed !== undefined
  const judgeLine = (line: Uint8Array, given: number | undefined, place: LinePlace): void => {
    seen = true
    const flags = given ?? checkLine(line, ring)
    const read = readChecked(line, flags, keep)
    if (read === undefined) walk.unreadable(whyUnreadable(line), place)
    else walk.line(read, flags, place)
  }
  return {
    chunk: ({ bytes, file, offset }, flags) => {
      let index = 0
      for (const { line, at } of linesOf(bytes))
        judgeLine(line, flags?.[index++], { file, offset: offset === undefined ? undefined : offset + at })
    },
    keysIn: (bytes) => keysIn(bytes, state.g < 0),
    records: () => state.count,
    report: () => {
      if (options.resume === undefined && !seen)
        report({ seq: state.g + 1, code: 'RECORD_MISSING', where: 'line', message: 'there is no record', severity: 'error' })
      walk.end()
      reportBlanked(redactions.unexplained(), options.continues === true || state.losses > 0, report)
      if (purge.unexplained())
        report({
          seq: 0,
          code: 'RECORD_MISSING',
          where: 'line',
          message: 'no sys.purge answers for the records before the start',
          severity: 'error',
        })
      statements.end(walk.waiting)
      const sorted = inOrder(findings)
      const head = state.last === undefined ? null : { seq: state.g, hash: state.last.hash }
      const root = state.tree === undefined ? undefined : rootOf(state.tree)
      const { queue = '', profile = '', count: records } = state
      return {
        sound: errors === 0,
        queue,
        profile,
        predecessor: state.predecessor,
        successor: state.successor,
        records,
        head,
        root,
        findings: sorted,
        more,
        unchecked: uncheckedOf(state, options, redactions.explained()),
        resume: { state },
      }
    },
  }
}

function noteNeighbours(state: VerifyState, { body, payload, payloadMatches }: ParsedLine): void {
  if (!payloadMatches) return
  if (body.type === 'sys.genesis') state.predecessor = predecessorIn(payload)
  if (body.type === 'sys.close') state.successor = successorIn(payload)
}

function startState(options: VerifyOptions, offered: ReadonlyMap<string, PublicJwk>): VerifyState {
  if (options.resume !== undefined) return structuredClone(options.resume.state)
  return options.start === undefined ? startOfJournal() : stateFromStart(options.start, offered)
}

function reportBlanked(seqs: readonly number[], mayFollow: boolean, report: (finding: Finding) => void): void {
  const message = 'the content was blanked and no record says so'
  for (const seq of seqs)
    report({ seq, code: 'REDACT_WRONG', where: 'payload', message, severity: mayFollow ? 'warning' : 'error' })
}

function uncheckedOf(state: VerifyState, options: VerifyOptions, purged: readonly Purged[]): string[] {
  const out: string[] = []
  if (options.auditor === undefined && state.profile !== 'NONE')
    out.push(`the rules and totals of profile ${state.profile ?? 'unknown'}`)
  if (state.tree === undefined) out.push('the tree behind a loss of records')
  if (options.start !== undefined) out.push(`records before ${options.start.seq + 1}`)
  for (const { count, from, to, at, archive } of purged)
    out.push(
      `the contents of ${count} records from ${from} to ${to}: purged by record ${at}${archive === '' ? '' : `, see archive ${archive}`}`,
    )
  return out
}

const KEY_MARKS = [markOf('sys.key'), markOf('sys.genesis')]

// Key records are rare: a chunk is searched for their mark, and only lines that hold it are parsed.
function keysIn(bytes: Uint8Array, mayHoldGenesis: boolean): [string, PublicJwk][] {
  const keys: [string, PublicJwk][] = []
  if (!mayHoldGenesis && !holds(bytes, KEY_MARKS[0] as Uint8Array)) return keys
  for (const { line } of linesOf(bytes)) {
    if (!KEY_MARKS.some((mark) => holds(line, mark))) continue
    const jwk = parsePublicJwk((parseLine(line)?.payload as JsonObject | null | undefined)?.['key'])
    if (jwk !== undefined) keys.push([thumbprint(jwk), jwk])
  }
  return keys
}

function whyUnreadable(line: Uint8Array): string {
  const text = fromUtf8(line)
  if (text === undefined) return 'not UTF-8'
  try {
    JSON.parse(text)
    return 'not in canonical form, or not a record'
  } catch {
    return 'not JSON'
  }
}
