// The records one request becomes, in order. A closing states totals that include what the same request wrote before it, so
// each draft, when it is written, first takes the earlier ones into a working copy of the state.
import type { Decision, Draft, FiscalRecord, JsonObject, Place, Redaction, SignedStatement } from '@sigillo/core'
import { dataString } from './data-string.js'
import { fold } from './fold.js'
import { showsTotals } from './kinds.js'
import type { Settings } from './options.js'
import type { Common } from './payload.js'
import type { ChainType } from './profiles.js'
import { copyLevel, profileOf, type State } from './state.js'
import { cleanName } from './text.js'
import { businessDate, compact, localTime } from './time.js'

/** The moment of a request, in every form the rules need. */
export interface At {
  readonly ms: number
  readonly ts: string
  /** `YYYYMMDDHHMMSS`, local. */
  readonly moment: string
  /** Business date. */
  readonly date: string
}

/** Forms of an instant for an establishment. */
export function atOf(settings: Settings, ts: string): At {
  const ms = Date.parse(ts)
  const local = localTime(settings.zone, ms)
  const date = settings.cutoffMinutes === 0 ? local.slice(0, 10) : businessDate(settings.zone, ms, settings.cutoffMinutes)
  return { ms, ts, moment: compact(local), date }
}

/** Content of a record without number and moment. `place` is known; `state` includes earlier records of the request. */
export type Build = (place: Place, state: State) => Record<string, unknown>

/** A growing list of drafts. */
export interface Plan {
  readonly settings: Settings
  readonly state: State
  readonly at: At
  readonly operator: string
  /** Adds a record. `grand` gives the perpetual totals after it; by default as they stand. */
  add(
    type: ChainType,
    build: Build,
    options?: {
      readonly principal?: boolean
      readonly operator?: string
      readonly grand?: { readonly alg: number; readonly abs: number }
    },
  ): void
  /** The request closes a period. */
  closes(): void
  ends(): void
  /** Contents that may go once the request is durable. */
  redacts(redaction: Redaction): void
  /** Members every later record gets: clock and alert marks. */
  readonly marks: Partial<Common>
  decision(): Decision
}

/** An empty plan. */
export function openPlan(settings: Settings, state: State, at: At, operator: string): Plan {
  return new DraftPlan(settings, state, at, cleanName(operator))
}

/** The signed statement of a record (5.5): data string, establishment, till, software, grand totals. */
export function statementOf(
  settings: Settings,
  profile: State['profile'],
  type: ChainType,
  payload: Readonly<Record<string, unknown>>,
  previous: { readonly sig: string } | undefined,
  grand: { readonly alg: number; readonly abs: number },
  school = false,
): SignedStatement {
  const { siret, till, sw } = settings
  const ds = dataString(type, payload, { profile, siret, till, perpetual: grand }, previous, school)
  return showsTotals(type) && !school
    ? { ds, gta: String(grand.alg), gtp: String(grand.abs), siret, sw, till }
    : { ds, siret, sw, till }
}

class DraftPlan implements Plan {
  readonly settings: Settings
  readonly state: State
  readonly at: At
  readonly operator: string
  readonly marks: Partial<Common> = {}
  readonly #drafts: Draft[] = []
  #closing = false
  #lastClosing = -1
  #ends = false
  #redaction: Redaction | undefined
  #work: State | undefined
  #written: { readonly type: string; readonly payload: JsonObject } | undefined

  constructor(settings: Settings, state: State, at: At, operator: string) {
    this.settings = settings
    this.state = state
    this.at = at
    this.operator = operator
  }

  add(
    type: ChainType,
    build: Build,
    options: {
      readonly principal?: boolean
      readonly operator?: string
      readonly grand?: { readonly alg: number; readonly abs: number }
    } = {},
  ): void {
    const { principal = false, operator = this.operator, grand } = options
    const index = this.#drafts.length
    if (type === 'closing') this.#lastClosing = index
    this.#drafts.push({
      type,
      principal,
      write: (place) => {
        const state = this.#settle(place, index)
        const common: Common = {
          ...this.marks,
          number: place.tseq + (state.offsets[type] ?? 0),
          moment: this.at.moment,
          operator,
          // What answers a request is printed, now and on every later demand.
          ...(principal && { shop: this.settings.shop }),
        }
        const payload = Object.assign(common, build(place, state)) as unknown as JsonObject
        this.#written = { type, payload }
        return {
          payload,
          x: statementOf(
            this.settings,
            profileOf(state, this.settings.profile),
            type,
            payload,
            place.head(type),
            grand ?? state.perpetual,
          ),
        }
      },
    })
  }

  // Only a closing looks at what was written before it in the same request; every other plan spares itself the copy.
  #settle(place: Place, index: number): State {
    if (!this.#closing) return this.state
    // What follows the last closing is not folded here: the copy shares with the state what only sales and copies change.
    if (index > this.#lastClosing) return this.#work ?? this.state
    this.#work ??= workingCopy(this.state)
    if (this.#written !== undefined) {
      const { type, payload } = this.#written
      const head = place.head(type)
      if (head !== undefined) fold(this.#work, pseudoRecord(place, type, payload, head))
      this.#written = undefined
    }
    return this.#work
  }

  closes(): void {
    this.#closing = true
  }

  ends(): void {
    this.#ends = true
  }

  redacts(redaction: Redaction): void {
    this.#redaction = redaction
  }

  decision(): Decision {
    return {
      drafts: this.#drafts,
      ...(this.#closing && { closing: true }),
      ...(this.#ends && { ends: true }),
      ...(this.#redaction !== undefined && { redacts: this.#redaction }),
    }
  }
}

// What a fold reads of a record is known as soon as the next one is written: its head stands in the chain.
function pseudoRecord(
  place: Place,
  type: string,
  payload: JsonObject,
  head: { readonly seq: bigint; readonly tseq: number; readonly hash: string; readonly sig: string },
): FiscalRecord {
  const body = { seq: Number(head.seq), tseq: head.tseq, ts: place.ts, type } as FiscalRecord['body']
  return { body, payload, hash: head.hash, sig: head.sig }
}

function workingCopy(state: State): State {
  const { shift, day, month, year, archive } = state.levels
  return {
    ...state,
    levels: {
      shift: copyLevel(shift),
      day: copyLevel(day),
      month: copyLevel(month),
      year: copyLevel(year),
      archive: copyLevel(archive),
    },
    closed: { ...state.closed },
    closedDays: state.closedDays.slice(),
    perpetual: { ...state.perpetual, rates: { ...state.perpetual.rates } },
    episodes: { ...state.episodes },
    pads: { ...state.pads },
    archives: state.archives.map((row) => ({ ...row })),
    offsets: { ...state.offsets },
  }
}
