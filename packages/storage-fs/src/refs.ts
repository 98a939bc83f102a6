// Client reference → number, at any age (FORMAT 12). The newest references are in a map, all older ones in a few sorted runs that cover
// every record from 0 on. Nothing is answered before the cover is complete: a hole in it would be a sale made twice.
import type { Awaitable } from '@sigillo/core'
import { readFile } from './durable.js'
import { corrupt, isMissing } from './faults.js'
import type { Journal } from './journal.js'
import { cutLines } from './lines.js'
import { join, parseRun, REFS, sealedName, type RunFile } from './paths.js'
import { compareEntries, keyOf, Run, RunWriter, type Entry, type RunFacts } from './run.js'

/** References hashed before other work gets its turn. */
const SLICE = 500

/** A record found by its reference; without a line when it was purged. */
export interface RefHit {
  readonly seq: bigint
  readonly line?: Uint8Array
}

/** References of one queue. */
export class RefIndex {
  readonly #journal: Journal
  /** References of records that no run covers, oldest first. */
  readonly #recent = new Map<string, number>()
  /** Runs in the order of their records, together covering 0 … covered − 1. Undefined until first asked. */
  #runs: readonly Run[] | undefined
  #loading: Promise<void> | undefined

  /** Live segments whose references nobody has filed yet. */
  readonly #unread: readonly number[]

  /** @param unread live segments that opening did not read */
  constructor(journal: Journal, unread: readonly number[]) {
    this.#journal = journal
    this.#unread = unread
  }

  /** Files a reference of a durable record. */
  add(ref: string, seq: number): void {
    this.#recent.set(ref, seq)
  }

  /** True when a recent record has this reference; says nothing about older ones. */
  isRecent(ref: string): boolean {
    return this.#recent.has(ref)
  }

  /** The record with a reference. A miss is known at once when the runs are open. */
  find(ref: string): Awaitable<RefHit | undefined> {
    const recent = this.#recent.get(ref)
    if (recent !== undefined) return this.#hit(recent)
    if (this.#runs === undefined) return this.load().then(() => this.find(ref))
    const key = keyOf(ref)
    const candidates: number[] = []
    for (const run of this.#runs) {
      const found = run.find(key)
      if (found === undefined) return this.replace(run).then(() => this.find(ref))
      candidates.push(...found)
    }
    return candidates.length === 0 ? undefined : this.#confirm(ref, candidates)
  }

  async #hit(seq: number): Promise<RefHit> {
    // A line that stayed of a purged beginning has lost its content: it answers nobody.
    const line = seq < this.#journal.floor ? undefined : await this.#journal.line(seq)
    return line === undefined ? { seq: BigInt(seq) } : { seq: BigInt(seq), line }
  }

  async #confirm(ref: string, candidates: readonly number[]): Promise<RefHit | undefined> {
    for (const seq of candidates) {
      const hit = await this.#hit(seq)
      if (hit.line === undefined || refIn(hit.line) === ref) return hit
    }
    return undefined
  }

  /** Opens the runs and reads what none of them covers. */
  load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => (this.#loading = undefined))
    return this.#loading
  }

  async #load(): Promise<void> {
    if (this.#runs !== undefined) return
    const files = await this.#runFiles()
    const runs: Run[] = []
    let next = 0
    const sealedTo = this.#sealedTo()
    while (next < sealedTo) {
      const run = (await this.#openRun(files, next)) ?? (await this.#rebuild(next))
      runs.push(run)
      next = run.facts.last + 1
    }
    for (const first of this.#unread) await this.#readLive(first)
    this.#runs = runs
  }

  #sealedTo(): number {
    const last = this.#journal.sealedFirsts().at(-1)
    return last === undefined ? this.#journal.floor : last + this.#journal.folder.segment
  }

  async #runFiles(): Promise<readonly RunFile[]> {
    const { fs, path } = this.#journal.folder
    const names = await fs.list(join(path, REFS)).catch((error: unknown) => {
      if (isMissing(error)) return []
      throw error
    })
    // The longest run from a number first: shorter ones it was merged from may still lie beside it.
    return names
      .map(parseRun)
      .filter((file) => file !== undefined)
      .sort((a, b) => b.last - a.last)
  }

  async #openRun(files: readonly RunFile[], first: number): Promise<Run | undefined> {
    const { fs, path } = this.#journal.folder
    for (const file of files) {
      if (file.first !== first || file.last >= this.#sealedTo()) continue
      const opened = await fs.open(join(path, REFS, file.name), 'read').catch(() => undefined)
      const run = opened === undefined ? undefined : await Run.open(opened).catch(() => undefined)
      if (
        run !== undefined &&
        run.facts.first === file.first &&
        run.facts.last === file.last &&
        (await this.#builtFromHere(run.facts))
      )
        return run
      await opened?.close()
    }
    return undefined
  }

  // A run built from another history (a folder put together from two backups) is not trusted.
  async #builtFromHere({ last, hash }: RunFacts): Promise<boolean> {
    if (last < this.#journal.floor) return true
    const line = await this.#journal.line(last)
    return line !== undefined && hashIn(line) === hash
  }

  async #rebuild(first: number): Promise<Run> {
    const { folder, floor } = this.#journal
    if (first < floor) {
      const damage = { file: `${REFS}/`, offset: 0, firstBad: first }
      throw corrupt(damage, `references of purged records from ${first} on are missing; put the archive's runs back`)
    }
    const bytes = (await readFile(folder.fs, join(folder.path, sealedName(first)))) ?? new Uint8Array()
    const lines: { readonly seq: number; readonly line: Uint8Array }[] = []
    for (const { seq, start, end } of cutLines(bytes, first)) lines.push({ seq, line: bytes.subarray(start, end) })
    const last = first + folder.segment - 1
    const missing = lines.findIndex(({ seq }, at) => seq !== first + at)
    if (missing >= 0 || lines.length !== folder.segment) {
      const firstBad = first + (missing >= 0 ? missing : lines.length)
      throw corrupt({ file: sealedName(first), offset: 0, firstBad }, `references cannot be told: record ${firstBad} is missing`)
    }
    const hash = hashIn(lines.at(-1)?.line ?? new Uint8Array())
    return buildRun({ first, last, hash: hash ?? '' }, entriesIn(lines))
  }

  async #readLive(first: number): Promise<void> {
    for await (const { seq, line } of this.#journal.lines(first, first + this.#journal.folder.segment - 1)) {
      const ref = refIn(line)
      if (ref !== undefined) this.#recent.set(ref, Number(seq))
    }
  }

  /** A block of a run is damaged: what it covered is read from the journal again, segment by segment. */
  async replace(damaged: Run): Promise<void> {
    const pieces: Run[] = []
    for (let first = damaged.facts.first; first <= damaged.facts.last; first += this.#journal.folder.segment)
      pieces.push(await this.#rebuild(first))
    this.#runs = this.#runs?.flatMap((run) => (run === damaged ? pieces : [run]))
    await damaged.close()
  }

  /** Recent references of the records `first` … `last` as sorted entries. Gives way to other work between its parts. */
  async entriesOf(first: number, last: number): Promise<readonly Entry[]> {
    const entries: Entry[] = []
    for (const [ref, seq] of this.#recent) {
      if (seq < first || seq > last) continue
      entries.push({ ...keyOf(ref), seq })
      if (entries.length % SLICE === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    return entries.sort(compareEntries)
  }

  /** Runs in use, in order. */
  async runs(): Promise<readonly Run[]> {
    await this.load()
    return this.#runs ?? []
  }

  /** The records `first` … `last` were sealed and their run saved: from now on the run answers for them. */
  async cover(first: number, last: number): Promise<void> {
    const run = (await this.#openRun(await this.#runFiles(), first)) ?? (await this.#rebuild(first))
    if (run.facts.last !== last) throw new Error(`run ${run.facts.first} to ${run.facts.last} is not of one segment`)
    if (this.#runs !== undefined) this.#runs = [...this.#runs, run]
    for (const [ref, seq] of this.#recent) if (seq <= last) this.#recent.delete(ref)
  }

  /** Puts one run in the place of neighbours it was made from. */
  exchange(old: readonly Run[], run: Run): void {
    this.#runs = this.#runs?.flatMap((each) => (each === old[0] ? [run] : old.includes(each) ? [] : [each]))
  }

  async close(): Promise<void> {
    await this.#loading?.catch(() => undefined)
    const runs = this.#runs
    this.#runs = undefined
    for (const run of runs ?? []) await run.close()
  }
}

/** A run in memory. Entries must be in order. */
export function buildRun(facts: RunFacts, entries: Iterable<Entry>): Run {
  const writer = new RunWriter(facts)
  const parts: Uint8Array[] = []
  for (const entry of entries) {
    const block = writer.add(entry)
    if (block !== undefined) parts.push(block)
  }
  parts.push(...writer.finish())
  return Run.of(parts)
}

function entriesIn(lines: readonly { readonly seq: number; readonly line: Uint8Array }[]): readonly Entry[] {
  const entries: Entry[] = []
  for (const { seq, line } of lines) {
    const ref = refIn(line)
    if (ref !== undefined) entries.push({ ...keyOf(ref), seq })
  }
  return entries.sort(compareEntries)
}

// Members stand in alphabetical order, so `ref` follows `queue` and lies within the first kilobyte of a line.
const REF = /"queue":"[0-9a-f-]{36}","ref":("(?:[^"\\]|\\.){1,256}"),"req":/

/** The reference a line carries, without judging the line. */
export function refIn(line: Uint8Array): string | undefined {
  const found = REF.exec(Buffer.from(line.buffer, line.byteOffset, Math.min(1024, line.length)).toString('latin1'))
  try {
    return found === null ? undefined : (JSON.parse(found[1] as string) as string)
  } catch {
    return undefined
  }
}

/** The hash a line states, without judging the line. */
export function hashIn(line: Uint8Array): string | undefined {
  const found = /,"hash":"([0-9a-f]{64})"/.exec(
    Buffer.from(line.buffer, line.byteOffset, Math.min(16_384, line.length)).toString('latin1'),
  )
  return found?.[1]
}
