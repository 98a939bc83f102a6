// A queue of core whose beginning was purged goes on: it opens, sells, remembers old keys and verifies from the floor.
import { canonical, createQueue, openQueue, parseLine, utf8, type ParsedLine } from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import { bareCountry } from '@sigillo/testing'
import { existsSync, readFileSync, rmSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { errorOf, linesOf, temporaryDirectory } from './folder.test-support.js'
import { openFolder } from './open-folder.js'
import { join } from './paths.js'

const parsed = (line: string): ParsedLine => parseLine(utf8(line)) as ParsedLine

describe('a purged queue', () => {
  it('J-46 opens, goes on selling, refuses old keys, and keeps no content of what went', async () => {
    const path = join(temporaryDirectory(), 'queue')
    const signer = await softwareSigner()
    const common = { country: bareCountry(), signer }
    const sale = (name: string): object => ({
      type: 'ticket',
      key: name,
      amount: 5,
      lines: [{ text: 'secret bread', amount: 5 }],
    })
    const queue = await createQueue({ ...common, storage: await openFolder(path), segBits: 6 })
    await queue.record({ type: 'invoice', key: 'only', amount: 7, lines: [{ text: 'secret roll', amount: 7 }] })
    for (let i = 0; i < 200; i++) await queue.record(sale(`A-${i}`))
    await queue.record({ type: 'closing', key: 'closing' })
    const totals = canonical(queue.totals())
    const archive = { name: 'archive', sha256: 'a'.repeat(64) }
    const refuse = async (change: object, path: string): Promise<void> => {
      const order = { floor: 128n, archive, receipt: '{}', ...change }
      expect(await errorOf(queue.purge(order))).toMatchObject({ code: 'OPTION_INVALID', path })
    }
    const rootAt192 = (await queue.prove(0n, 192n)).root
    const head = queue.head()
    await refuse({ floor: 100n }, 'floor')
    await refuse({ floor: 0n }, 'floor')
    await refuse({ floor: 12_800n }, 'floor')
    await refuse({ archive: { name: 'archive', sha256: '' } }, 'archive')
    expect(queue.head()).toEqual(head)
    const last = (await queue.find(127n))?.hash as string
    const purged = await queue.purge({ floor: 128n, archive, receipt: '{}' })
    expect(purged).toMatchObject({
      outcome: 'registered',
      record: { body: { type: 'sys.purge' }, payload: { floor: 128, last } },
    })
    // Ordered again nothing is written twice.
    const again0 = await queue.purge({ floor: 128n, archive, receipt: '{}' })
    expect(again0).toMatchObject({ outcome: 'registered', replayed: true, hash: (purged as { hash: string }).hash })
    await queue.close()
    expect(existsSync(join(path, 's-000000000064.jsonl'))).toBe(false)
    expect(readFileSync(join(path, 'kept.jsonl'), 'utf8')).not.toContain('secret')
    const again = await openQueue({ ...common, storage: await openFolder(path) })
    expect(canonical(again.totals())).toBe(totals)
    expect(await again.record(sale('A-3'))).toMatchObject({ outcome: 'rejected', error: { code: 'RECORD_PURGED' } })
    expect((await again.record(sale('B-1'))).outcome).toBe('registered')
    await again.close()
    // Every ordinary kept state lost: the one the purge left still opens the queue.
    for (const name of readdirSync(path)) if (name.startsWith('snapshot-')) rmSync(join(path, name))
    const once = await openQueue({ ...common, storage: await openFolder(path) })
    expect((await once.record(sale('B-2'))).outcome).toBe('registered')
    await once.close()
    const reader = await (await openFolder(path)).openReader()
    expect((await errorOf(linesOf(reader))).code).toBe('RECORD_PURGED')
    expect(parsed((await linesOf(reader, 128n))[0] as string).body.prev).toBe(last)
    await reader.close()
    // Years later more goes: the tree of what is gone already stands in the first record.
    const later = await openQueue({ ...common, storage: await openFolder(path) })
    await expect(later.purge({ floor: 64n, archive, receipt: '{}' })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      path: 'floor',
    })
    for (let i = 0; later.head().seq < 270n; i++) await later.record(sale(`C-${i}`))
    const more = await later.purge({ floor: 192n, archive: { name: 'second', sha256: 'b'.repeat(64) }, receipt: '{}' })
    expect(more).toMatchObject({ outcome: 'registered', record: { payload: { floor: 192, root: rootAt192 } } })
    await later.close()
  })
})
