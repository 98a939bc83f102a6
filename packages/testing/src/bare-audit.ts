// The bare country's judge: the totals stated in each record are those of the records before it.
import type { CountryAuditor, CountryFinding, FiscalRecord } from '@sigillo/core'
import { centsIn, foldBare, initialBare, totalsOfBare, type BareState } from './bare-state.js'

/** A fresh judge. */
export function bareAuditor(): CountryAuditor {
  const state = initialBare()
  let whole = true
  // Totals not known any more since a break; `gt` stands for the one over all.
  const lost = new Set<string>()
  return {
    next: (record) => {
      foldBare(state, record)
      takeStated(state, record, lost)
      return findingsIn(record, String(state.gt), state.totals.get(record.body.type))
    },
    broken: () => {
      whole = false
      for (const name of ['gt', 'ticket', 'invoice']) lost.add(name)
    },
    totals: () => (whole ? totalsOfBare(state) : undefined),
  }
}

// After a break the first statement of each total is believed, and the next ones are measured by it.
function takeStated(state: BareState, { body }: FiscalRecord, lost: Set<string>): void {
  const { gt, total } = body.x ?? {}
  if (gt !== undefined && lost.delete('gt')) state.gt = centsIn(gt)
  if (total !== undefined && lost.delete(body.type)) state.totals.set(body.type, centsIn(total))
}

function findingsIn({ body }: FiscalRecord, gt: string, total: bigint | undefined): readonly CountryFinding[] {
  if (body.x === undefined || body.type.startsWith('sys.')) return []
  const seq = BigInt(body.seq)
  const findings: CountryFinding[] = []
  if (body.x['gt'] !== gt)
    findings.push({
      seq,
      code: 'XX_TOTAL_WRONG',
      where: 'body.x.gt',
      message: `grand total is ${gt}, the record says ${body.x['gt']}`,
    })
  if (body.x['total'] !== undefined && body.x['total'] !== String(total)) {
    findings.push({
      seq,
      code: 'XX_TOTAL_WRONG',
      where: 'body.x.total',
      message: `total of ${body.type} is ${total}, the record says ${body.x['total']}`,
    })
  }
  return findings
}
