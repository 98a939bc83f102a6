// Country kit: the country's judge over its own journal and over content someone else wrote.
import { canonical } from '@sigillo/core'
import type { FiscalRecord, JsonObject, SealedRecord } from '@sigillo/core'
import { verifyChunks } from '@sigillo/core/verify'
import { checkSame } from './check.js'
import { driveAll, freshDrive, lineText, recordsOf, worked, type CountryCase } from './country-bench.js'

/** Cases about the auditor. */
export const auditCases: readonly CountryCase[] = [
  {
    name: 'country: its auditor finds nothing in its own journal, and follows the same totals',
    run: async (bench) => {
      const { queue } = await worked(bench)
      await queue.checkpoint()
      const records = await recordsOf(queue)
      const auditor = bench.country().auditor?.()
      const bytes = new TextEncoder().encode(records.map((record) => `${lineText(record)}\n`).join(''))
      const report = await verifyChunks([{ bytes }], { ...(auditor !== undefined && { auditor }) })
      checkSame(
        report.findings.filter(({ severity }) => severity === 'error'),
        [],
        'findings',
      )
      if (auditor?.totals() !== undefined)
        checkSame(canonical(auditor.totals()), canonical(queue.totals()), 'totals of the auditor')
      await queue.close()
    },
  },
  {
    name: 'country: its auditor answers hostile content with findings, never with an exception',
    run: async (bench) => {
      const drive = await freshDrive(bench)
      await driveAll(bench, drive)
      for (const change of hostileChanges) {
        const auditor = bench.country().auditor?.()
        if (auditor === undefined) return
        for (const record of drive.journal.kept) {
          auditor.next(change(record))
          auditor.next(record)
        }
        auditor.broken()
        for (const record of drive.journal.kept) auditor.next(record)
        auditor.totals()
      }
    },
  },
]

// Records as someone with the key could have written them, or whose content was blanked.
const hostileChanges: readonly ((record: SealedRecord) => FiscalRecord)[] = [
  (record) => ({ ...record, payload: null }),
  (record) => ({ ...record, payload: [] }),
  (record) => ({ ...record, payload: 'text' }),
  (record) => ({ ...record, payload: {} }),
  (record) => ({ ...record, payload: mapLeaves(record.payload, () => ({ kit: 1 })) as JsonObject }),
  (record) => ({ ...record, payload: mapLeaves(record.payload, () => null) as JsonObject }),
  (record) => ({ ...record, payload: mapLeaves(record.payload, (leaf) => (typeof leaf === 'string' ? 7 : 'kit')) as JsonObject }),
  ({ body: { x: _x, ...body }, ...record }) => ({ ...record, body }),
  ({ body, ...record }) => ({
    ...record,
    body: { ...body, x: Object.fromEntries(Object.keys(body.x ?? {}).map((name) => [name, 'kit'])) },
  }),
  ({ body, ...record }) => ({
    ...record,
    body: { ...body, x: Object.fromEntries(Object.keys(body.x ?? {}).map((name) => [name, -1])) },
  }),
]

function mapLeaves(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((member) => mapLeaves(member, change))
  if (typeof value !== 'object' || value === null) return change(value)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, mapLeaves(member, change)]))
}
