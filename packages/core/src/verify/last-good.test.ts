import { softwareSigner } from '@sigillo/signer-software'
import { bareCountry, memoryStorage } from '@sigillo/testing'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../bytes.js'
import type { JsonObject } from '../canonical.js'
import { createQueue, openQueue } from '../queue/open.js'
import type { Storage } from '../storage.js'
import { treeRoot } from '../tree.js'
import { lastGood, type LastGood } from './last-good.js'
import { predecessorIn, statementsOn, type Predecessor } from './predecessor.js'
import { verifyChunks } from './verify.js'

const signer = await softwareSigner()

async function linesIn(storage: Storage): Promise<string[]> {
  const lines: string[] = []
  for await (const { line } of (await storage.openReader()).read(0n)) lines.push(new TextDecoder().decode(line))
  return lines
}

/** A journal of sales and a closing that takes several records. */
async function journal(): Promise<string[]> {
  const storage = memoryStorage()
  const queue = await createQueue({ country: bareCountry(), storage, signer })
  for (let n = 0; n < 5; n++) await queue.record({ type: 'ticket', key: `A-${n}`, amount: n })
  await queue.record({ type: 'closing', key: 'Z', events: 3 })
  await queue.record({ type: 'ticket', key: 'B', amount: 1 })
  await queue.close()
  return linesIn(storage)
}

const chunks = (lines: readonly string[]): { bytes: Uint8Array }[] => [{ bytes: utf8(lines.map((line) => `${line}\n`).join('')) }]
async function* source(lines: readonly string[]): AsyncIterable<{ bytes: Uint8Array }> {
  yield* await Promise.resolve(chunks(lines))
}
const goodOf = (lines: readonly string[]): Promise<LastGood> => lastGood(() => source(lines))
const hashOf = (line: string | undefined): string => (JSON.parse(line as string) as { hash: string }).hash
const altered = (line: string): string => line.replace(/"payload":\{"/, '"payload":{"A')
const withoutMore = (line: string): boolean => (JSON.parse(line) as { body: { more?: number } }).body.more === undefined

describe('what a successor may name', () => {
  it('is every record of a sound journal', async () => {
    const lines = await journal()
    const { predecessor, fault, report } = await goodOf(lines)
    expect(predecessor).toEqual({
      queue: report.queue,
      size: lines.length,
      root: treeRoot(lines.map(hashOf)),
      hash: hashOf(lines.at(-1)),
    })
    expect(fault).toBeUndefined()
  })

  it('ends before the first record at fault, with a whole request, wherever the damage lies', async () => {
    const lines = await journal()
    for (let bad = 0; bad < lines.length; bad++) {
      const { predecessor, fault } = await goodOf(lines.map((line, seq) => (seq === bad ? altered(line) : line)))
      let size = bad
      while (size > 0 && !withoutMore(lines[size - 1] as string)) size -= 1
      expect(fault?.seq, String(bad)).toBe(bad)
      if (size === 0) expect(predecessor).toBeUndefined()
      else
        expect(predecessor, String(bad)).toMatchObject({
          size,
          root: treeRoot(lines.slice(0, size).map(hashOf)),
          hash: hashOf(lines[size - 1]),
        })
    }
    const torn = await goodOf([...lines, '{"body":{"alg":"torn'])
    expect([torn.predecessor?.size, torn.fault?.code]).toEqual([lines.length, 'LINE_MALFORMED'])
    expect((await goodOf([])).predecessor).toBeUndefined()
  })
})

describe('a successor', () => {
  it('names its predecessor and the reason in genesis, in a journal that is sound, and cannot be opened as the successor of another', async () => {
    const old = await journal()
    const predecessor: Predecessor = { ...((await goodOf(old)).predecessor as Predecessor), reason: 'key lost' }
    const storage = memoryStorage()
    const options = { country: bareCountry(), storage, signer }
    await (await createQueue({ ...options, predecessor: { ...predecessor, more: 'not written' } as Predecessor })).close()
    const lines = await linesIn(storage)
    const { payload } = JSON.parse(lines[0] as string) as { payload: JsonObject }
    expect(payload['predecessor']).toEqual(predecessor)
    expect(predecessorIn(payload)).toEqual(predecessor)
    const report = await verifyChunks(chunks(lines))
    expect(report).toMatchObject({ findings: [], predecessor })
    await (await openQueue({ ...options, predecessor })).close()
    for (const change of [{ size: 1 }, { hash: 'a'.repeat(64) }, { root: 'a'.repeat(64) }, { queue: report.queue }])
      await expect(openQueue({ ...options, predecessor: { ...predecessor, ...change } })).rejects.toMatchObject({
        code: 'OPTION_INVALID',
        path: 'predecessor',
      })
  })

  it('states of the old journal what that one must be: another queue, an earlier end and another history are found', async () => {
    const old = await journal()
    const predecessor = (await goodOf(old)).predecessor as Predecessor
    const found = async (lines: readonly string[], named: Predecessor = predecessor): Promise<string[]> =>
      (await verifyChunks(chunks(lines), statementsOn(named))).findings.map(({ seq, code }) => `${seq} ${code}`)
    const last = old.length - 1
    expect(await found(old)).toEqual([])
    expect(await found(await journal())).toEqual([`null QUEUE_WRONG`, `${last} FORK`])
    expect(await found(old.slice(0, -1))).toEqual([`${last} TAIL_MISSING`, `${last} TAIL_MISSING`])
    expect(await found(old, { ...predecessor, hash: 'a'.repeat(64) })).toEqual([`${last} FORK`])
    expect(await found(old, { ...predecessor, root: 'a'.repeat(64) })).toEqual([`${last} FORK`])
  })

  it('with a predecessor that is not in form has no proper genesis', () => {
    const good = { queue: '01939c2e-7a10-7000-8000-000000000001', size: 3, root: 'a'.repeat(64), hash: 'b'.repeat(64) }
    for (const change of [{ queue: 'x' }, { size: -1 }, { root: 'A' }, { hash: 1 }, { reason: 5 }])
      expect(predecessorIn({ predecessor: { ...good, ...change } as unknown as JsonObject })).toBeUndefined()
    expect(predecessorIn({ predecessor: null })).toBeUndefined()
    expect(predecessorIn({ predecessor: good })).toEqual(good)
  })
})
