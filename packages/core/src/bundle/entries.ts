// The entries of a bundle, one after the other: digests, lines to the judge, statements kept, and at the end the comparison of
// everything with the table of contents (FORMAT 21, Verifying 1–6).
import { concat, fromUtf8 } from '../bytes.js'
import { parseCanonical } from '../canonical.js'
import { usableJwk } from '../keys.js'
import { readNote, signatureOf } from '../note.js'
import type { Finding, FindingCode } from '../verify/finding.js'
import { isObject } from '../verify/payload-forms.js'
import { linesOf } from '../verify/line-check.js'
import type { Start, VerifyState } from '../verify/state.js'
import { startJudge, type Judge } from '../verify/verify.js'
import type { HeadStatement, TreeStatement } from '../verify/statements.js'
import { sha256Hex, sha256Stream, type Hasher } from '#crypto'
import { blobsOf } from '../verify/blobs.js'
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
  const tell = (seq: number | null, code: FindingCode, where: string, message: string): void =>
    void findings.push({ seq, code, where, message, severity: 'error' })
  const blobs: { readonly seq: number; readonly sha256: string }[] = []
  const witnesses: HeadStatement[] = [...(options.statements?.witnesses ?? [])]
  const notes: TreeStatement[] = [...(options.statements?.notes ?? [])]
  if (index !== undefined) {
    // What was changed on the way is named as such, and states nothing.
    const genuine = new Map([...contents].filter(([name, bytes]) => isListed(index, name, bytes)))
    readWitness(genuine.get('witness.json'), witnesses, tell)
    readNotes(genuine, index.queue, options.noteKeys ?? [], notes, tell)
  }
  let lines = 0
  let judge: Judge | undefined
  const judgeFor = (firstBytes: Uint8Array): Judge => {
    const auditor = auditorFor(index, firstBytes, options)
    return startJudge({
      ...beginning(index, witnesses, notes),
      ...(auditor !== undefined && { auditor }),
      placed: ({ body, payload, payloadMatches }) => {
        if (payloadMatches) for (const sha256 of new Set(blobsOf(payload))) blobs.push({ seq: body.seq, sha256 })
      },
    })
  }
  const joined = joinLines((bytes, file, offset) => {
    for (const _ of linesOf(bytes)) lines += 1
    ;(judge ??= judgeFor(bytes)).chunk({ bytes, file, offset })
  })
  return {
    open: (name) => {
      if (seen.has(name)) tell(null, 'BUNDLE_WRONG', name, 'the file stands twice in the bundle')
      const entry = takeEntry(name, joined)
      seen.set(name, entry.seen)
      return entry.take
    },
    damaged: (why) => tell(null, 'BUNDLE_WRONG', 'zip', `the bundle cannot be unpacked: ${why}`),
    report: () => {
      joined.flush()
      const report = (judge ??= judgeFor(new Uint8Array())).report()
      if (index === undefined) tell(null, 'BUNDLE_WRONG', 'bundle.json', 'the table of contents is missing or not in form')
      else {
        const { state } = report.resume
        const listed = compareFiles(index, seen, tell)
        // A file that was changed on the way is named once.
        if (listed.has('queue.json') && !agrees(index, contents.get('queue.json'), state))
          tell(null, 'BUNDLE_WRONG', 'queue.json', 'does not agree with genesis')
        const count = index.to - index.from + 1
        if (
          index.count !== count ||
          lines !== count ||
          index.head.seq !== index.to ||
          index.queue !== (state.queue ?? index.queue)
        ) {
          tell(
            null,
            'BUNDLE_WRONG',
            'bundle.json',
            `states records ${index.from} to ${index.to} of queue ${index.queue}; ${lines} lines are there`,
          )
        }
      }
      for (const { seq, sha256 } of blobs)
        if (seen.get(`blobs/${sha256}`)?.sha256 !== sha256)
          tell(seq, 'BLOB_WRONG', `blobs/${sha256}`, 'the file a record names is missing or was changed')
      const all = [...findings, ...report.findings].sort(
        (a, b) => (a.seq ?? -1) - (b.seq ?? -1) || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0),
      )
      return { ...report, findings: all, sound: report.sound && findings.length === 0, index }
    },
  }
}

function beginning(
  index: BundleIndex | undefined,
  witnesses: HeadStatement[],
  notes: TreeStatement[],
): Parameters<typeof startJudge>[0] {
  if (index === undefined) return {}
  const { continues = false, queue } = index
  witnesses.push({ queue, ...index.head, source: 'bundle.json' })
  const offeredKeys = index.keys.map(({ jwk }) => usableJwk(jwk)).filter((jwk) => jwk !== undefined)
  return { witnesses, notes, continues, offeredKeys, ...(index.from > 0 && { start: startOf(index) }) }
}

function startOf(index: BundleIndex): Start {
  const { profile, segBits, start, from } = index
  if (start === undefined) return { seq: from - 1, profile, segBits }
  const { genesis, state } = start
  return { seq: from - 1, hash: (state['head'] as { readonly hash: string }).hash, genesis, profile, segBits, state }
}

function auditorFor(
  index: BundleIndex | undefined,
  bytes: Uint8Array,
  options: BundleVerifyOptions,
): ReturnType<NonNullable<BundleVerifyOptions['auditorOf']>> {
  // Genesis names the profile; a range that begins later has no totals to judge by.
  if (index !== undefined && index.from > 0) return undefined
  const profile = /"profile":"([A-Z0-9]{2,16})"/.exec(new TextDecoder().decode(bytes.subarray(0, 8192)))?.[1]
  return profile === undefined ? undefined : options.auditorOf?.(profile)
}

function takeEntry(
  name: string,
  lines: JoinedLines,
): { readonly seen: Seen; readonly take: (data: Uint8Array, final: boolean) => void } {
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

type Tell = (seq: null, code: FindingCode, where: string, message: string) => void

function isListed(index: BundleIndex, name: string, bytes: Uint8Array): boolean {
  const sha256 = sha256Hex(bytes)
  return index.files.some((file) => file.name === name && file.bytes === bytes.length && file.sha256 === sha256)
}

function readWitness(bytes: Uint8Array | undefined, witnesses: HeadStatement[], tell: Tell): void {
  if (bytes === undefined) return
  const value = parseCanonical(fromUtf8(bytes) ?? '')
  const { queue, seq, hash } = isObject(value) ? value : {}
  const formed =
    typeof queue === 'string' &&
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(queue) &&
    Number.isSafeInteger(seq) &&
    (seq as number) >= 0
  if (formed && typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash))
    witnesses.push({ queue, seq: seq as number, hash, source: 'witness.json' })
  else tell(null, 'BUNDLE_WRONG', 'witness.json', 'is not the statement of a witness')
}

function readNotes(
  kept: ReadonlyMap<string, Uint8Array>,
  queue: string,
  keys: readonly string[],
  notes: TreeStatement[],
  tell: Tell,
): void {
  for (const [name, bytes] of kept) {
    const note = /^anchors\/[^/]+$/.test(name) ? readNote(fromUtf8(bytes) ?? '') : undefined
    if (note?.head.origin.endsWith(`/${queue}`) !== true) continue
    if (keys.some((key) => signatureOf(note, key) === 'wrong'))
      tell(null, 'ANCHOR_WRONG', name, 'the signature is not that of the key given for this note')
    else notes.push({ size: note.head.size, root: note.head.root, source: name })
  }
}

/** Names what is not as listed; returns the names that are. */
function compareFiles(index: BundleIndex, seen: ReadonlyMap<string, Seen>, tell: Tell): Set<string> {
  const listed = new Map(index.files.map((file) => [file.name, file]))
  const right = new Set<string>()
  for (const [name, { bytes, sha256 }] of listed) {
    const file = seen.get(name)
    if (file === undefined) tell(null, 'BUNDLE_WRONG', name, 'the file is missing')
    else if (file.bytes !== bytes || file.sha256 !== sha256)
      tell(null, 'BUNDLE_WRONG', name, 'the file was changed: its size or SHA-256 is another')
    else right.add(name)
  }
  for (const name of seen.keys())
    if (!listed.has(name) && name !== 'bundle.json') tell(null, 'BUNDLE_WRONG', name, 'the file is not in the table of contents')
  if (!listed.has('queue.json') && !seen.has('queue.json')) tell(null, 'BUNDLE_WRONG', 'queue.json', 'the file is missing')
  return right
}

// What the records could not tell is not compared.
function agrees(index: BundleIndex, bytes: Uint8Array | undefined, { queue, genesis, segBits }: VerifyState): boolean {
  const value = bytes === undefined ? undefined : parseCanonical(fromUtf8(bytes) ?? '')
  if (!isObject(value) || value['format'] !== 1) return false
  const wanted = { queue: queue ?? index.queue, genesis: genesis ?? value['genesis'], segBits: segBits ?? index.segBits }
  return Object.entries(wanted).every(([name, expected]) => value[name] !== undefined && value[name] === expected)
}
