// What an accepted message or a hand on the control interface changes, as data; and the state they add up to (2.1, 16.5). The state
// is the fold of the ledger and nothing else.
import type { Entry } from './ledger.js'

/** States of a device, named as the authority does. */
export type DeviceState = 'CENSITO' | 'ATTIVATO' | 'IN_SERVIZIO' | 'FUORI_SERVIZIO' | 'DISATTIVATO' | 'DISMESSO'
/** Kinds of device an enrolment names. */
export type DeviceKind = 'RT' | 'DA' | 'MC' | 'DM'

/** What became of one lottery document. */
export interface LotteryRow {
  /** IdCliente. */
  readonly code: string
  readonly number: string
  readonly moment: string
  /** Cents. */
  readonly amount: number
  readonly kind: 'sale' | 'return' | 'annulment'
  readonly till?: string
  /** Empty when it was accepted. */
  readonly codes: readonly string[]
}

/** A change. */
export type Effect =
  | {
      readonly do: 'enrol'
      readonly matricola: string
      readonly kind: DeviceKind
      readonly certificate: string
      readonly state?: DeviceState
      readonly merchant?: string
      readonly oldRegister?: boolean
    }
  | { readonly do: 'activate'; readonly matricola: string; readonly merchant: string }
  | {
      readonly do: 'receipts'
      readonly matricola: string
      /** Till behind a server, or machine; empty for the device itself. */
      readonly till: string
      readonly progressive: string
      readonly atMs: number
      readonly documents: number
      readonly simulated: boolean
      readonly inactive?: { readonly fromMs: number; readonly toMs: number }
    }
  | { readonly do: 'state'; readonly matricola: string; readonly state: DeviceState }
  | { readonly do: 'lottery'; readonly matricola: string; readonly rows: readonly LotteryRow[] }
  | { readonly do: 'manufacturer'; readonly name: string; readonly certificate: string }
  | { readonly do: 'trust'; readonly pem: string }
  | { readonly do: 'clock'; readonly offsetMs: number }

/** A device as the authority knows it. */
export interface Device {
  readonly matricola: string
  readonly kind: DeviceKind
  state: DeviceState
  /** Base64 DER of the certificate it signs with. */
  certificate: string
  merchant?: string
  /** A sending module on an older register, whose serial number an activation must name. */
  readonly oldRegister: boolean
  /** Highest number accepted; 0 before the first. */
  progressive: bigint
  readonly closings: { readonly till: string; readonly atMs: number }[]
  readonly inactive: { readonly till: string; readonly fromMs: number; readonly toMs: number }[]
}

/** Everything known. */
export interface State {
  readonly devices: Map<string, Device>
  /** Certificates of manufacturers, base64 DER. */
  readonly manufacturers: Map<string, string>
  /** Roots trusted besides the own one, PEM. */
  readonly trusted: string[]
  /** Number of the line that accepted these bytes on this route. */
  readonly accepted: Map<string, number>
  readonly lottery: { readonly n: number; readonly matricola: string; readonly position: number; readonly row: LotteryRow }[]
  clockOffsetMs: number
}

/** Nothing known. */
export function emptyState(): State {
  return { devices: new Map(), manufacturers: new Map(), trusted: [], accepted: new Map(), lottery: [], clockOffsetMs: 0 }
}

/** Adds one line. */
export function fold(state: State, { n, route, sha256, accepted, effects }: Entry): void {
  if (accepted && route !== undefined && sha256 !== undefined && !state.accepted.has(`${route} ${sha256}`))
    state.accepted.set(`${route} ${sha256}`, n)
  for (const effect of effects) apply(state, n, effect)
}

function apply(state: State, n: number, effect: Effect): void {
  if (effect.do === 'manufacturer') state.manufacturers.set(effect.name, effect.certificate)
  else if (effect.do === 'trust') state.trusted.push(effect.pem)
  else if (effect.do === 'clock') state.clockOffsetMs = effect.offsetMs
  else if (effect.do === 'enrol') enrol(state, effect)
  else {
    const device = state.devices.get(effect.matricola)
    if (device !== undefined) applyTo(state, n, device, effect)
  }
}

function enrol(state: State, { matricola, kind, certificate, state: as, merchant, oldRegister }: Effect & { do: 'enrol' }): void {
  state.devices.set(matricola, {
    matricola,
    kind,
    state: as ?? 'CENSITO',
    certificate,
    ...(merchant !== undefined && { merchant }),
    oldRegister: oldRegister ?? false,
    progressive: 0n,
    closings: [],
    inactive: [],
  })
}

function applyTo(
  state: State,
  n: number,
  device: Device,
  effect: Extract<Effect, { do: 'activate' | 'receipts' | 'state' | 'lottery' }>,
): void {
  if (effect.do === 'activate') {
    device.state = 'ATTIVATO'
    device.merchant = effect.merchant
  } else if (effect.do === 'state') device.state = effect.state
  else if (effect.do === 'lottery')
    for (const [i, row] of effect.rows.entries()) state.lottery.push({ n, matricola: device.matricola, position: i + 1, row })
  else {
    const { till, progressive, atMs, inactive } = effect
    device.state = 'IN_SERVIZIO'
    if (BigInt(progressive) > device.progressive) device.progressive = BigInt(progressive)
    if (inactive === undefined) device.closings.push({ till, atMs })
    else device.inactive.push({ till, ...inactive })
  }
}
