// Country kit: determinism, purity, restoring. Driven through the country's functions alone, so that runs can be compared byte for byte.
import { canonical } from '@sigillo/core'
import type { JsonObject } from '@sigillo/core'
import { withoutWorld } from './ambient.js'
import { check, checkSame } from './check.js'
import { driveAll, freshDrive, type CountryCase } from './country-bench.js'
import { driveNotice, driveRequest, linesOf, startDrive, type AnyRequest, type Drive } from './country-drive.js'

/** Types only core may write (records of the journal and of keys). */
const RESERVED = /^(sys|key|cert|policy|approval|signer|pin|backup|anchor|number)\./

/** Cases about pure functions. */
export const pureCases: readonly CountryCase[] = [
  {
    name: 'country: the same requests at the same places give the same bytes',
    run: async (bench) => {
      const first = await freshDrive(bench)
      const second = startDrive(bench.country(), first.journal.upTo(1), bench.startMs)
      await driveAll(bench, first)
      await driveAll(bench, second)
      checkSame(linesOf(second.journal.kept), linesOf(first.journal.kept), 'the lines of the second run')
      check(first.journal.kept.length > bench.requests.length, 'the sample became fewer records than requests')
    },
  },
  {
    name: 'country: nothing ambient is read: no clock, no chance, no network',
    run: async (bench) => {
      const drive = await freshDrive(bench, withoutWorld)
      await driveAll(bench, drive)
      const { country } = drive
      for (const record of drive.journal.kept) {
        withoutWorld(() => country.print(record))
        withoutWorld(() => country.answer?.(record))
      }
      withoutWorld(() => country.restore(country.totals(drive.state)))
      const auditor = withoutWorld(() => country.auditor?.())
      for (const record of drive.journal.kept) withoutWorld(() => auditor?.next(record))
      withoutWorld(() => auditor?.totals())
    },
  },
  {
    name: 'country: deciding changes no state, accepted or refused',
    run: async (bench) => {
      const drive = await freshDrive(bench)
      const { country } = drive
      const untouched = async (request: AnyRequest, accepted: boolean): Promise<void> => {
        const before = canonical(country.totals(drive.state))
        const trial: Drive = {
          ...drive,
          journal: drive.journal.upTo(drive.journal.kept.length),
          country: { ...country, fold: () => undefined },
        }
        await driveRequest(trial, request).catch((error: unknown) => {
          if (accepted) throw error
        })
        checkSame(canonical(country.totals(drive.state)), before, `totals after deciding ${String(request['type'])}`)
      }
      for (const request of bench.requests) {
        await untouched(request, true)
        await driveRequest(drive, request)
        drive.ms += bench.step
      }
      for (const { request } of bench.refused ?? []) await untouched(request, false)
    },
  },
  {
    name: 'J-41 country: totals survive totals and restore at any point, and what follows is the same',
    run: async (bench) => {
      const whole = await freshDrive(bench)
      await driveNotice(whole, { kind: 'opened', software: 'kit', reason: 'start' })
      const points: { readonly records: number; readonly totals: JsonObject; readonly ms: number }[] = []
      for (const request of bench.requests) {
        const totals = JSON.parse(canonical(whole.country.totals(whole.state))) as JsonObject
        points.push({ records: whole.journal.kept.length, totals, ms: whole.ms })
        await driveRequest(whole, request)
        whole.ms += bench.step
      }
      for (const [i, { records, totals, ms }] of points.entries()) {
        const country = bench.country()
        const drive: Drive = {
          country,
          journal: whole.journal.upTo(records),
          state: country.restore(totals),
          ms,
          around: (work) => work(),
        }
        checkSame(canonical(country.totals(drive.state)), canonical(totals), `totals restored before request ${i}`)
        for (const request of bench.requests.slice(i)) {
          await driveRequest(drive, request)
          drive.ms += bench.step
        }
        checkSame(
          linesOf(drive.journal.kept.slice(records)),
          linesOf(whole.journal.kept.slice(records)),
          `lines after restoring before request ${i}`,
        )
        checkSame(
          canonical(country.totals(drive.state)),
          canonical(whole.country.totals(whole.state)),
          `totals at the end, restored before request ${i}`,
        )
      }
    },
  },
  {
    name: 'country: types are its own and every decision keeps the limits of the format',
    run: async (bench) => {
      const drive = await freshDrive(bench)
      await driveAll(bench, drive)
      for (const { body } of drive.journal.kept.slice(1)) {
        const own = /^[a-z][a-z0-9._-]{0,63}$/.test(body.type) && !RESERVED.test(body.type)
        check(own || body.type === 'sys.checkpoint', `type ${body.type} belongs to core`)
        check(
          new TextEncoder().encode(JSON.stringify(body.x ?? {})).length <= 2048,
          `the signed statement of record ${body.seq} exceeds 2 KiB`,
        )
      }
      canonical(drive.country.totals(drive.state))
    },
  },
]
