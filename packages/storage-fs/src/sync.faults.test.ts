// Failing syncs and writes at every place of a working day (FORMAT 9.2, 9.3; statements J-19 to J-23).
import { isFiscalError } from '@sigillo/core'
import { tickets } from '@sigillo/testing'
import { describe, expect, it } from 'vitest'
import { folderIn, type Worker } from './faults.fixture.js'
import { closingAfter, codeOf, countCalls, dayWith, orderViolations, syncsAgain, violationsAfter } from './sync.fixture.js'

/** Bytes between two short writes; every count with `npm run test:long`. */
const STEP = process.env['SIGILLO_LONG'] === '1' ? 1 : 149
const LIVE = /\/j-\d+-\d+\.jsonl$/

describe('failing syncs', () => {
  it('J-19 J-20 a failed sync of a journal file acknowledges nothing, ends the handle, loses nothing earlier, and is never retried', async () => {
    const count = await countCalls('datasync', LIVE)
    expect(count).toBeGreaterThan(10)
    for (let nth = 1; nth <= count; nth++) {
      const day = await dayWith({ operation: 'datasync', path: LIVE, nth })
      expect(day.failed?.operation).toBe('datasync')
      // A sync of opening (FORMAT 10.4) stops the opening; one of an append leaves its outcome open.
      expect(['STORAGE_UNCERTAIN', 'STORAGE_FAILED']).toContain(codeOf(day.error))
      expect(syncsAgain(day)).toBe(0)
      expect(await violationsAfter(day)).toEqual([])
    }
  })

  it('J-19 a failed sync of any file or directory loses nothing that was acknowledged', async () => {
    const count = await countCalls(['sync', 'datasync', 'syncDirectory'], /./)
    for (let nth = 1; nth <= count; nth++) {
      const day = await dayWith({ operation: ['sync', 'datasync', 'syncDirectory'], nth })
      expect(await violationsAfter(day)).toEqual([])
      expect(syncsAgain(day) === 0 || day.failed?.operation === 'syncDirectory').toBe(true)
    }
  })

  it('J-19 after a failed sync the handle is dead', async () => {
    for (const operation of ['write', 'datasync', 'syncDirectory'] as const) {
      const day = await dayWith(undefined, async (worker) => {
        await worker.create()
        await worker.open()
        const batch = await worker.journal.seal(2, tickets('a', 2))
        const path = operation === 'syncDirectory' ? undefined : LIVE
        worker.world.disk.fail({ operation, ...(path !== undefined && { path }), when: 'after' })
        if (operation === 'syncDirectory') await fillAlmost(worker)
        const first = worker.writer.append(
          worker.journal.head(),
          operation === 'syncDirectory' ? await worker.journal.seal(2, tickets('new-file', 1)) : batch,
        )
        await expect(first).rejects.toMatchObject({ code: 'STORAGE_UNCERTAIN', registered: 'unknown' })
        await expect(worker.writer.append(worker.journal.head(), batch)).rejects.toMatchObject({ code: 'QUEUE_CLOSED' })
      })
      expect(day.error).toBeUndefined()
      expect(await violationsAfter(day)).toEqual([])
    }
  })

  it('J-23 no acknowledgement precedes the sync that covers it, nor the directory’s for a new file, nor the look for a later writer', async () => {
    expect(await orderViolations()).toEqual([])
  })
})

// Up to and including the last place of the segment, so that the next batch needs a new file.
async function fillAlmost(worker: Worker): Promise<void> {
  await worker.fillSegment('fill')
}

describe('failing writes', () => {
  it('J-21 a short write at any byte count acknowledges nothing of the batch', async () => {
    const oneBatch = async (worker: Worker): Promise<void> => {
      await worker.create()
      await worker.open()
      await worker.append(tickets('a', 2))
      await worker.append(tickets('b', 2))
    }
    const whole = await dayWith(undefined, oneBatch)
    const length = whole.world.disk.trace.findLast(({ operation, path }) => operation === 'write' && LIVE.test(path))
      ?.bytes as number
    expect(length).toBeGreaterThan(1000)
    for (let bytes = 0; bytes < length; bytes += STEP) {
      // Without an error, as Node reports it, and with one.
      for (const errno of ['none', 'ENOSPC', 'EIO']) {
        const day = await dayWith({ operation: 'write', path: LIVE, nth: 4, bytes, errno }, oneBatch)
        expect(isFiscalError(day.error) && day.error.kind).toBe('storage')
        expect(day.promised.records).toBe(4)
        expect(await violationsAfter(day)).toEqual([])
      }
    }
  })

  it('J-22 no space at any write leaves a queue that opens, has all that was acknowledged, and takes a closing when space is back', async () => {
    const count = await countCalls('write', LIVE)
    expect(count).toBeGreaterThan(10)
    for (let nth = 2; nth <= count; nth++) {
      const day = await dayWith({ operation: 'write', path: LIVE, nth, errno: 'ENOSPC', bytes: 100 * (nth % 4) })
      expect(['STORAGE_FULL', 'STORAGE_UNCERTAIN']).toContain(codeOf(day.error))
      const { reader, records } = await readBack(day)
      expect(records).toBeGreaterThanOrEqual(day.promised.records)
      await reader.close()
      const { reason } = await closingAfter(day, day.offered.slice(0, records))
      expect(reason).toBe('write-error')
    }
  })

  it('J-22 no space for any file or name loses nothing that was acknowledged', async () => {
    const operation = ['write', 'create', 'makeDirectory', 'rename'] as const
    const count = await countCalls(operation, /./)
    for (let nth = 1; nth <= count; nth += 2)
      expect(await violationsAfter(await dayWith({ operation, nth, errno: 'ENOSPC' }))).toEqual([])
  })
})

async function readBack(day: Awaited<ReturnType<typeof dayWith>>) {
  await day.worker?.end(false).catch(() => undefined)
  const reader = await (await folderIn(day.world)).openReader()
  return { reader, records: Number((await reader.head()).seq) + 1 }
}
