// VAT rates by region with the dates they are valid from and to (rule 7.7), so that a change of rate is a row of data.
// CGI art. 278 (20 %), 278-0 bis (5.5 %), 279 (10 %), 281 quater and following (2.1 %), 294 (no VAT), 296 (overseas), 297 (Corsica).
import { refuse } from './errors.js'

/** Where the establishment stands: the region selects the rates. */
export type Region = 'METRO' | 'CORSE' | 'GP' | 'MQ' | 'RE' | 'GF' | 'YT'

/** One rate of one region. Rate in percent × 100, dates included, local. */
export interface RateRow {
  readonly region: Region
  readonly rateBp: number
  readonly from: string
  readonly to?: string
}

const since2014 = (region: Region, rates: readonly number[]): RateRow[] =>
  rates.map((rateBp) => ({ region, rateBp, from: '2014-01-01' }))

/** The table. */
export const rateTable: readonly RateRow[] = [
  ...since2014('METRO', [2000, 1000, 550, 210, 0]),
  ...since2014('CORSE', [2000, 1300, 1000, 550, 210, 90, 0]),
  ...(['GP', 'MQ', 'RE'] as const).flatMap((region) => since2014(region, [850, 210, 175, 105, 0])),
  ...since2014('GF', [0]),
  ...since2014('YT', [0]),
]

/** Time zone an establishment of the region has unless it says otherwise. */
export const zoneOf: Readonly<Record<Region, string>> = {
  METRO: 'Europe/Paris',
  CORSE: 'Europe/Paris',
  GP: 'America/Guadeloupe',
  MQ: 'America/Martinique',
  RE: 'Indian/Reunion',
  GF: 'America/Cayenne',
  YT: 'Indian/Mayotte',
}

/** Reasons a line may carry rate 0 (7.8), with the words to print. */
export const exemptions: Readonly<Record<string, string>> = {
  EXO: 'Exonéré de TVA',
  FRB: 'TVA non applicable, art. 293 B du CGI',
  AUT: 'Autoliquidation',
  EXP: 'Exportation',
  DET: 'Vente hors taxes',
  HCH: 'Hors champ de la TVA',
  TER: 'TVA non applicable dans ce territoire',
}

/** On which local date `YYYY-MM-DD` a rate must be in force; with `once` it may have ended before. */
export interface RateDay {
  readonly date: string
  /** What is taken back, or put on an invoice later, bears the rate of the day it was sold. */
  readonly once?: boolean
}

/** True when the rate may be used in the region on that day. */
export function isRate(region: Region, rateBp: number, { date, once }: RateDay, extra: readonly RateRow[]): boolean {
  const fits = (row: RateRow): boolean =>
    row.rateBp === rateBp &&
    row.region === region &&
    row.from <= date &&
    (once === true || row.to === undefined || date <= row.to)
  return rateTable.some(fits) || extra.some(fits)
}

/** @throws FiscalError FR_VAT_RATE_UNKNOWN, FR_EXEMPTION_REQUIRED */
export function checkRate(
  region: Region,
  rateBp: number,
  exemption: string | undefined,
  day: RateDay,
  extra: readonly RateRow[],
  path: string,
): void {
  if (!isRate(region, rateBp, day, extra)) {
    throw refuse('FR_VAT_RATE_UNKNOWN', `${path}: VAT rate ${rateBp / 100} % is not one of ${region} on ${day.date}`, {
      path,
      rateBp,
    })
  }
  if (rateBp === 0 && exemption === undefined)
    throw refuse('FR_EXEMPTION_REQUIRED', `${path}: rate 0 needs an exemption code`, { path })
}
