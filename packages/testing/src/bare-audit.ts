// The bare country's judge: the totals stated in each record are those of the records before it.
import type { CountryAuditor, CountryFinding, FiscalRecord } from '@sigillo/core'
import { foldBare, initialBare, totalsOfBare } from './bare-state.js'

/** A fresh judge. */
export function bareAuditor(): CountryAuditor {
  const state = initialBare()
  return {
    next: (record) => {
      foldBare(state, record)
      return findingsIn(record, String(state.gt), state.totals.get(record.body.type))
    },
    totals: () => totalsOfBare(state),
  }
}

function findingsIn({ body }: FiscalRecord, gt: string, total: bigint | undefined): readonly CountryFinding[] {
  if (body.x === undefined || body.type.startsWith('sys.')) return []
  const seq = BigInt(body.seq)
  const findings: CountryFinding[] = []
  if (body.x['gt'] !== gt) findings.push({ seq, code: 'XX_TOTAL_WRONG', where: 'body.x.gt', message: `grand total is ${gt}, the record says ${body.x['gt']}` })
  if (body.x['total'] !== undefined && body.x['total'] !== String(total)) {
    findings.push({ seq, code: 'XX_TOTAL_WRONG', where: 'body.x.total', message: `total of ${body.type} is ${total}, the record says ${body.x['total']}` })
  }
  return findings
}
