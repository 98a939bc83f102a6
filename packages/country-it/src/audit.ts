// The Italian judge of a journal: replays it and reports numbers that do not follow and closings whose figures are not those of
// their documents (8, 9.1). Totals are the fold's.
import type { CountryAuditor, CountryFinding, FiscalRecord } from '@sigillo/core'
import { closingTotals, rowsOf } from './figures.js'
import { fold } from './fold.js'
import type { Settings } from './options.js'
import type { ClosingPayload, DocumentPayload } from './payload.js'
import { isDocument } from './reference.js'
import { initialState, newTill, totalsOf, type State } from './state.js'

/** A fresh judge. After a break in the journal figures cannot be followed, and it reports nothing more. */
export function auditItaly(settings: Settings): CountryAuditor {
  const state = initialState(settings)
  let sound = true
  return {
    next: (record) => {
      const findings = sound && record.payload !== null ? judge(settings, state, record) : []
      if (record.payload === null) sound = false
      fold(state, record)
      return findings
    },
    broken: () => void (sound = false),
    totals: () => (sound ? totalsOf(state) : undefined),
  }
}

/**
 * A judge of a journal whose settings nobody has, as in a bundle: tills and first numbers are taken from the first record that names
 * them. Totals stay unknown, as the settings are part of them.
 */
export function italianAuditor(): CountryAuditor {
  const state = initialState({ tills: [], before: { z: 0, progressive: 0 }, startsAs: 'unknown', merchant: null })
  let sound = true
  return {
    next: (record) => {
      if (record.payload === null) sound = false
      else learn(state, record)
      const zeroRow = record.body.type === 'it.closing' ? zeroGroup(record) : ''
      const findings = sound ? judge({ defaultGroup: zeroRow }, state, record) : []
      fold(state, record)
      return findings
    },
    broken: () => void (sound = false),
    totals: () => undefined,
  }
}

function learn(state: State, record: FiscalRecord): void {
  const closing = record.body.type === 'it.closing'
  if (!closing && !isDocument(record)) return
  const { till, z, n, progressive } = record.payload as unknown as DocumentPayload & ClosingPayload
  if (closing && state.progressive === 0) state.progressive = progressive - 1
  if (typeof till !== 'string' || till in state.tills) return
  state.tills[till] = { ...newTill(z - 1), n: closing ? 0 : n - 1 }
}

// The row of a closing without sales is the merchant's choice.
function zeroGroup({ payload }: FiscalRecord): string {
  const { rows } = (payload ?? {}) as unknown as Partial<ClosingPayload>
  return Array.isArray(rows) && typeof rows[0]?.group === 'string' ? rows[0].group : ''
}

function judge(settings: Pick<Settings, 'defaultGroup'>, state: State, record: FiscalRecord): CountryFinding[] {
  if (isDocument(record)) return judgeDocument(state, record)
  return record.body.type === 'it.closing' ? judgeClosing(settings, state, record) : []
}

const finding = ({ body }: FiscalRecord, code: string, where: string, message: string): CountryFinding => ({
  seq: BigInt(body.seq),
  code,
  where,
  message,
})

function judgeDocument(state: State, record: FiscalRecord): CountryFinding[] {
  const { till, z, n, groups, total } = record.payload as unknown as DocumentPayload
  const at = state.tills[till]
  if (at === undefined) return [finding(record, 'IT_TILL_UNKNOWN', 'payload.till', 'no till of this device')]
  const out: CountryFinding[] = []
  if (z !== at.z + 1 || n !== at.n + 1)
    out.push(finding(record, 'IT_NUMBER', 'payload.n', `document ${z}-${n}, ${at.z + 1}-${at.n + 1} was due`))
  if (groups.reduce((sum, { gross }) => sum + gross, 0) !== total)
    out.push(finding(record, 'IT_TOTAL', 'payload.total', 'the groups do not add up to the total'))
  return out
}

function judgeClosing(settings: Pick<Settings, 'defaultGroup'>, state: State, record: FiscalRecord): CountryFinding[] {
  const { till, z, progressive, rows, totals, grand } = record.payload as unknown as ClosingPayload
  const at = state.tills[till]
  if (at === undefined) return [finding(record, 'IT_TILL_UNKNOWN', 'payload.till', 'no till of this device')]
  const out: CountryFinding[] = []
  if (z !== at.z + 1) out.push(finding(record, 'IT_NUMBER', 'payload.z', `closing ${z}, ${at.z + 1} was due`))
  if (progressive !== state.progressive + 1)
    out.push(finding(record, 'IT_NUMBER', 'payload.progressive', `transmission ${progressive}, ${state.progressive + 1} was due`))
  const due = { rows: rowsOf(at.groups, settings.defaultGroup), totals: closingTotals(at.n, at.totals), grand: at.grand }
  for (const [name, value] of Object.entries({ rows, totals, grand })) {
    if (sorted(value) !== sorted(due[name as keyof typeof due]))
      out.push(finding(record, 'IT_FIGURES', `payload.${name}`, 'not the figures of the period’s documents'))
  }
  return out
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
