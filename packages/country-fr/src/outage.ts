// The queue's side of an outage (13.5, 13.6): events before the first receipt and after the last, receipts known again, and
// receipts that had to be recorded although a rule refuses them.
import { FiscalError } from '@sigillo/core'
import { closingOf } from './closings.js'
import { addEvent } from './events.js'
import type { Degraded } from './degraded-input.js'
import type { FrenchRequest } from './parse.js'
import type { Plan } from './plan.js'
import type { Needs } from './reference.js'
import type { OutageRequest, ZeroRequest } from './request.js'
import { inRanges } from './state.js'

/** Adds the begin of an outage: event 70; and 90 when this queue does not hold the record the till had seen last. */
export function addOutage(plan: Plan, request: FrenchRequest, needs: Needs): void {
  const { episode, reason, opened, anchor } = request.input as OutageRequest
  const known = anchor === undefined || needs.anchor?.hash === anchor.hash
  addBegin(plan, { episode, reason, opened, ...(!known && { anchorKnown: false }) }, true)
  if (!known) addEvent(plan, 90, `Ancre inconnue du mode dégradé ${anchor.seq} ${anchor.hash.slice(0, 8)}`, { anchor, episode })
}

function addBegin(
  plan: Plan,
  begin: { readonly episode: string; readonly reason: string; readonly opened: string; readonly anchorKnown?: false },
  principal: boolean,
): void {
  addEvent(plan, 70, `Début de mode dégradé ${begin.reason} depuis ${begin.opened} caisse ${plan.settings.till}`, begin, {
    principal,
  })
}

/**
 * What stands before a degraded receipt.
 * @throws FiscalError OFFLINE_CONFLICT when the episode's number is known with another content
 */
export function addDegradedBefore(plan: Plan, degraded: Degraded): void {
  const episode = plan.state.episodes[degraded.episode]
  if (episode !== undefined && inRanges(episode.seen, degraded.seq)) {
    throw new FiscalError('OFFLINE_CONFLICT', {
      message: `receipt ${degraded.seq} of episode ${degraded.episode} is recorded with other content`,
      national: 'FR_DEGRADED_CONFLICT',
      details: {
        episode: degraded.episode,
        seq: degraded.seq,
      },
    })
  }
  if (episode === undefined)
    addBegin(
      plan,
      { episode: degraded.episode, reason: degraded.reason ?? 'inconnue', opened: degraded.opened ?? degraded.localMoment },
      false,
    )
}

/** What stands after a degraded receipt: defects of its file, the refusal it overrides, the key it could not keep. */
export function addDegradedAfter(
  plan: Plan,
  degraded: Degraded,
  forced: { readonly code: string; readonly message: string } | undefined,
): void {
  const name = `${degraded.episode}/${degraded.seq}`
  if (degraded.integrity === 'altered')
    addEvent(plan, 90, `Reçu dégradé altéré ${name}`, { episode: degraded.episode, seq: degraded.seq, hash: degraded.localHash })
  if (forced !== undefined)
    addEvent(plan, 90, `Reçu dégradé enregistré d’office ${name} ${forced.code} ${forced.message}`, {
      episode: degraded.episode,
      seq: degraded.seq,
      code: forced.code,
    })
  if (degraded.conflictsWith !== undefined) {
    addEvent(plan, 90, `Référence ${degraded.conflictsWith} déjà employée, reçu dégradé ${name}`, {
      episode: degraded.episode,
      seq: degraded.seq,
      key: degraded.conflictsWith,
    })
  }
}

/** Adds a zero receipt; with a report it ends an outage: G ZERO, L 120, L 125, then what is missing or broken. */
export function addZero(plan: Plan, request: FrenchRequest): void {
  const { episode: report } = request.input as ZeroRequest
  plan.add(
    'closing',
    (place, state) => ({
      ...closingOf(plan, 'zero', place, state, state.levels.day),
      ...(report !== undefined && { episode: summary(report) }),
    }),
    {
      principal: true,
    },
  )
  if (report === undefined) return
  const { episode, count, firstCounter = 0, lastCounter = 0, lastHash = '', missing = [], breaks = [] } = report
  const range = count === 0 ? 'aucun reçu' : `${count} reçus, pannes n° ${firstCounter} à ${lastCounter}`
  addEvent(plan, 120, `Fin de mode dégradé ${range}`, { episode, count })
  addEvent(plan, 125, `Centralisation ${range} dernier ${lastHash.slice(0, 8)}`, {
    episode,
    count,
    firstCounter,
    lastCounter,
    lastHash,
  })
  if (missing.length > 0) addEvent(plan, 95, `Reçus dégradés manquants ${missing.slice(0, 20).join(' ')}`, { episode, missing })
  // A missing number stands in the event above, a changed receipt and an unknown anchor in events of their own.
  const others = breaks.filter(({ kind, told }) => kind !== 'GAP' && kind !== 'ANCHOR_MISMATCH' && told !== 1)
  if (others.length > 0) addEvent(plan, 90, `Ruptures de la chaîne dégradée ${others.length}`, { episode, breaks: others })
}

function summary(report: NonNullable<ZeroRequest['episode']>): Record<string, unknown> {
  const { episode, count, firstSeq, lastSeq, firstCounter, lastCounter, lastHash } = report
  const members = { episode, count, firstSeq, lastSeq, firstCounter, lastCounter, lastHash, breaks: report.breaks?.length ?? 0 }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
