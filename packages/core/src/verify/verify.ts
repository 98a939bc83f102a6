// Verification of a journal from its bytes: streaming, never throwing for bad data, resumable from a trusted point (FORMAT 5).
import { fromUtf8 } from '../bytes.js'
import type { CountryAuditor } from '../country.js'
import { bodyFault } from '../record.js'
import type { WitnessStatement } from '../storage.js'
import { rootOf } from '../tree.js'
import type { Finding } from './finding.js'
import { checkLine, MALFORMED, ringOf } from './line-check.js'
import { collectRedactions } from './redactions.js'
import { rememberReferences } from './references.js'
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

/** Verifies a journal given as chunks of lines. */
export async function verifyChunks(source: AsyncIterable<Chunk> | Iterable<Chunk>, options: VerifyOptions = {}): Promise<Report> {
  const judge = startJudge(options)
  let bytes = 0
  for await (const chunk of source) {
    judge.chunk(chunk)
    bytes += chunk.bytes.length
    options.progress?.(judge.records(), bytes)
  }
  return judge.report()
}

/** The judging of one journal, chunk by chunk. */
export interface Judge {
  chunk(chunk: Chunk): void
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
  const ring = ringOf(state.key === undefined ? {} : { [state.kid]: state.key })
  const redactions = collectRedactions()
  const walk = new Walk(state, { ring, refs: rememberReferences(), auditor: options.auditor, report, blanked: redactions.blanked, redacted: redactions.redacted })
  const witness = watch(options.witness, report)
  const judgeLine = (line: Uint8Array, place: LinePlace): void => {
    const { record, flags } = checkLine(line, ring)
    if (record === undefined || (flags & MALFORMED) !== 0) walk.unreadable(...whyUnreadable(line), place)
    else walk.record(record, flags, place)
    if (record !== undefined) witness.next(record.body.seq, record.hash)
  }
  return {
    chunk: ({ bytes, file, offset }) => {
      for (const { line, at } of linesOf(bytes)) judgeLine(line, { file, offset: offset === undefined ? undefined : offset + at })
    },
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

/** Lines of a chunk without their line feeds; a last line without one is given as it is. */
export function* linesOf(bytes: Uint8Array): Iterable<{ readonly line: Uint8Array; readonly at: number }> {
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at)
    yield { line: bytes.subarray(at, end < 0 ? bytes.length : end), at }
    at = end < 0 ? bytes.length : end + 1
  }
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
