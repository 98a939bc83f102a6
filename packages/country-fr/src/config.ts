// Settings that touch the four conditions: kept in START, compared at each opening, every change told (17.1, 17.6, 20).
import { FiscalError } from '@sigillo/core'
import { addEvent, SYSTEM } from './events.js'
import type { Settings } from './options.js'
import type { Plan } from './plan.js'
import type { State } from './state.js'

/** Values recorded by START and compared later. */
export type Config = Record<string, string | number | boolean>

/** The recorded view of settings. */
export function configOf(settings: Settings): Config {
  return {
    address: settings.address,
    clockBackTolerance: settings.clockBackTolerance,
    conformity: Object.entries(settings.conformity)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${String(value)}`)
      .sort()
      .join(';'),
    dayCutoff: settings.dayCutoff,
    dayRollover: settings.dayRollover,
    extraRates: settings.extraRates.map(({ rateBp, from, to }) => `${rateBp}@${from}..${to ?? ''}`).join(';'),
    fiscalYearEnd: settings.fiscalYearEnd,
    legalName: settings.legalName,
    maxDayHours: settings.maxDayHours,
    naf: settings.naf ?? '',
    originalWindowMinutes: settings.originalWindowMinutes,
    posClockTolerance: settings.posClockTolerance,
    region: settings.region,
    retentionYears: settings.retentionYears,
    signingProfile: settings.profile,
    siret: settings.siret,
    software: settings.sw,
    tillId: settings.till,
    timeZone: settings.zone.name,
    traceNonIssue: settings.traceNonIssue,
    vatId: settings.vatId ?? '',
  }
}

const TAXPAYER: ReadonlySet<string> = new Set(['address', 'legalName', 'naf', 'vatId'])

type Changes = { old: Config; new: Config }

/** Differences between recorded and present settings, by the event that tells of them. */
function changesOf(recorded: Config, present: Config): ReadonlyMap<number, Changes> {
  const out = new Map<number, Changes>()
  for (const name of Object.keys(present).sort()) {
    const [before, after] = [recorded[name], present[name]]
    if (before === after || after === undefined) continue
    const code =
      name === 'software'
        ? versionEvent(String(before ?? ''), String(after))
        : name === 'fiscalYearEnd'
          ? 400
          : TAXPAYER.has(name)
            ? 410
            : 270
    const changes = out.get(code) ?? { old: {}, new: {} }
    if (before !== undefined) changes.old[name] = before
    changes.new[name] = after
    out.set(code, changes)
  }
  return out
}

// 17.1: higher major version 250, another change 255, a lower version 270.
function versionEvent(before: string, after: string): number {
  const [old, now] = [versionOf(before), versionOf(after)]
  const order = now.findIndex((part, i) => part !== old[i])
  if (order >= 0 && (now[order] as number) < (old[order] as number)) return 270
  return order === 0 ? 250 : 255
}

function versionOf(sw: string): number[] {
  return (sw.slice(sw.lastIndexOf('/') + 1).match(/^\d+\.\d+\.\d+/)?.[0] ?? '0.0.0').split('.').map(Number)
}

/**
 * One queue, one taxpayer: totals of two are never mixed (8.6, 17.6).
 * @throws FiscalError OPTION_INVALID when the settings are of another establishment than the one that started the queue
 */
export function admit({ siret }: Settings, { config }: Pick<State, 'config'>): void {
  const own = config['siret']
  if (own === undefined || own === siret) return
  throw new FiscalError('OPTION_INVALID', {
    message: `option siret: this queue belongs to ${String(own)}, not to ${siret}; stop it under its own SIRET and begin another one`,
    path: 'siret',
    details: {
      messageFr: `Réglage incorrect : cette caisse appartient au SIRET ${String(own)} ; une autre entreprise en ouvre une autre.`,
    },
  })
}

/** Adds one event per sort of change. */
export function addConfigEvents(plan: Plan): void {
  const present = configOf(plan.settings)
  const { fingerprint } = plan.settings
  for (const [code, changes] of [...changesOf(plan.state.config, present)].sort(([a], [b]) => a - b)) {
    const names = Object.keys(changes.new).join(' ')
    const data = (code === 250 || code === 255) && fingerprint !== undefined ? { ...changes, fingerprint } : changes
    addEvent(
      plan,
      code,
      code === 250 || code === 255 ? `Version ${changes.new['software'] ?? ''}` : `Changement ${names}`,
      data,
      { operator: SYSTEM },
    )
  }
}
