// Verification of a journal from its bytes: streaming, never throwing for bad data, resumable from a trusted point (FORMAT 5).
import { fromUtf8, utf8 } from '../bytes.js'
import type { JsonObject } from '../canonical.js'
import type { CountryAuditor } from '../country.js'
import type { PublicJwk } from '../crypto-contract.js'
import { parsePublicJwk, thumbprint } from '../keys.js'
import { bodyFault, parseLine } from '../record.js'
import type { WitnessStatement } from '../storage.js'
import { rootOf } from '../tree.js'
import type { Finding } from './finding.js'
import { checkLine, learnKeys, linesOf, MALFORMED, readChecked, type KeyRing } from './line-check.js'
import { collectRedactions } from './redactions.js'
import { rememberReferences } from './references.js'
import { openLanes } from '#lanes'
import { startOfJournal, Walk, type LinePlace, type WalkState } from './walk.js'

/** Whole lines with their line feeds, in the order of the journal; a line never stands in two chunks. */
export interface Chunk {
  readonly bytes: Uint8Array
  readonly file?: string
  /** Offset of the first byte in its file. */
  readonly offset?: number
}

/** How to verify. */
export interface VerifyOptions {
  /** A judge by the country's rules; without one only the journal's rules are checked. */
  readonly auditor?: CountryAuditor
  /** Continue after a point verified before; the source then starts with the record after it. */
  readonly resume?: ResumePoint
  /** What somebody outside saw last. */
  readonly witness?: Pick<WitnessStatement, 'seq' | 'hash'>
  /** About how many bytes the source holds; decides whether threads are worth starting. Unknown counts as many. */
  readonly bytesExpected?: number
  /** Told after each chunk. */
  readonly progress?: (records: number, bytes: number) => void
  /** Most findings kept; the rest is only counted. Default 10,000. */
  readonly maxFindings?: number
}

/** A point up to which a journal was verified: the walk's state, opaque, serialisable with structured clone. */
export interface ResumePoint {
  readonly state: WalkState
}

/** What verification found. */
export interface Report {
  /** No finding of severity error. */
  readonly sound: boolean
  readonly queue: string
  readonly profile: string
  readonly records: number
  readonly head: { readonly seq: number; readonly hash: string }
  readonly root: string | undefined
  readonly findings: readonly Finding[]
  /** Findings beyond `maxFindings`. */
  readonly more: number
  readonly resume: ResumePoint
}

/** Verifies a journal given as chunks of lines, on all cores where the platform has threads. */
export async function verifyChunks(source: AsyncIterable<Chunk> | Iterable<Chunk>, options: VerifyOptions = {}): Promise<Report> {
  const judge = startJudge(options)
  const lanes = openLanes(options.bytesExpected)
  let bytes = 0
  const underway: { readonly chunk: Chunk; readonly flags: Promise<Uint8Array> | Uint8Array }[] = []
  const settle = async (): Promise<void> => {
    const { chunk, flags } = underway.shift() as (typeof underway)[number]
    judge.chunk(chunk, await flags)
    bytes += chunk.bytes.length
    options.progress?.(judge.records(), bytes)
  }
  try {
    for await (const chunk of source) {
      for (const [kid, jwk] of judge.keysIn(chunk.bytes)) lanes.learn(kid, jwk)
      underway.push({ chunk, flags: lanes.check(chunk.bytes) })
      if (underway.length >= lanes.width) await settle()
    }
    while (underway.length > 0) await settle()
  } finally {
    await lanes.close()
  }
  return judge.report()
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
  const state = options.resume === undefined ? startOfJournal() : structuredClone(options.resume.state)
  const ring: KeyRing = new Map()
  if (state.key !== undefined) learnKeys(ring, { [state.kid]: state.key })
  const redactions = collectRedactions()
  const walk = new Walk(state, { ring, refs: rememberReferences(), auditor: options.auditor, report, blanked: redactions.blanked, redacted: redactions.redacted })
  const witness = watch(options.witness, report)
  const judgeLine = (line: Uint8Array, given: number | undefined, place: LinePlace): void => {
    const checked = given === undefined ? checkLine(line, ring) : { record: (given & MALFORMED) === 0 ? readChecked(line, given) : undefined, flags: given }
    const { record, flags } = checked
    if (record === undefined) walk.unreadable(...whyUnreadable(line), place)
    else {
      walk.record(record, flags, place)
      witness.next(record.body.seq, record.hash)
    }
  }
  return {
    chunk: ({ bytes, file, offset }, flags) => {
      let index = 0
      for (const { line, at } of linesOf(bytes)) judgeLine(line, flags?.[index++], { file, offset: offset === undefined ? undefined : offset + at })
    },
    keysIn: (bytes) => keysIn(bytes, options.resume === undefined && state.records === 0),
    records: () => state.records,
    report: () => {
      walk.end()
      witness.end(state.next - 1)
      for (const seq of redactions.unexplained()) {
        report({ seq, code: 'REDACT_WRONG', where: 'payload', message: 'the content was blanked without a record that says so', severity: 'error' })
      }
      const { queue, profile, records, hash, frontier } = state
      const root = frontier === undefined ? undefined : rootOf(frontier)
      return { sound: errors === 0, queue, profile, records, head: { seq: state.next - 1, hash }, root, findings, more, resume: { state } }
    },
  }
}

const KEY_MARKS = [utf8('"type":"sys.key"'), utf8('"type":"sys.genesis"')]

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

function holds(bytes: Uint8Array, mark: Uint8Array): boolean {
  // The dot of `sys.` is the rarest byte of a mark; it stands at place 11.
  for (let at = bytes.indexOf(mark[11] as number, 11); at >= 0; at = bytes.indexOf(mark[11] as number, at + 1)) {
    let i = 0
    while (i < mark.length && bytes[at - 11 + i] === mark[i]) i++
    if (i === mark.length) return true
  }
  return false
}

// Names the member when the line is a record in form but its body breaks a rule.
function whyUnreadable(line: Uint8Array): [where: string, message: string] {
  const text = fromUtf8(line)
  try {
    const fault = bodyFault((JSON.parse(text ?? '') as { body?: unknown }).body)
    if (fault !== undefined && fault !== 'body') return [`body.${fault}`, `the member ${fault} of the signed body breaks its rule`]
  } catch {
    return ['line', text === undefined ? 'not UTF-8' : 'not JSON']
  }
  return ['line', 'not in canonical form, or not a record']
}

function watch(witness: VerifyOptions['witness'], report: (finding: Finding) => void): { next(seq: number, hash: string): void; end(last: number): void } {
  return {
    next: (seq, hash) => {
      if (seq === witness?.seq && hash !== witness.hash) {
        report({ seq, code: 'FORK', where: 'witness', message: 'the witness saw another record under this number', severity: 'error' })
      }
    },
    end: (last) => {
      if (witness === undefined || witness.seq <= last) return
      const message = `the witness saw record ${witness.seq}; the journal ends at ${last}`
      report({ seq: last + 1, code: 'TAIL_MISSING', where: 'witness', message, severity: 'error' })
    },
  }
}
