// The entries of a bundle, one after the other: digests, lines to the judge, statements kept, and at the end the comparison of
// everything with the table of contents (FORMAT 21, Verifying 1–6).
import { concat, fromUtf8 } from '../bytes.js'
import { parseCanonical, type JsonObject } from '../canonical.js'
import { usableJwk } from '../keys.js'
import { verifyNote } from '../note.js'
import type { Finding, FindingCode } from '../verify/finding.js'
import { isObject } from '../verify/payload-forms.js'
import type { Start } from '../verify/state.js'
import { startJudge, type Judge } from '../verify/verify.js'
import type { HeadStatement, TreeStatement } from '../verify/statements.js'
import { sha256Stream, type Hasher } from '#crypto'
import { blobsOf } from './blobs.js'
import { parseBundleIndex, type BundleIndex } from './index-file.js'
import type { BundleReport, BundleVerifyOptions } from './read.js'

/** Entries being taken in. */
export interface Entries {
  /** Takes the bytes of an entry; called with `final` true once at its end. */
  open(name: string): (data: Uint8Array, final: boolean) => void
  damaged(why: string): void
  report(): BundleReport
}

interface Seen {
  bytes: number
  sha256: string
}

/** Starts taking in entries. `parts` holds the small files that say what to expect, read in a first pass. */
export function startEntries(parts: ReadonlyMap<string, readonly Uint8Array[]>, options: BundleVerifyOptions): Entries {
  const contents = new Map([...parts].map(([name, pieces]) => [name, concat(...pieces)] as const))
  const index = parseBundleIndex(contents.get('bundle.json') ?? new Uint8Array())
  const seen = new Map<string, Seen>()
  const findings: Finding[] = []
  const tell = (seq: number | null, code: FindingCode, where: string, message: string): void => void findings.push({ seq, code, where, message, severity: 'error' })
  const blobs: { readonly seq: number; readonly sha256: string }[] = []
  const witnesses: HeadStatement[] = []
  const notes: TreeStatement[] = []
  readWitness(contents.get('witness.json'), witnesses)
  readNotes(contents, options.noteKeys ?? [], notes, tell)
  const range = { first: -1, last: -1, count: 0 }
  let genesis: { readonly hash: string; readonly segBits: unknown } | undefined
  let judge: Judge | undefined
  const judgeFor = (firstBytes: Uint8Array): Judge => {
    const auditor = auditorFor(index, firstBytes, options)
    return startJudge({
      ...beginning(index, witnesses, notes),
      ...(auditor !== undefined && { auditor }),
      placed: ({ body, hash, payload, payloadMatches }) => {
        if (range.first < 0) range.first = body.seq
        range.last = body.seq
        range.count += 1
        if (body.seq === 0) genesis = { hash, segBits: (payload as JsonObject | null)?.['segBits'] }
        if (payloadMatches) for (const sha256 of blobsOf(payload)) blobs.push({ seq: body.seq, sha256 })
      },
    })
  }
  const joined = joinLines((bytes, file, offset) => (judge ??= judgeFor(bytes)).chunk({ bytes, file, offset }))
  return {
    open: (name) => {
      if (seen.has(name)) tell(null, 'BUNDLE_WRONG', name, 'the file stands twice in the bundle')
      const entry = takeEntry(name, joined)
      seen.set(name, entry.seen)
      return entry.take
    },
    damaged: (why) => tell(null, 'BUNDLE_WRONG', 'bundle.json', `the bundle cannot be unpacked: ${why}`),
    report: () => {
      joined.flush()
      const report = (judge ??= judgeFor(new Uint8Array())).report()
      compareFiles(index, seen, tell)
      compareQueue(index, contents.get('queue.json'), genesis, tell)
      if (index !== undefined && (range.first !== index.range.from || range.last !== index.range.to || range.count !== index.count || index.count !== index.range.to - index.range.from + 1)) {
        tell(null, 'BUNDLE_WRONG', 'bundle.json', `states records ${index.range.from} to ${index.range.to}; ${range.first} to ${range.last} are there`)
      }
      for (const { seq, sha256 } of blobs) if (seen.get(`blobs/${sha256}`)?.sha256 !== sha256) tell(seq, 'BLOB_WRONG', `blobs/${sha256}`, 'the file a record names is missing or was changed')
      const all = [...findings, ...report.findings].sort((a, b) => (a.seq ?? -1) - (b.seq ?? -1) || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0))
      return { ...report, findings: all, sound: report.sound && findings.length === 0, index }
    },
  }
}

function beginning(index: BundleIndex | undefined, witnesses: HeadStatement[], notes: TreeStatement[]): Parameters<typeof startJudge>[0] {
  if (index === undefined) return { witnesses, notes }
  const continues = index.range.to < index.head.seq
  if (!continues) witnesses.push({ ...index.head, source: 'bundle.json' })
  const offeredKeys = index.keys.map(({ jwk }) => usableJwk(jwk)).filter((jwk) => jwk !== undefined)
  return { witnesses, notes, continues, offeredKeys, ...(index.start !== null && { start: startOf(index) }) }
}

function startOf(index: BundleIndex): Start {
  const { genesis, state } = index.start as NonNullable<BundleIndex['start']>
  const head = isObject(state['head']) ? state['head'] : {}
  const { queue, profile, segBits } = index
  return { seq: index.range.from - 1, hash: String(head['hash']), queue, genesis, profile, segBits, state }
}

function auditorFor(index: BundleIndex | undefined, bytes: Uint8Array, options: BundleVerifyOptions): ReturnType<NonNullable<BundleVerifyOptions['auditorOf']>> {
  // Genesis names the profile; a range that begins later has no totals to judge by.
  if (index !== undefined && index.range.from > 0) return undefined
  const profile = /"profile":"([A-Z0-9]{2,16})"/.exec(new TextDecoder().decode(bytes.subarray(0, 8192)))?.[1]
  return profile === undefined ? undefined : options.auditorOf?.(profile)
}

function takeEntry(name: string, lines: JoinedLines): { readonly seen: Seen; readonly take: (data: Uint8Array, final: boolean) => void } {
  const hasher: Hasher = sha256Stream()
  const seen: Seen = { bytes: 0, sha256: '' }
  const take = (data: Uint8Array, final: boolean): void => {
    hasher.update(data)
    seen.bytes += data.length
    if (/^s-\d{12}\.jsonl$/.test(name)) lines.take(name, data)
    if (final) seen.sha256 = hasher.hex()
  }
  return { seen, take }
}

interface JoinedLines {
  take(file: string, data: Uint8Array): void
  flush(): void
}

// Unpacked pieces end anywhere; the judge wants whole lines.
function joinLines(give: (bytes: Uint8Array, file: string, offset: number) => void): JoinedLines {
  let rest = new Uint8Array()
  let name = ''
  let offset = 0
  const emit = (bytes: Uint8Array): void => {
    if (bytes.length > 0) give(bytes, name, offset)
    offset += bytes.length
  }
  const flush = (): void => {
    emit(rest)
    rest = new Uint8Array()
  }
  return {
    take: (file, data) => {
      if (file !== name) {
        flush()
        ;[name, offset] = [file, 0]
      }
      const all = rest.length === 0 ? data : concat(rest, data)
      const end = all.lastIndexOf(10) + 1
      emit(all.subarray(0, end))
      rest = all.slice(end)
    },
    flush,
  }
}

function readWitness(bytes: Uint8Array | undefined, witnesses: HeadStatement[]): void {
  const value = bytes === undefined ? undefined : parseCanonical((fromUtf8(bytes) ?? '').trimEnd())
  if (!isObject(value) || typeof value['seq'] !== 'number' || typeof value['hash'] !== 'string') return
  const queue = typeof value['queue'] === 'string' ? { queue: value['queue'] } : {}
  witnesses.push({ ...queue, seq: value['seq'], hash: value['hash'], source: 'witness.json' })
}

function readNotes(kept: ReadonlyMap<string, Uint8Array>, keys: readonly string[], notes: TreeStatement[], tell: (seq: null, code: FindingCode, where: string, message: string) => void): void {
  for (const [name, bytes] of kept) {
    const text = name.startsWith('anchors/') ? fromUtf8(bytes) : undefined
    const head = text === undefined ? null : /^([^\n]+)\n(\d{1,16})\n([A-Za-z0-9+/]{43}=)\n\n— (\S+) /.exec(text)
    if (text === undefined || head === null) continue
    const mine = keys.filter((key) => key.startsWith(`${head[4]}+`))
    if (mine.length > 0 && verifyNote(text, mine) === undefined) {
      tell(null, 'ANCHOR_WRONG', name, 'the signature is not that of the key given for this note')
      continue
    }
    const root = [...atob(head[3] as string)].map((char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('')
    notes.push({ size: Number(head[2]), root, source: name })
  }
}

function compareFiles(index: BundleIndex | undefined, seen: ReadonlyMap<string, Seen>, tell: (seq: null, code: FindingCode, where: string, message: string) => void): void {
  if (index === undefined) return tell(null, 'BUNDLE_WRONG', 'bundle.json', 'the table of contents is missing or not in form')
  const listed = new Set(['bundle.json'])
  for (const { name, bytes, sha256 } of index.files) {
    listed.add(name)
    const file = seen.get(name)
    if (file === undefined) tell(null, 'BUNDLE_WRONG', name, 'the file is missing')
    else if (file.bytes !== bytes || file.sha256 !== sha256) tell(null, 'BUNDLE_WRONG', name, 'the file was changed: its size or SHA-256 is another')
  }
  for (const name of seen.keys()) if (!listed.has(name)) tell(null, 'BUNDLE_WRONG', name, 'the file is not in the table of contents')
}

function compareQueue(
  index: BundleIndex | undefined,
  bytes: Uint8Array | undefined,
  genesis: { readonly hash: string; readonly segBits: unknown } | undefined,
  tell: (seq: null, code: FindingCode, where: string, message: string) => void,
): void {
  const value = bytes === undefined ? undefined : parseCanonical((fromUtf8(bytes) ?? '').replace(/\n$/, ''))
  const expected = genesis?.hash ?? index?.start?.genesis
  const segBits = genesis?.segBits ?? index?.segBits
  if (!isObject(value) || (expected !== undefined && value['genesis'] !== expected) || value['segBits'] !== segBits || (index !== undefined && value['queue'] !== index.queue)) {
    tell(null, 'BUNDLE_WRONG', 'queue.json', 'does not agree with genesis')
  }
}
