// The technical events of a journal as rows for people and spreadsheets (10): code with its French label, also of events whose
// content was purged, which the signed body still tells.
import type { Body, FiscalRecord } from '@sigillo/core'
import { BOM, csvLine } from './archive/csv.js'
import { events, isKept } from './events.js'
import { profiles, type DataField } from './profiles.js'
import { frenchMoment } from './time.js'

/** One technical event. */
export interface JetRow {
  /** Number in the journal. */
  readonly seq: number
  /** Printed number in the chain of events. */
  readonly number: number
  readonly code: number
  /** French label; empty for a code that is not listed. */
  readonly label: string
  /** False for an event that a partial purge of the JET may drop. */
  readonly keep: boolean
  readonly info: string
  /** Local moment `YYYYMMDDHHMMSS`. */
  readonly moment: string
  /** The same as the journal has it, UTC. */
  readonly ts: string
  readonly operator: string
  readonly till: string
  /** What the event tells beside its text: of the plugin's own events, or as the till gave it. */
  readonly data: Readonly<Record<string, unknown>> | undefined
  /** True when the content was blanked; `data` is gone then. */
  readonly purged: boolean
  readonly sig: string
  readonly kid: string
}

/** Fields of an event's signed data string by name; undefined when it has the shape of no profile. */
export function eventFields(x: Body['x']): ReadonlyMap<DataField, string> | undefined {
  const fields = String(x?.['ds'] ?? '').split(',')
  const profile = Object.values(profiles).find(({ event }) => event.length === fields.length)
  return profile === undefined ? undefined : new Map(profile.event.map((name, i) => [name, fields[i] as string]))
}

/** The row of a record; undefined for anything but a technical event. */
export function jetRow({ body, payload, sig }: FiscalRecord): JetRow | undefined {
  if (body.type !== 'event') return undefined
  const signed = eventFields(body.x)
  const content = (payload ?? {}) as Readonly<Record<string, unknown>>
  const code = Number(content['code'] ?? signed?.get('code'))
  const request = content['request'] as { readonly data?: unknown } | undefined
  const data = (content['data'] ?? request?.data) as JetRow['data']
  return {
    seq: body.seq,
    number: Number(content['number'] ?? signed?.get('n') ?? body.tseq),
    code,
    label: events[code]?.label ?? '',
    keep: isKept(code),
    info: String(content['info'] ?? signed?.get('info') ?? ''),
    moment: String(content['moment'] ?? signed?.get('moment') ?? ''),
    ts: body.ts,
    operator: String(content['operator'] ?? signed?.get('operator') ?? ''),
    till: String(body.x?.['till'] ?? ''),
    data,
    purged: payload === null,
    sig,
    kid: body.kid,
  }
}

const COLUMNS = ['caisse', 'numero', 'code', 'libelle', 'information', 'date_heure', 'operateur', 'signature', 'cle'] as const

/** First line of the events as CSV, with byte-order mark: the columns of `csv/jet.csv` in an archive. */
export function jetCsvHeader(): string {
  return BOM + csvLine(COLUMNS)
}

/** One event as a line of that CSV. */
export function jetCsvLine({ till, number, code, label, info, moment, operator, sig, kid }: JetRow): string {
  return csvLine([till, String(number), String(code), label, info, frenchMoment(moment), operator, sig, kid])
}
