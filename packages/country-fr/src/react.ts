// What the queue tells the country about itself, and the events France journals for it (10, 17): opened and closed, settings and
// versions changed, keys, signer failures, defects, a lost end of the journal.
import { isJournalType, type DecideContext, type Decision, type Notice, type Place } from '@sigillo/core'
import { addConfigEvents } from './config.js'
import { addEvent, SYSTEM } from './events.js'
import type { Settings } from './options.js'
import { atOf, openPlan, type Plan } from './plan.js'
import type { State } from './state.js'
import { compact, frenchMoment, localTime } from './time.js'

/** Records for something that happened to the queue; undefined when there is nothing to say. */
export function react(
  settings: Settings,
  state: State,
  notice: Notice,
  context: Omit<DecideContext, 'needs'>,
): Decision | undefined {
  if (state.phase !== 'started') return undefined
  if (notice.kind === 'certificate' && certificateStep(state, notice) === undefined) return undefined
  const plan = openPlan(settings, state, atOf(settings, context.now), SYSTEM)
  if (state.alerts > 0) plan.marks.alerts = state.alerts
  add(plan, notice)
  return plan.decision()
}

function add(plan: Plan, notice: Notice): void {
  switch (notice.kind) {
    case 'opened':
      addEvent(plan, 80, 'Ouverture de la caisse', { reason: notice.reason, software: notice.software })
      addConfigEvents(plan)
      return
    case 'closing':
      return addEvent(plan, 40, 'Fermeture de la caisse')
    case 'key-changed': {
      const { kid, prevKid, jwk, reason, oldKeyAvailable } = notice
      return addEvent(plan, 450, `Changement de clé ${reason}`, { jwk, kid, oldKeyAvailable, prevKid, reason })
    }
    case 'certificate':
      return addCertificate(plan, notice)
    case 'signer-back':
      return addEvent(plan, 916, `Signature indisponible ${notice.failures} fois depuis ${notice.since} ${notice.code}`, {
        code: notice.code,
        failures: notice.failures,
        since: notice.since,
      })
    case 'defect':
      return addEvent(plan, 90, `${notice.code} ${notice.message}`, { code: notice.code, details: notice.details })
    case 'tail-lost':
      return addLoss(plan, notice)
  }
}

type Certificate = Extract<Notice, { kind: 'certificate' }>

const WARNING_DAYS = 30

// 17.2: told once when its end is near and once when it is over; it blocks nothing.
function certificateStep(state: State, { certificateId, daysLeft }: Certificate): 'expiring' | 'expired' | undefined {
  const step = daysLeft < 0 ? 'expired' : daysLeft <= WARNING_DAYS ? 'expiring' : undefined
  const told = state.certificate?.id === certificateId ? state.certificate.step : undefined
  return step === told || told === 'expired' ? undefined : step
}

function addCertificate(plan: Plan, notice: Certificate): void {
  const { certificateId: id, kid, notAfter, daysLeft } = notice
  const step = certificateStep(plan.state, notice) ?? 'expiring'
  const end = frenchMoment(compact(localTime(plan.settings.zone, Date.parse(notAfter)))).slice(0, 10)
  const info =
    step === 'expired' ? `Certificat ${id.slice(0, 8)} expiré depuis le ${end}` : `Certificat ${id.slice(0, 8)} expire le ${end}`
  addEvent(plan, 270, info, { certificate: { daysLeft, id, kid, notAfter, step } })
}

type Loss = Extract<Notice, { kind: 'tail-lost' }>

// 17.5: restored database, defect, break of the sequence. Printed numbers go on above the highest known one of every type, and
// these three events already do.
function addLoss(plan: Plan, notice: Loss): void {
  const { state } = plan
  let lost: Record<string, { from: number; to: number; offset: number }> = {}
  const event = (code: number, info: string, data: (place: Place) => Record<string, unknown>): void => {
    plan.add('event', (place) => {
      const content = { code, info, data: data(place) }
      return { ...content, number: place.tseq + (lost['event']?.offset ?? state.offsets['event'] ?? 0) }
    })
  }
  event(220, 'Restauration détectée', (place) => {
    lost = lostNumbers(state, notice.known.types, place)
    return { by: notice.by, known: { hash: notice.known.hash, seq: notice.known.seq }, lost }
  })
  event(90, 'Fin de chaîne manquante', () => ({ by: notice.by, known: { hash: notice.known.hash, seq: notice.known.seq } }))
  event(95, 'Rupture de la séquence continue', () => ({ lost }))
}

function lostNumbers(
  state: State,
  known: Loss['known']['types'],
  place: Place,
): Record<string, { from: number; to: number; offset: number }> {
  const lost: Record<string, { from: number; to: number; offset: number }> = {}
  for (const [type, { tseq }] of Object.entries(known)) {
    if (isJournalType(type)) continue
    const offset = state.offsets[type] ?? 0
    const ours = place.head(type)?.tseq ?? 0
    if (tseq > ours) lost[type] = { from: ours + offset + 1, to: tseq + offset, offset: offset + tseq - ours }
  }
  return lost
}
