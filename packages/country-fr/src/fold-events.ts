// What technical events change in the state: settings, school mode, alerts, offsets of lost numbers, late capture, purge. These
// events are never purged, so the fold finds them again at any age.
import type { FiscalRecord } from '@sigillo/core'
import type { EventPayload } from './payload.js'
import { isProfile } from './profiles.js'
import { addToRanges, LEVELS, type State } from './state.js'
import { count } from './totals.js'

/** Takes an event into the state. */
export function foldEvent(state: State, record: FiscalRecord): void {
  const payload = record.payload as unknown as EventPayload
  handlers[payload.code]?.(state, payload.data ?? {})
  for (const name of LEVELS) for (const counted of countsOf(payload.code)) count(state.levels[name].totals, counted)
}

/** What an event counts as in a closing (9.5), beside being one. */
export function countsOf(code: number): readonly string[] {
  return ['events', ...(COUNTED[code] ?? [])]
}

const COUNTED: Readonly<Record<number, readonly string[]>> = { 90: ['breaks'], 95: ['breaks'], 324: ['notesAbandoned'] }

type Data = Readonly<Record<string, unknown>>

const handlers: Readonly<Record<number, (state: State, data: Data) => void>> = {
  70: (state, data) => {
    const id = data['episode']
    if (typeof id === 'string') state.episodes[id] ??= { done: false, seen: [] }
  },
  90: (state) => {
    state.alerts += 1
  },
  95: adoptOffsets,
  100: (state, data) => {
    if (typeof data['responsible'] === 'string') state.training = data['responsible']
  },
  105: (state) => {
    state.training = ''
  },
  200: (state, data) => {
    if (typeof data['to'] !== 'number') return
    state.purgedTo = data['to']
    for (const seq of Object.keys(state.marks)) if (Number(seq) <= state.purgedTo) delete state.marks[seq]
  },
  220: adoptOffsets,
  250: adoptConfig,
  255: adoptConfig,
  270: (state, data) => {
    adoptConfig(state, data)
    const { id, step } = (data['certificate'] ?? {}) as { id?: unknown; step?: unknown }
    if (typeof id === 'string' && (step === 'expiring' || step === 'expired')) state.certificate = { id, step }
  },
  400: adoptConfig,
  410: adoptConfig,
  440: (state, data) => {
    const row = state.archives.find(({ number }) => number === data['archive'])
    if (row !== undefined) row.moved = String(data['medium'])
  },
  912: (state) => {
    state.alerts = 0
  },
  913: (state, data) => {
    const { pad, paperNumber } = data as { pad: string; paperNumber: number }
    state.pads[pad] = addToRanges(state.pads[pad] ?? [], paperNumber)
  },
}

// After a loss printed numbers go on above the highest known one (17.5).
function adoptOffsets(state: State, data: Data): void {
  for (const [type, lost] of Object.entries((data['lost'] ?? {}) as Record<string, { offset: number }>))
    state.offsets[type] = lost.offset
}

function adoptConfig(state: State, data: Data): void {
  const changed = data['new'] as Record<string, string | number | boolean> | undefined
  if (changed === undefined) return
  state.config = { ...state.config, ...changed }
  if (isProfile(changed['signingProfile'])) state.profile = changed['signingProfile']
}
