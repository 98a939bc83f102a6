// The integrity control of the open day, made before it is closed (17.4): every record since the newest closed day, by all rules.
import { isFiscalError, type Queue } from '@sigillo/core'
import type { Finding } from '@sigillo/core/verify'
import { restoreState } from '../state.js'
import { scanRange } from './create.js'

/** What the control found. */
export interface DayCheck {
  /** First and last record looked at; absent when there was none. */
  readonly range?: { readonly from: number; readonly to: number }
  readonly records: number
  /** What is wrong; warnings are left out. */
  readonly findings: readonly Finding[]
}

/**
 * Verifies the records since the newest closed day. A closing is not stopped by what it finds: report it by event 90
 * ({@link dayDefect}), then close.
 */
export async function checkOpenDay(queue: Pick<Queue, 'id' | 'records' | 'find' | 'head' | 'totals'>): Promise<DayCheck> {
  const { closedDays, archive } = restoreState(queue.totals() as never)
  const range = { from: Math.max(archive.next, (closedDays.at(-1)?.[2] ?? -1) + 1), to: Number(queue.head().seq) }
  if (range.from > range.to) return { records: 0, findings: [] }
  try {
    const { report } = (await scanRange(queue, range)).scanned
    return { range, records: report.records, findings: report.findings.filter(({ severity }) => severity === 'error') }
  } catch (error) {
    if (!isFiscalError(error)) throw error
    // The store itself cannot read on: that is what there is to tell.
    const { code, message, details } = error
    const seq = typeof details['firstBad'] === 'number' ? details['firstBad'] : null
    return { range, records: 0, findings: [{ seq, code, where: 'storage', message, severity: 'error' }] }
  }
}

/** Content of the event 90 that tells of defects; undefined when there are none. */
export function dayDefect({
  range,
  findings,
}: DayCheck): { readonly code: 90; readonly info: string; readonly data: Record<string, unknown> } | undefined {
  if (findings.length === 0) return undefined
  const [first] = findings
  return {
    code: 90,
    info: `Contrôle de la journée ${findings.length} défauts ${first?.code ?? ''} n° ${first?.seq ?? '-'}`,
    data: {
      ...range,
      count: findings.length,
      findings: findings
        .slice(0, 20)
        .map(({ seq, code, where }) => `${seq ?? '-'} ${code} ${where}`)
        .join(' | '),
    },
  }
}
