// What must hold before anything is recorded: life of the device, seal, memory, clock, numbers, certificate (2.1, 9.1, 9.7, 12.5).
import type { DecideContext } from '@sigillo/core'
import { refuse } from './errors.js'
import type { Settings } from './options.js'
import type { DeviceState, State, Till } from './state.js'

/** Steps back of the clock that are tolerated, milliseconds. */
const MAX_BACK_MS = 120_000
/** Skew against the authority's clock that stops closings. */
const MAX_SKEW_MS = 300_000
/** Numbers left from which on every closing warns. */
const WARN_CLOSINGS = 30
const DAY_MS = 86_400_000

/** Refuses unless the device is in one of these states. @throws FiscalError IT_DEVICE_STATE */
export function needState(state: State, allowed: readonly DeviceState[], what: string): void {
  if (!allowed.includes(state.device))
    throw refuse('IT_DEVICE_STATE', `${what} needs a device ${allowed.join(' or ')}; it is ${state.device}`, {
      state: state.device,
      allowed,
    })
}

/** Refuses on a device whose housing was opened. @throws FiscalError IT_TAMPERED */
export function needSeal(state: State): void {
  if (state.seal !== 'sealed') throw refuse('IT_TAMPERED', `the device is ${state.seal}`)
}

/** Refuses documents when the memory is full. @throws FiscalError IT_MEMORY_FULL */
export function needMemory(state: State): void {
  if (state.memoryPercent >= 100) throw refuse('IT_MEMORY_FULL', 'the detail memory is full')
}

/** The moment a document shows: whole seconds, never before the last one. @throws FiscalError IT_CLOCK */
export function shownMoment(state: State, { now, tsBack }: Pick<DecideContext, 'now' | 'tsBack'>): number {
  if (tsBack > MAX_BACK_MS)
    throw refuse('IT_CLOCK', `the clock lies ${Math.round(tsBack / 1000)} s behind the last record`, { behindMs: tsBack })
  const seconds = Math.floor(Date.parse(now) / 1000) * 1000
  return seconds < state.shownMs ? state.shownMs + 1000 : seconds
}

/** Refuses closings while the clock differs from the authority's. @throws FiscalError IT_CLOCK */
export function needTrueClock(state: State): void {
  if (Math.abs(state.skewMs) > MAX_SKEW_MS)
    throw refuse('IT_CLOCK', 'the clock differs by more than five minutes from the authority’s', { skewMs: state.skewMs })
}

/** Refuses a new period without number or certificate. @throws FiscalError IT_Z_EXHAUSTED, IT_CERT_EXPIRED */
export function needNewPeriod(state: State, till: Till, nowMs: number): void {
  if (till.z >= 9999) throw refuse('IT_Z_EXHAUSTED', 'closing 9999 was used')
  const { notAfter } = state.certificate
  if (notAfter !== 0 && nowMs > notAfter)
    throw refuse('IT_CERT_EXPIRED', 'the device certificate has expired', { notAfter: new Date(notAfter).toISOString() })
}

/** The till of a request. @throws FiscalError IT_TILL_UNKNOWN */
export function tillOf(settings: Settings, state: State, id: string | undefined): { readonly id: string; readonly till: Till } {
  const name = (id ?? '').toUpperCase()
  const till = settings.tills.includes(name) ? state.tills[name] : undefined
  if (till === undefined)
    throw refuse('IT_TILL_UNKNOWN', name === '' ? 'a server needs the till’s id' : `till ${name} is not one of this device`, {
      path: 'till',
    })
  return { id: name, till }
}

/** Warnings a closing or document carries: numbers, certificate, memory. */
export function standingWarnings(state: State, till: Till, nowMs: number): string[] {
  const out: string[] = []
  if (till.z + 1 > 9999 - WARN_CLOSINGS) out.push('IT_Z_NEAR_END')
  const days = Math.ceil((state.certificate.notAfter - nowMs) / DAY_MS)
  if (state.certificate.notAfter !== 0 && days <= 90)
    out.push(days <= 0 ? 'IT_CERT_EXPIRED' : `IT_CERT_EXPIRES_${days <= 7 ? 7 : days <= 30 ? 30 : 90}`)
  const memory = [95, 90, 80].find((limit) => state.memoryPercent >= limit)
  if (memory !== undefined) out.push(`IT_MEMORY_${memory}`)
  if (Math.abs(state.skewMs) > 60_000) out.push('IT_CLOCK_SKEW')
  return out
}
