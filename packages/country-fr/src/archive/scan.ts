// One reading of an archive's range: it is verified, its figures are summed from the records alone, and what the tables need of
// later records is collected. Used by whoever writes an archive and by whoever checks one.
import { isJournalType, concat, type CountryAuditor, type FiscalRecord, type JsonObject, type PublicJwk } from '@sigillo/core'
import { startJudge, type Report } from '@sigillo/core/verify'
import { auditJournal } from '../audit.js'
import { fold } from '../fold.js'
import { letterOf, showsTotals, type FrenchType } from '../kinds.js'
import { initialState } from '../state.js'
import { withoutZeros, type Totals } from '../totals.js'
import type { ChainRange, RangeStart } from './manifest.js'
import { auditStart, journalStart, keyOf } from './source.js'

/** What a range came to. */
export interface Scanned {
  readonly report: Report
  readonly first: FiscalRecord | undefined
  readonly last: FiscalRecord | undefined
  readonly chains: Record<string, ChainRange>
  readonly totals: Totals
  readonly perpetual: { readonly alg: number; readonly abs: number }
  readonly copies: ReadonlyMap<number, number>
  readonly keys: readonly { readonly kid: string; readonly jwk: JsonObject; readonly x5c: readonly string[] }[]
  readonly episodes: readonly string[]
  readonly purged: number
}

/** A scan under way: lines go to the judge, records to the sums. */
export interface Scan {
  lines(bytes: Uint8Array): void
  record(record: FiscalRecord): void
  done(): Scanned
}

/** Options of a scan. */
export interface ScanOptions {
  readonly queue: string
  readonly start: RangeStart | null
  readonly keys: readonly PublicJwk[]
}

/** Starts a scan. */
export function startScan({ queue, start, keys }: ScanOptions): Scan {
  const judge = startJudge({
    auditor: auditorFor(start),
    continues: true,
    offeredKeys: keys,
    ...(start !== null && { start: journalStart(start, queue) }),
  })
  const sums = new Sums(start)
  return {
    lines: (bytes) => judge.chunk({ bytes }),
    record: (record) => sums.add(record),
    done: () => sums.result(judge.report()),
  }
}

function auditorFor(start: RangeStart | null): CountryAuditor {
  if (start === null) return auditJournal()
  const auditor = auditJournal(auditStart(start))
  if (start.state === undefined) auditor.broken()
  return auditor
}

class Sums {
  readonly #state = initialState()
  readonly #chains: Record<string, ChainRange> = {}
  readonly #copies = new Map<number, number>()
  readonly #keys: { kid: string; jwk: JsonObject; x5c: readonly string[] }[] = []
  readonly #episodes = new Set<string>()
  #perpetual: { alg: number; abs: number }
  #first: FiscalRecord | undefined
  #last: FiscalRecord | undefined
  #purged = 0

  constructor(start: RangeStart | null) {
    const { alg = 0, abs = 0 } = start?.state?.perpetual ?? {}
    this.#perpetual = { alg, abs }
  }

  add(record: FiscalRecord): void {
    const { type, x } = record.body
    this.#first ??= record
    this.#last = record
    if (type === 'sys.genesis' || type === 'sys.key') this.#keys.push(keyOf(record))
    if (isJournalType(type)) return
    this.#chain(record)
    if (showsTotals(type)) this.#perpetual = { alg: Number(x?.['gta']), abs: Number(x?.['gtp']) }
    if (record.payload === null) this.#purged += 1
    else this.#sum(record, record.payload as JsonObject)
  }

  #sum(record: FiscalRecord, payload: JsonObject): void {
    const { type } = record.body
    // The archive before this one lies in this range and would take its own figures away.
    if (type !== 'archive') fold(this.#state, record)
    if (type === 'copy') {
      const { seq } = payload['original'] as { seq: number }
      this.#copies.set(seq, (this.#copies.get(seq) ?? 0) + 1)
    }
    const episode = (payload['degraded'] as { episode?: string } | undefined)?.episode
    if (episode !== undefined) this.#episodes.add(episode)
  }

  #chain(record: FiscalRecord): void {
    const { type, tseq, tprev } = record.body
    const known = this.#chains[type]
    this.#chains[type] = {
      count: (known?.count ?? 0) + 1,
      first: known?.first ?? tseq,
      last: tseq,
      lastTypeHash: record.hash,
      letter: letterOf[type as FrenchType] ?? '?',
      prevTypeOfFirst: known?.prevTypeOfFirst ?? tprev,
    }
  }

  result(report: Report): Scanned {
    const totals = withoutZeros(this.#state.levels.archive.totals)
    return {
      report,
      first: this.#first,
      last: this.#last,
      chains: this.#chains,
      totals,
      perpetual: this.#perpetual,
      copies: this.#copies,
      keys: this.#keys,
      episodes: [...this.#episodes].sort(),
      purged: this.#purged,
    }
  }
}

/** Joins lines into pieces of about 64 KiB, so that the judge is called seldom. */
export function joinLines(give: (bytes: Uint8Array) => void): { add(line: Uint8Array): void; flush(): void } {
  let lines: Uint8Array[] = []
  let size = 0
  const flush = (): void => {
    if (size > 0) give(concat(...lines))
    lines = []
    size = 0
  }
  return {
    add: (line) => {
      lines.push(line)
      size += line.length
      if (size >= 65_536) flush()
    },
    flush,
  }
}
