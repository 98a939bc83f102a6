// A queue whose beginning was purged, under the commands that read it (FORMAT 14).
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createQueue } from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { bareCountry } from '@sigillo/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildCli, type CliUnderTest } from './cli.fixture.js'

let cli: CliUnderTest
beforeAll(async () => {
  cli = buildCli()
  const storage = await openFolder(join(cli.work, 'shop'), { reserveBytes: 0 })
  const queue = await createQueue({ country: bareCountry(), storage, signer: await softwareSigner(), segBits: 6 })
  const sell = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n++) await queue.record({ type: 'ticket', key: `A-${n}`, amount: n })
  }
  await sell(0, 90)
  await queue.changeKey({ signer: await softwareSigner(), reason: 'scheduled' })
  await sell(90, 200)
  await queue.record({ type: 'closing', key: 'Z' })
  const archive = { name: 'archive', sha256: createHash('sha256').update('archive').digest('hex') }
  expect((await queue.purge({ floor: 128n, archive, receipt: '{}' })).outcome).toBe('registered')
  await queue.close()
})
afterAll(() => cli?.remove())

async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await cli.run([...args, '--json'])
  expect(stderr).toBe('')
  return JSON.parse(stdout) as Record<string, unknown>
}

it('J-46 verify finds what is left of a purged queue sound and says what it could not see', async () => {
  const report = await json('verify', 'shop')
  expect(report).toMatchObject({ sound: true, findings: [] })
  expect(JSON.stringify(report['unchecked'])).toContain('records before 128')
})

it('inspect shows the floor and every key, also those from before it', async () => {
  const shown = await json('inspect', 'shop', '--last', '3')
  expect(shown).toMatchObject({ floor: 128, keys: [{ fromSeq: 0 }, { reason: 'scheduled' }] })
  expect(shown['last']).toHaveLength(3)
  expect((await cli.run(['inspect', 'shop'])).stdout).toContain('records below #128 were archived and purged')
})

it('J-46 export begins at the floor unless told otherwise, and the bundle verifies', async () => {
  expect(await json('export', 'shop', 'shop.zip')).toMatchObject({ from: 128 })
  expect(readFileSync(join(cli.work, 'shop.zip')).length).toBeGreaterThan(0)
  expect(await json('verify', 'shop.zip')).toMatchObject({ sound: true, findings: [] })
  const early = await cli.run(['export', 'shop', 'early.zip', '--from', '64'])
  expect([early.code, early.stderr.includes('RECORD_PURGED')]).toEqual([2, true])
})
