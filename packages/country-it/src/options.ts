// What a device is made with, and the settings the rules work with; every default is the one of the specification (16.8).
import { FiscalError } from '@sigillo/core'
import { rates } from './groups.js'
import { checkShape } from './options-shape.js'
import { taxCode, vatNumber } from './tax-id.js'
import { openZone, type Zone } from './time.js'

/** Who runs the shop. */
export interface Merchant {
  readonly name: string
  readonly address: string
  /** VAT number, 11 digits. */
  readonly vat: string
  readonly taxCode?: string
}

/** Options of {@link italy}. */
export interface ItalyOptions {
  /** Serial number of the device, 11 characters. */
  readonly matricola: string
  /** A stand-alone register, or a server for several tills. */
  readonly kind?: 'rt' | 'serverRt'
  /** Ids of the tills behind a server, 8 characters each. */
  readonly tills?: readonly string[]
  readonly merchant: Merchant
  readonly zone?: string
  /** Columns of the paper: 40, 42 or 48. */
  readonly printWidth?: 40 | 42 | 48
  /** On by default: messages and paper say so. Off needs `baseUrl` and `authorityRoots`. */
  readonly simulation?: boolean
  readonly baseUrl?: string
  /** PEM of the roots the authority's answers must lead to. */
  readonly authorityRoots?: string
  /** PEM of the roots device certificates must lead to. */
  readonly deviceRoots?: string
  readonly lottery?: boolean
  readonly cashRounding?: boolean
  readonly activityCodes?: boolean
  /** Rates besides 22, 10, 5 and 4 %, hundredths of a percent, 1 to 10000. */
  readonly extraRates?: readonly number[]
  /** Group of the zero row: a rate in hundredths of a percent or a nature; N4 when absent. */
  readonly defaultGroup?: number | string
  readonly defaultActivity?: number
  /** Minutes after midnight in which the evening's period stays open, 0 to 360. */
  readonly graceMinutes?: number
  /** Where a new queue stands in the life of a device; anything but `unknown` is for simulation only. */
  readonly startsAs?: 'unknown' | 'ATTIVATO' | 'IN_SERVIZIO'
  /** Last closing and transmission numbers used before this queue's memory began. */
  readonly before?: { readonly z?: number; readonly progressive?: number }
  /** Minutes of the day between which nothing is sent, local: by default 22:00 to 24:00. */
  readonly closedFrom?: number
  readonly closedTo?: number
}

/** Checked options. */
export interface Settings {
  readonly matricola: string
  readonly kind: 'rt' | 'serverRt'
  /** A single empty id for a stand-alone register. */
  readonly tills: readonly string[]
  readonly merchant: Merchant
  readonly zone: Zone
  readonly width: 40 | 42 | 48
  readonly simulation: boolean
  readonly baseUrl: string | undefined
  readonly authorityRoots: string | undefined
  readonly deviceRoots: string | undefined
  readonly lottery: boolean
  readonly cashRounding: boolean
  readonly activityCodes: boolean
  readonly rates: readonly number[]
  readonly defaultGroup: string
  readonly graceMinutes: number
  readonly startsAs: 'unknown' | 'ATTIVATO' | 'IN_SERVIZIO'
  readonly before: { readonly z: number; readonly progressive: number }
  readonly closedFrom: number
  readonly closedTo: number
}

const wrong = (path: string, message: string): FiscalError =>
  new FiscalError('OPTION_INVALID', { message: `${path}: ${message}`, path })

/** @throws FiscalError OPTION_INVALID naming the option */
export function settingsOf(options: ItalyOptions): Settings {
  checkShape(options)
  const { kind = 'rt', simulation = true, graceMinutes = 0, startsAs = 'unknown', before = {} } = options
  if (typeof options.matricola !== 'string' || !/^[0-9A-Z]{5}[0-9]{6}$/.test(options.matricola))
    throw wrong('matricola', 'must be 5 letters or digits and 6 digits')
  if (!simulation && (options.baseUrl === undefined || options.authorityRoots === undefined))
    throw wrong('simulation', 'real operation needs baseUrl and authorityRoots')
  if (!simulation && startsAs !== 'unknown') throw wrong('startsAs', 'only a simulated device may skip its enrolment')
  if (!(Number.isInteger(graceMinutes) && graceMinutes >= 0 && graceMinutes <= 360))
    throw wrong('graceMinutes', 'must be 0 to 360')
  return {
    matricola: options.matricola,
    kind,
    tills: tillsOf(options),
    merchant: merchantOf(options.merchant),
    zone: zoneOf(options.zone ?? 'Europe/Rome'),
    width: options.printWidth ?? 42,
    simulation,
    baseUrl: options.baseUrl,
    authorityRoots: options.authorityRoots,
    deviceRoots: options.deviceRoots,
    lottery: options.lottery ?? true,
    cashRounding: options.cashRounding ?? false,
    activityCodes: options.activityCodes ?? false,
    rates: ratesOf(options.extraRates ?? []),
    defaultGroup: defaultGroupOf(options),
    graceMinutes,
    startsAs,
    before: { z: before.z ?? 0, progressive: before.progressive ?? 0 },
    closedFrom: options.closedFrom ?? 1320,
    closedTo: options.closedTo ?? 1440,
  }
}

function tillsOf({ kind = 'rt', tills = [] }: ItalyOptions): string[] {
  if (kind === 'rt') {
    if (tills.length > 0) throw wrong('tills', 'a stand-alone register has none')
    return ['']
  }
  const ids = tills.map((id) => id.toUpperCase())
  for (const [i, id] of ids.entries())
    if (!/^[0-9A-Z]{8}$/.test(id) || ids.indexOf(id) !== i) throw wrong(`tills[${i}]`, 'must be 8 letters or digits, each once')
  if (ids.length === 0) throw wrong('tills', 'a server needs tills')
  return ids.sort()
}

function merchantOf(merchant: Merchant): Merchant {
  const vat = vatNumber(merchant.vat)
  if (vat === undefined) throw wrong('merchant.vat', 'not a VAT number')
  if (merchant.taxCode !== undefined && taxCode(merchant.taxCode) === undefined) throw wrong('merchant.taxCode', 'not a tax code')
  for (const name of ['name', 'address'] as const)
    if (merchant[name].trim() === '') throw wrong(`merchant.${name}`, 'must not be empty')
  return { ...merchant, vat }
}

function zoneOf(name: string): Zone {
  try {
    return openZone(name)
  } catch {
    throw wrong('zone', 'not a time zone')
  }
}

function ratesOf(extra: readonly number[]): number[] {
  for (const [i, rate] of extra.entries())
    if (!Number.isInteger(rate) || rate < 1 || rate > 10_000) throw wrong(`extraRates[${i}]`, 'must be 1 to 10000')
  return [...new Set([...rates, ...extra])].sort((a, b) => b - a)
}

function defaultGroupOf({ defaultGroup = 'N4', extraRates = [], activityCodes, defaultActivity }: ItalyOptions): string {
  const known =
    typeof defaultGroup === 'number' ? ratesOf(extraRates).includes(defaultGroup) : /^(?:N[1-6]|VI)$/.test(defaultGroup)
  if (!known) throw wrong('defaultGroup', 'must be a configured rate or a nature')
  if (
    activityCodes === true &&
    !(Number.isInteger(defaultActivity) && Number(defaultActivity) >= 1 && Number(defaultActivity) <= 999_999)
  ) {
    throw wrong('defaultActivity', 'activity codes are on: 1 to 999999 is needed')
  }
  return activityCodes === true ? `${defaultGroup}:${defaultActivity}` : String(defaultGroup)
}
