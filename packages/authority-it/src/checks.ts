// What the control interface is told, held against what there is: a misspelt fault that never happens would be taken for a pass.
import type { Policies } from './contract.js'
import type { DeviceState } from './effects.js'
import type { Fault, FaultPlan } from './faults.js'
import { shapes } from './tables.js'

const states: Readonly<Record<DeviceState, true>> = {
  CENSITO: true,
  ATTIVATO: true,
  IN_SERVIZIO: true,
  FUORI_SERVIZIO: true,
  DISATTIVATO: true,
  DISMESSO: true,
}
// Kinds of fault, each with the places it may be at.
const kinds: Readonly<Record<Fault['kind'], readonly string[]>> = {
  delay: ['before', 'after'],
  drop: ['beforeReading', 'afterReading', 'afterStoring'],
  status: [],
  refuse: [],
  garbage: [],
  unsigned: [],
  wrongSigner: [],
  altered: [],
  empty: [],
  truncate: [],
  trickle: [],
  crash: ['beforeStoring', 'whileStoring', 'afterStoring', 'afterAnswering'],
}
const policies: Readonly<Record<keyof Policies, (value: unknown) => boolean>> = {
  style: (value) => value === 'schema' || value === 'genuine',
  hours: (value) => value === 'always' || value === 'genuine',
  progressive: (value) => value === 'log' || value === 'refuseGap' || value === 'refuseRegression',
  duplicates: isDuplicates,
  duplicatesOf: (value) =>
    isObject(value) && Object.entries(value).every(([route, one]) => Object.hasOwn(shapes, route) && isDuplicates(one)),
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isDuplicates(value: unknown): boolean {
  return value === 'sameAnswer' || value === 'acceptAgain' || (isObject(value) && /^\d{5}$/.test(String(value['error'])))
}

function need(condition: boolean, problem: string): void {
  if (!condition) throw new RangeError(problem)
}

/** @throws RangeError when there is no such state */
export function checkState(state: string): void {
  need(Object.hasOwn(states, state), `there is no state ${state}`)
}

/** The policies, when all are known. @throws RangeError */
export function checkPolicies(given: Policies): Policies {
  for (const [name, value] of Object.entries(given))
    need(
      Object.hasOwn(policies, name) && policies[name as keyof Policies](value),
      `${name}: ${JSON.stringify(value)} is not to be had`,
    )
  return given
}

/** The plan, when its fault is known and complete. @throws RangeError */
export function checkPlan(plan: FaultPlan): FaultPlan {
  const { fault, route, times = 1, after = 0 } = plan
  need(isObject(fault) && Object.hasOwn(kinds, fault.kind), `there is no fault ${JSON.stringify(fault)}`)
  const places = kinds[fault.kind]
  const { where } = fault as { where?: string }
  need(
    where === undefined ? fault.kind !== 'drop' && fault.kind !== 'crash' : places.includes(where),
    `${fault.kind} at ${where}?`,
  )
  if (fault.kind === 'status')
    need(Number.isInteger(fault.status) && fault.status >= 200 && fault.status < 600, 'status: 200 to 599')
  if (fault.kind === 'refuse')
    need(
      Array.isArray(fault.codes) && fault.codes.length > 0 && fault.codes.every((code) => /^\d{5}$/.test(code)),
      'codes: of five digits',
    )
  if (fault.kind === 'delay') need(Number.isFinite(fault.ms) && fault.ms >= 0, 'delay: ms')
  need(route === undefined || Object.hasOwn(shapes, route), `there is no operation ${route}`)
  need(Number.isInteger(times) && times > 0 && Number.isInteger(after) && after >= 0, 'times from 1, after from 0')
  return plan
}
