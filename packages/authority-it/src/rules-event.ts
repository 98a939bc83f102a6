// Events (5.4, 7): going out of service and giving up the merchant, with a table of detail codes that can be replaced.
import type { DeviceState } from './effects.js'
import { momentOf } from './rome.js'
import { granted, refused, type Context, type EventRule, type Ruling } from './rules.js'
import { at, type Element } from './xml.js'

/** Detail codes that are known (5.4). What 00604 means is not: it goes with either event. */
export const knownEvents: readonly EventRule[] = [
  { code: '00600', events: ['FUORI_SERVIZIO'] },
  { code: '00608', events: ['FUORI_SERVIZIO'] },
  { code: '00603', events: ['DISATTIVAZIONE'] },
  { code: '00604', events: ['FUORI_SERVIZIO', 'DISATTIVAZIONE'] },
]

/** What an event does, and from which states. */
const moves: Readonly<Record<string, { readonly from: readonly DeviceState[]; readonly to: DeviceState }>> = {
  FUORI_SERVIZIO: { from: ['IN_SERVIZIO'], to: 'FUORI_SERVIZIO' },
  DISATTIVAZIONE: { from: ['ATTIVATO', 'IN_SERVIZIO'], to: 'DISATTIVATO' },
}

/** Judges an event. */
export function judgeEvent(root: Element, context: Context): Ruling {
  const { device, nowMs, settings } = context
  const event = at(root, 'Evento') ?? ''
  if (device === undefined || !['ATTIVATO', 'IN_SERVIZIO', 'FUORI_SERVIZIO'].includes(device.state)) return refused('00700')
  // It comes back by transmitting, and is given up through the portal only.
  if (device.state === 'FUORI_SERVIZIO') return refused('00712')
  const move = Object.hasOwn(moves, event) ? moves[event] : undefined
  if (move !== undefined && !move.from.includes(device.state)) return refused('00700')

  const code = at(root, 'Dettaglio/Codice') ?? ''
  const rule = settings.events.find((one) => one.code === code)
  const known = move !== undefined || settings.events.some(({ events }) => events.includes(event))
  const codes = [
    ...(momentOf(at(root, 'DataOra') ?? '') > nowMs ? ['00705'] : []),
    ...(known ? [] : ['00710']),
    ...(rule === undefined ? ['00711'] : []),
    ...(rule !== undefined && known && !rule.events.includes(event) ? ['00701'] : []),
    ...(rule?.needsDescription === true && (at(root, 'Dettaglio/Descrizione') ?? '') === '' ? ['00706'] : []),
    ...(rule?.kinds !== undefined && !rule.kinds.includes(device.kind) ? ['00707'] : []),
  ]
  if (codes.length > 0) return refused(...codes)
  return granted(move === undefined ? [] : [{ do: 'state', matricola: device.matricola, state: move.to }])
}
