// A till under a key policy keeps an audit log: doctor holds it against the journal, the next closing tells of what was done to it.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildCli, SHOP, type CliUnderTest } from '../cli.fixture.js'

const rule = { suites: ['es256'] }
const POLICY = { policyId: 'shop', version: 1, operations: { record: { ...rule, maxPerDay: 1000 } } }

describe('conflict 22: the audit log of a till', () => {
  let cli: CliUnderTest
  let day = 0
  const log = (): string => join(cli.work, 'shop.keys', 'audit.jsonl')
  const row = async (): Promise<string> =>
    (await cli.run(['doctor', 'shop'])).stdout.split('\n').find((line) => line.includes('audit log')) ?? ''
  const close = async (): Promise<void> => {
    const posMoment = `2026-03-${14 + day++}T20:00:00Z`
    const input = `${JSON.stringify({ type: 'closing', kind: 'day', key: `Z${day}`, operatorId: 'A', posMoment })}\n`
    const ran = await cli.run(['record', 'shop', '-'], { input })
    expect(ran.code, ran.stdout + ran.stderr).toBe(0)
  }
  beforeAll(async () => {
    cli = buildCli()
    await cli.run(['init', 'shop', ...SHOP])
    writeFileSync(join(cli.work, 'policy.json'), JSON.stringify(POLICY))
    const set = await cli.run(['key', 'policy', 'shop', '--set', 'policy.json', '--actor', 'carla', '--reason', 'limits'])
    expect(set.code, set.stderr).toBe(0)
    const start = '{"type":"start","key":"START","operatorId":"A","posMoment":"2026-03-13T07:00:00Z"}\n'
    await cli.run(['record', 'shop', '-'], { input: start })
  }, 60_000)
  afterAll(() => cli?.remove())

  it('before and after a closing it is what the journal tells', async () => {
    expect(await row()).toBe('')
    await close()
    expect(await row()).toMatch(/✔ audit log .*holds what record #\d+ tells of it: \d+ lines/)
  })

  it.each([
    ['cut', () => writeFileSync(log(), `${readFileSync(log(), 'utf8').split('\n')[0]}\n`), /✘ audit log .*was cut/],
    ['gone', () => rmSync(log()), /✘ audit log .*is gone/],
  ])('when it was %s, doctor says so at once and the journal from the next closing on', async (_, change, said) => {
    change()
    expect(await row()).toMatch(said)
    await close()
    expect(await row()).toMatch(/✘ audit log .*record #\d+ of the journal tells that it was cut/)
    // The closing after that finds it as it was told of.
    await close()
    expect(await row()).toMatch(/✔ audit log/)
  })
})
