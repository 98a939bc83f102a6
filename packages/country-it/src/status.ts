// What a device would tell its shopkeeper now: warnings, what is due, how the outbox and the lottery stand (2.1, 9.3, 13, 14).
import { idleDays } from './closing.js'
import { standingWarnings } from './guards.js'
import type { Settings } from './options.js'
import { alarmsOf, type Alarm } from './schedule.js'
import type { DeviceState, LotteryCounts, State, Till } from './state.js'
import { dateOf, daysBetween } from './time.js'

/** Days without transmission after which a device must say it was out of service. */
const IDLE_LIMIT = 12
const VERIFICATION_NOTICE = 60

/** First and last of some whole days, `YYYY-MM-DD`. */
export interface Days {
  readonly from: string
  readonly to: string
}

/** A device's status. */
export interface DeviceStatus {
  readonly device: DeviceState
  readonly warnings: readonly string[]
  readonly alarms: readonly Alarm[]
  /** Whole days nobody has reported yet; of a server those of its first till. */
  readonly inactivity: Days | undefined
  /** The same for every till that has any; a stand-alone register has an empty id. */
  readonly idle: Readonly<Record<string, Days>>
  /** Event that should be sent before the next closing: more than twelve days off. */
  readonly offeredEvent: { readonly event: 'FUORI_SERVIZIO'; readonly code: '00608' } | undefined
  readonly toSend: number
  readonly rejected: number
  readonly lottery: Readonly<Record<string, LotteryCounts>>
}

/** Status of a device at an instant. Pure. */
export function statusOf(settings: Settings, state: State, nowMs: number): DeviceStatus {
  const till = state.tills[settings.tills[0] as string] as Till
  const inactivity = idleDays(settings, state, till, nowMs)
  const long = inactivity !== undefined && daysBetween(inactivity.from, inactivity.to) + 1 > IDLE_LIMIT
  return {
    device: state.device,
    warnings: [...standingWarnings(state, till, nowMs), ...verification(settings, state, nowMs)],
    alarms: alarmsOf(state, nowMs),
    inactivity,
    idle: idleTills(settings, state, nowMs),
    offeredEvent: long && state.device === 'IN_SERVIZIO' ? { event: 'FUORI_SERVIZIO', code: '00608' } : undefined,
    toSend: state.outbox.filter(({ lane }) => lane === 'receipts').length,
    rejected: state.outbox.filter((one) => one.state === 'rejected').length,
    lottery: state.lottery.counts,
  }
}

function idleTills(settings: Settings, state: State, nowMs: number): Record<string, Days> {
  const found = settings.tills.map((id) => [id, idleDays(settings, state, state.tills[id] as Till, nowMs)] as const)
  return Object.fromEntries(found.flatMap(([id, days]) => (days === undefined ? [] : [[id, { ...days }] as const])))
}

function verification({ zone }: Settings, { verificationDue }: State, nowMs: number): string[] {
  if (verificationDue === '') return []
  const days = daysBetween(dateOf(zone, nowMs), verificationDue)
  return days < 0 ? ['IT_VERIFICATION_OVERDUE'] : days <= VERIFICATION_NOTICE ? ['IT_VERIFICATION_DUE'] : []
}

/** One line of the monthly reconciliation (14). */
export interface Reconciliation {
  readonly posId: string
  /** Electronic payments on documents, and what the terminal reports, cents. */
  readonly documents: number
  readonly terminal: number
  readonly differs: boolean
}

/**
 * Electronic payments of a month per terminal against what the terminals report.
 * @param month `YYYY-MM`
 * @param reported cents per terminal
 * @param toleranceBp allowed difference in hundredths of a percent; 5 % by default
 */
export function reconcile(
  state: State,
  month: string,
  reported: Readonly<Record<string, number>>,
  toleranceBp = 500,
): Reconciliation[] {
  const names = new Set(Object.keys(reported))
  for (const name of Object.keys(state.posTotals)) if (name.startsWith(`${month}|`)) names.add(name.slice(8))
  return [...names].sort().map((posId) => {
    const [documents, terminal] = [state.posTotals[`${month}|${posId}`] ?? 0, reported[posId] ?? 0]
    const allowed = BigInt(Math.max(documents, terminal)) * BigInt(toleranceBp)
    return { posId, documents, terminal, differs: BigInt(Math.abs(documents - terminal)) * 10_000n > allowed }
  })
}

/** The register of terminals as CSV. */
export function posLinksCsv({ matricola }: Settings, state: State): string {
  const quote = (text: string): string =>
    /^[=+\-@\t]/.test(text) ? quote(`'${text}`) : /[;"\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  const rows = state.pos.map((link) => [
    link.posId,
    link.acquirerVat,
    matricola,
    link.tillId,
    link.localUnitAddress,
    link.validFrom,
    link.validTo,
    link.declaredOnPortalAt,
  ])
  return (
    [['posId', 'acquirerVat', 'matricola', 'tillId', 'localUnitAddress', 'validFrom', 'validTo', 'declaredOnPortalAt'], ...rows]
      .map((row) => row.map(quote).join(';'))
      .join('\r\n') + '\r\n'
  )
}
