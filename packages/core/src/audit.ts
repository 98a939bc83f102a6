// The audit log: what was decided about a key, one canonical JSON line each, linked by SHA-256, no signature (it must be written also when
// the key cannot sign). Its count and head enter the journal at each closing. Where the lines are kept is a port; this file links and checks.
import { canonical, type Json, type JsonObject } from './canonical.js'
import { ZERO_HASH } from './digest.js'
import { sha256Hex } from '#crypto'

/** What is written about one event. Never a secret, never the bytes signed: digests and ids only. */
export interface AuditEntry {
  /** What happened: `signed`, `refused`, `failed`, `late-discarded`, `self-check-failed`, `suspended`, `pin-intent`, `pin-outcome`, … */
  readonly event: string
  readonly [name: string]: Json | undefined
}

/** Where a line stands: `count` lines so far, `hash` of the last one. */
export interface AuditHead {
  readonly count: number
  readonly hash: string
}

/** An append-only log of linked lines. */
export interface AuditLog {
  /**
   * Adds a line; durable when the promise is fulfilled.
   * @throws FiscalError of kind storage; the line counts as not written then
   */
  append(entry: AuditEntry): Promise<AuditHead>
  /** The lines in order, as parsed objects with their `n`, `at` and `prev`. */
  read(): AsyncIterable<JsonObject>
  /** Where the log stands now, without I/O. */
  head(): AuditHead
}

const MEMORY_LINES = 10_000

/** The head of a log without lines. */
export const EMPTY_AUDIT: AuditHead = { count: 0, hash: ZERO_HASH }

/** The next line after `head`, without line break, and the head it makes. `atMs` is wall-clock time. */
export function auditLine(head: AuditHead, atMs: number, entry: AuditEntry): { readonly line: string; readonly head: AuditHead } {
  const given = Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined))
  const line = canonical({ ...given, at: new Date(atMs).toISOString(), n: head.count + 1, prev: head.hash })
  return { line, head: { count: head.count + 1, hash: sha256Hex(line) } }
}

/** A line that does not continue the log. */
export interface AuditFinding {
  /** 1-based line of the text. */
  readonly line: number
  /** `torn`: not JSON, left by a crash; `broken`: number or link does not follow. */
  readonly problem: 'torn' | 'broken'
}

/** Checks lines in order. A torn line does not count: the next one continues from the line before it. */
export function checkAudit(lines: Iterable<string>): { readonly head: AuditHead; readonly findings: readonly AuditFinding[] } {
  const findings: AuditFinding[] = []
  let head = EMPTY_AUDIT
  let at = 0
  for (const text of lines) {
    at++
    const parsed = parseAuditLine(text)
    if (parsed === undefined) findings.push({ line: at, problem: 'torn' })
    else {
      if (parsed['n'] !== head.count + 1 || parsed['prev'] !== head.hash) findings.push({ line: at, problem: 'broken' })
      head = { count: typeof parsed['n'] === 'number' ? parsed['n'] : head.count + 1, hash: sha256Hex(text) }
    }
  }
  return { head, findings }
}

/** What is found where a log was said to have stood: the same line; another one or a broken chain; no line any more; nothing that can be read. */
export type AuditStanding = 'holds' | 'altered' | 'cut' | 'unreadable'

/** Looks at every line still kept, for whoever was told that the log had come as far as `known`. Lines written meanwhile do no harm. */
export async function auditStanding(log: AuditLog, known: AuditHead): Promise<AuditStanding> {
  const now = log.head()
  const lines = log.read()[Symbol.asyncIterator]()
  try {
    let head: AuditHead | undefined
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
      const { n, prev } = next.value
      // A log in memory forgets its oldest lines.
      head ??= { count: Number(n) - 1, hash: String(prev) }
      if (n !== head.count + 1 || prev !== head.hash) return 'altered'
      head = { count: n, hash: sha256Hex(canonical(next.value)) }
      for (const one of [known, now]) if (one.count === n && one.hash !== head.hash) return 'altered'
    }
    return (head?.count ?? 0) < Math.max(known.count, now.count) ? 'cut' : 'holds'
  } catch {
    return 'unreadable'
  }
}

/** The object of a line, or undefined when it is not one. */
export function parseAuditLine(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as unknown
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const line = value as JsonObject
    return typeof line['event'] === 'string' ? line : undefined
  } catch {
    return undefined
  }
}

/** A log in memory, for tests and for signers without a file: it ends with the process and keeps the newest 10,000 lines. */
export function memoryAudit(now: () => number = Date.now): AuditLog {
  const lines: string[] = []
  let head = EMPTY_AUDIT
  return {
    append: async (entry) => {
      const next = auditLine(head, now(), entry)
      lines.push(next.line)
      if (lines.length > MEMORY_LINES) lines.shift()
      head = next.head
      return head
    },
    read: async function* () {
      const kept = lines.map(parseAuditLine)
      for (const line of kept) yield line as JsonObject
    },
    head: () => head,
  }
}
