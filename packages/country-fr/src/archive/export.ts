// Handing over data without archiving (15.4): the same container over any range, told by an event; no archive counter moves.
import type { Queue } from '@sigillo/core'
import type { France } from '../france.js'
import { sealOf } from '@sigillo/core'
import { compact, localTime } from '../time.js'
import { draftArchive, nameOf, outageFiles, type Archive, type ArchiveOptions } from './create.js'
import { refuseInSchool } from './school.js'
import { zipFiles } from './zip.js'

/** What to export. */
export interface ExportOptions {
  readonly key: string
  readonly operatorId: string
  /** Moment of the export, ISO 8601. */
  readonly posMoment: string
  /** Number of the first and last record; by default the whole journal. */
  readonly from?: number
  readonly to?: number
  /** Reference of the officer's request: then the event is 295, otherwise 110. */
  readonly officer?: string
  /** As of an archive: files of outages that ended in the range. */
  readonly degraded?: NonNullable<ArchiveOptions['degraded']>
}

/** Exports a range, signed by the event that tells of it. */
export async function exportFiscal(queue: Queue, country: France, options: ExportOptions): Promise<Archive> {
  const { key, operatorId, posMoment, officer, from = 0 } = options
  refuseInSchool(queue)
  const to = options.to ?? Number(queue.head().seq)
  const created = new Date(posMoment).toISOString()
  const draft = await draftArchive(queue, country, {
    range: { from, to },
    number: 0,
    kind: 'export',
    created,
    previous: null,
    degraded: await outageFiles(queue, { from, to }, { degraded: options.degraded ?? [] }),
  })
  const code = officer === undefined ? 110 : 295
  const data = { manifest: draft.sha256, from, to, ...(officer !== undefined && { officer }) }
  const outcome = await queue.record({
    type: 'event',
    key,
    operatorId,
    posMoment,
    code,
    info: `Exportation ${from} à ${to} ${draft.sha256}`,
    data,
  })
  if (outcome.outcome !== 'registered') throw outcome.error
  const moment = compact(localTime(country.settings.zone, Date.parse(created)))
  const { manifest, sha256 } = draft
  return {
    name: nameOf(country, manifest).replace(/^ARCHIVE/, 'EXPORT'),
    manifest,
    manifestSha256: sha256,
    record: outcome.record,
    stream: () => zipFiles(draft.files(sealOf(outcome.record)), moment),
  }
}

/** Totals of an establishment: the sum over its tills, from their archives or exports (8.6). Never stored as a chain of its own. */
export function establishmentTotals(archives: readonly Pick<Archive, 'manifest'>[]): {
  ttc: number
  ht: number
  vat: number
  rates: Record<string, { ttc: number; ht: number; vat: number }>
  pay: Record<string, number>
} {
  const sum = {
    ttc: 0,
    ht: 0,
    vat: 0,
    rates: {} as Record<string, { ttc: number; ht: number; vat: number }>,
    pay: {} as Record<string, number>,
  }
  for (const { manifest } of archives) {
    const { totals } = manifest
    sum.ttc += totals.ttc
    sum.ht += totals.ht
    sum.vat += totals.vat
    for (const [mode, amount] of Object.entries(totals.pay)) sum.pay[mode] = (sum.pay[mode] ?? 0) + amount
    for (const [rate, amounts] of Object.entries(totals.rates)) {
      const own = (sum.rates[rate] ??= { ttc: 0, ht: 0, vat: 0 })
      own.ttc += amounts.ttc
      own.ht += amounts.ht
      own.vat += amounts.vat
    }
  }
  return sum
}
