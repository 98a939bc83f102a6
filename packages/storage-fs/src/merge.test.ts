// Many segments, few runs, no reference lost.
import { readdirSync } from 'node:fs'
import { appendTo, openEpoch } from '@sigillo/testing'
import { describe, expect, it } from 'vitest'
import { diskPlace, QUEUE } from './disk.test-support.js'
import { completeSegment, newPlace } from './folder.test-support.js'
import { join, parseRun } from './paths.js'

describe('merging runs', () => {
  it('keeps runs few and gives every reference of every age, also to the next process', async () => {
    const place = await diskPlace(2)
    await (await place.storage()).create(place.journal.genesis)
    const writer = await place.begin()
    let most = 0
    for (let i = 0; i < 90; i++) {
      await appendTo(place.journal, writer, [{ type: 'ticket', payload: { i }, ref: `ref-${i}` }])
      await completeSegment(place, writer, `s${i}`)
      await writer.maintain()
      most = Math.max(most, (await place.disk.fileSystem.list(`${QUEUE}/refs`)).length)
    }
    expect(most).toBeLessThanOrEqual(5)
    const check = async (reader: Pick<typeof writer, 'byRef'>): Promise<void> => {
      for (const { body } of place.journal.kept) {
        if (body.ref !== undefined) expect(Number((await reader.byRef(body.ref))?.seq), body.ref).toBe(body.seq)
      }
      for (let i = 0; i < 200; i++) expect(await reader.byRef(`never-${i}`)).toBeUndefined()
    }
    await check(writer)
    await writer.close()
    const next = await (await place.storage()).openWriter()
    await check(next)
    // A miss is known at once: no promise, no turn of the event loop.
    expect(next.byRef('never')).toBeUndefined()
    await next.close()
  })

  it('J-38 a merge interrupted between its two runs and its result leaves an index that covers everything once', async () => {
    const place = await diskPlace(2)
    await (await place.storage()).create(place.journal.genesis)
    const writer = await place.begin()
    for (let i = 0; i < 3; i++) await completeSegment(place, writer, `s${i}`)
    const lost: ReturnType<typeof place.disk.afterPowerLoss>[] = []
    place.disk.onChange = () => lost.push(...place.disk.explore(4, lost.length))
    await writer.maintain()
    place.disk.onChange = undefined
    place.machine.reboot()
    const refs = place.journal.kept.flatMap(({ body }) => (body.ref === undefined ? [] : [[body.ref, body.seq] as const]))
    for (const [at, disk] of lost.entries()) {
      const next = await (await place.storage(disk)).openWriter()
      for (const [ref, seq] of refs) expect(Number((await next.byRef(ref))?.seq), `loss ${at}: ${ref}`).toBe(seq)
      await next.close()
    }
    expect(lost.length).toBeGreaterThan(60)
  })

  it('runs cover the sealed records without a gap or overlap', async () => {
    const place = await newPlace(2)
    for (let run = 0; run < 4; run++) {
      const writer = await (await place.storage()).openWriter()
      await openEpoch(place.journal, writer)
      for (let i = 0; i < 4; i++) await completeSegment(place, writer, `r${run}-${i}`)
      await writer.maintain()
      await writer.close()
      const runs = readdirSync(join(place.path, 'refs'))
        .map(parseRun)
        .sort((a, b) => (a?.first ?? 0) - (b?.first ?? 0))
      let next = 0
      for (const each of runs) {
        expect(each?.first).toBe(next)
        next = (each?.last ?? 0) + 1
      }
      expect(next).toBe(place.journal.kept.length - (place.journal.kept.length % 4))
    }
  })
})
