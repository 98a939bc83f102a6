// A judge of a journal by the French rules (5.6, steps 2 and 7): data strings rebuilt, figures recomputed from the request, grand
// totals and closings from the records before them. It goes on after every finding; a record is blamed for its own faults only.
import {
  isJournalType,
  canonical,
  type CountryAuditor,
  type CountryFinding,
  type FiscalRecord,
  type JsonObject,
} from '@sigillo/core'
import { auditArchive, auditClosing, auditEvent, auditFigures, type Fault } from './audit-rules.js'
import { dataString } from './data-string.js'
import { fold, numberOf } from './fold.js'
import { isCounted, letterOf, showsTotals } from './kinds.js'
import type { ChainType } from './profiles.js'
import { initialState, totalsOf, type State } from './state.js'
import { copyTotals, withoutZeros, type Totals } from './totals.js'

/** Newest record of a type, as far as data strings need it. */
export interface KnownHead {
  readonly tseq: number
  readonly hash: string
  readonly sig: string
}

/** Where an audit that does not begin with the journal starts. */
export interface AuditStart {
  readonly state: State
  readonly heads: ReadonlyMap<string, KnownHead>
}

/** A fresh judge; with a start it judges a range. */
export function auditJournal(start?: AuditStart): CountryAuditor {
  return new FrenchAuditor(start)
}

type Loose = Readonly<Record<string, unknown>>

class FrenchAuditor implements CountryAuditor {
  readonly #state: State
  readonly #heads: Map<string, KnownHead>
  readonly #archives = new Map<number, Totals>()
  readonly #partial: boolean
  #believed = true
  #adopt = false
  // Heads of types not seen since the damage: the signature a data string ends with cannot be known.
  #headsLost = false

  constructor(start: AuditStart | undefined) {
    this.#state = start?.state ?? initialState()
    this.#heads = new Map(start?.heads)
    this.#partial = start !== undefined
  }

  next(record: FiscalRecord): readonly CountryFinding[] {
    const { type } = record.body
    if (isJournalType(type)) return this.#system(record)
    const faults: Fault[] = []
    try {
      this.#judge(record, faults)
    } catch {
      faults.push(['FR_PAYLOAD_MALFORMED', 'payload', 'the content is not that of a French record'])
      this.broken()
    }
    this.#heads.set(type, { tseq: record.body.tseq, hash: record.hash, sig: record.sig })
    return faults.map(([code, where, message]) => ({ seq: BigInt(record.body.seq), code, where, message }))
  }

  broken(): void {
    this.#believed = false
    this.#adopt = true
    this.#headsLost = true
    this.#state.blind = true
    this.#heads.clear()
  }

  totals(): JsonObject | undefined {
    return this.#partial || !this.#believed ? undefined : totalsOf(this.#state)
  }

  #system(record: FiscalRecord): readonly CountryFinding[] {
    this.#heads.set(record.body.type, { tseq: record.body.tseq, hash: record.hash, sig: record.sig })
    const newest = this.#state.closedDays.at(-1)
    const open = newest !== undefined && newest[2] === 0
    fold(this.#state, record)
    if (open && newest[2] !== 0 && !this.#state.blind)
      this.#archives.set(newest[2], withoutZeros(copyTotals(this.#state.levels.archive.totals)))
    return []
  }

  #judge(record: FiscalRecord, faults: Fault[]): void {
    const { body, payload } = record
    if (!Object.hasOwn(letterOf, body.type)) {
      faults.push(['FR_TYPE_UNKNOWN', 'body.type', `${body.type} is no record type of France`])
      return
    }
    if (payload !== null) this.#judgeContent(record, payload as Loose, faults)
    // A fold of what is wrong would make every later sum wrong; what is signed is taken instead, and levels wait for a closing.
    const damaged = faults.length > 0
    fold(this.#state, record)
    this.#judgeGrandTotals(record, faults)
    if (damaged || (payload === null && isCounted(body.type))) this.#state.blind = true
  }

  #judgeContent(record: FiscalRecord, payload: Loose, faults: Fault[]): void {
    const { type } = record.body
    const state = this.#state
    this.#judgeNumber(record, payload, faults)
    this.#judgeDataString(record, payload, faults)
    if (type === 'ticket' || type === 'invoice' || type === 'note' || type === 'payment') auditFigures(type, payload, faults)
    if (type === 'closing') auditClosing(state, payload, state.blind ? undefined : this.#heads, faults)
    if (type === 'event') auditEvent(payload, faults)
    if (type === 'archive') auditArchive(payload, this.#archives.get(Number(payload['to'])), faults)
  }

  #judgeNumber(record: FiscalRecord, payload: Loose, faults: Fault[]): void {
    const lost = (payload['data'] as { lost?: Record<string, { offset: number }> } | undefined)?.lost?.[record.body.type]
    const expected = lost === undefined ? numberOf(this.#state, record) : record.body.tseq + lost.offset
    if (payload['number'] !== expected && !this.#adopt)
      faults.push(['FR_NUMBER_WRONG', 'payload.number', `printed number ${String(payload['number'])} where ${expected} follows`])
  }

  // 5.6, step 2. After damage the signature of the record before is unknown: then all but the last two fields are compared.
  #judgeDataString(record: FiscalRecord, payload: Loose, faults: Fault[]): void {
    const { type, x } = record.body
    const school = type === 'training'
    const as = (school ? String(payload['as']) : type) as ChainType
    const perpetual = school ? this.#state.perpetual : { alg: Number(x?.['gta'] ?? 0), abs: Number(x?.['gtp'] ?? 0) }
    const profile =
      payload['kind'] === 'start' && typeof payload['profile'] === 'string'
        ? (payload['profile'] as State['profile'])
        : this.#state.profile
    const head = this.#heads.get(type)
    const context = { profile, siret: String(x?.['siret']), till: String(x?.['till']), perpetual }
    const built = dataString(as, payload, context, head, school)
    const stated = String(x?.['ds'])
    const same = head === undefined && this.#headsLost ? withoutLink(built) === withoutLink(stated) : built === stated
    if (!same) faults.push(['FR_DATA_STRING_WRONG', 'body.x.ds', 'the data string is not the one the content gives'])
  }

  #judgeGrandTotals(record: FiscalRecord, faults: Fault[]): void {
    const { type, x } = record.body
    if (!showsTotals(type)) return
    const { perpetual } = this.#state
    const stated = { alg: Number(x?.['gta']), abs: Number(x?.['gtp']) }
    if (!Number.isSafeInteger(stated.alg) || !Number.isSafeInteger(stated.abs)) {
      faults.push(['FR_GRAND_TOTAL_WRONG', 'body.x.gta', 'the grand totals are not whole cents'])
      return
    }
    const wrong = stated.alg !== perpetual.alg || stated.abs !== perpetual.abs
    if (wrong && !this.#adopt) {
      faults.push([
        'FR_GRAND_TOTAL_WRONG',
        'body.x.gta',
        `grand totals ${stated.alg} and ${stated.abs} where the records give ${perpetual.alg} and ${perpetual.abs}`,
      ])
      this.#believed = false
      this.#state.blind = true
    }
    perpetual.alg = stated.alg
    perpetual.abs = stated.abs
    this.#adopt = false
  }
}

function withoutLink(ds: string): string {
  const fields = ds.split(',')
  return fields.slice(0, -2).join(',')
}

/** Canonical equality of two JSON values. */
export function sameJson(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b)
}
