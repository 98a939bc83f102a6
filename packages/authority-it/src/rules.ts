// Device states and what each message must satisfy beside its shape (2.1, 7): pure functions of the state, the message and the clock.
import type { Remark } from './answers.js'
import type { Device, DeviceKind, DeviceState, Effect, State } from './effects.js'
import { firmProblems, isTaxCode } from './tax-ids.js'
import { at, child, type Element } from './xml.js'

/** What the rules know. */
export interface Context {
  readonly state: State
  readonly settings: RuleSettings
  /** The authority's clock. */
  readonly nowMs: number
  /** Who signed: the device; undefined for an enrolment, or when the authority knows no such device. */
  readonly device: Device | undefined
  /** Common name of the signing certificate. */
  readonly sender: string
}

/** What the rules can be told. */
export interface RuleSettings {
  /** VAT numbers registered; any valid one when undefined. */
  readonly merchants?: readonly string[]
  /** Brand and model pairs approved, as `Brand/Model`; any when undefined. */
  readonly models?: readonly string[]
  /** Detail codes by event. */
  readonly events: readonly EventRule[]
  readonly progressive: 'log' | 'refuseGap' | 'refuseRegression'
  /** Years a device certificate lives. */
  readonly certificateYears: number
}

/** A detail code of an event. */
export interface EventRule {
  readonly code: string
  /** Events it goes with. */
  readonly events: readonly string[]
  readonly needsDescription?: boolean
  /** Kinds of device it is for; all when undefined. */
  readonly kinds?: readonly DeviceKind[]
}

/** What the rules say: codes refuse, the rest is done. */
export interface Ruling {
  readonly codes: readonly string[]
  readonly warnings: readonly string[]
  readonly effects: readonly Effect[]
  readonly remarks?: readonly Remark[]
  readonly elements?: number
  readonly certificate?: Uint8Array
}

/** A refusal. */
export const refused = (...codes: readonly string[]): Ruling => ({ codes, warnings: [], effects: [] })
/** An acceptance. */
export const granted = (effects: readonly Effect[], warnings: readonly string[] = []): Ruling => ({
  codes: [],
  warnings,
  effects,
})

/** The state code of a device, or undefined when the state fits. */
export function stateCode(device: Device | undefined, allowed: readonly DeviceState[], code: string): string | undefined {
  return device !== undefined && allowed.includes(device.state) ? undefined : code
}

/** Codes of the technician's block: person, country, number. */
export function technicianCodes(
  root: Element,
  [person, country, number]: readonly [string, string, string],
  together: boolean,
): string[] {
  const block = child(root, 'TecnicoVerificatore')
  const firm = firmProblems(at(block, 'PIvaSocieta/IdPaese') ?? '', at(block, 'PIvaSocieta/IdCodice') ?? '')
  const codes: string[] = []
  if (!isTaxCode(at(block, 'CodiceFiscale') ?? '')) codes.push(person)
  if (firm.country) codes.push(country)
  if (firm.number || (firm.country && together)) codes.push(number)
  return codes
}
