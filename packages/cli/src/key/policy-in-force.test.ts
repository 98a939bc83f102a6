// The policy a till is under stands in its journal: whoever edits, deletes or replaces the file beside the keys changes nothing.
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildCli, SHOP, type CliUnderTest, type Ran } from '../cli.fixture.js'

const person = (name: string): object => {
  const { kty, crv, x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  return { person: name, key: { kty, crv, x, y } }
}
const rule = { suites: ['es256'] }
const STRICT = {
  policyId: 'shop',
  version: 1,
  operations: { record: rule, 'key-possession': rule },
  approvers: [person('anna'), person('bruno')],
}
const LOOSE = { policyId: 'shop', version: 2, operations: { ...STRICT.operations, csr: rule } }
const WHO = ['--actor', 'mallory', '--reason', 'test']
const START = '{"type":"start","key":"START","operatorId":"A","posMoment":"2026-03-14T07:00:00Z"}\n'

describe('S-48 four eyes cannot be closed by writing to a file', () => {
  let cli: CliUnderTest
  const policyPath = (): string => join(cli.work, 'shop.keys', 'policy.json')
  const write = (name: string, policy: object): void =>
    writeFileSync(join(cli.work, name), JSON.stringify(policy), { mode: 0o600 })
  const run = (...args: string[]): Promise<Ran> => cli.run(args)
  const rotated = async (): Promise<string> => (await run('key', 'rotate', 'shop', ...WHO)).stderr
  let keyId: string
  beforeAll(async () => {
    cli = buildCli()
    expect((await run('init', 'shop', ...SHOP)).code).toBe(0)
    write('strict.json', STRICT)
    write('loose.json', LOOSE)
    const set = await run('key', 'policy', 'shop', '--set', 'strict.json', '--actor', 'carla', '--reason', 'limits', '--json')
    keyId = (JSON.parse(set.stdout) as { policy: { keyId: string } }).policy.keyId
    expect(await rotated()).toContain('APPROVAL_REQUIRED')
  }, 60_000)
  afterAll(() => cli?.remove())

  it.each([
    ['replaced by a looser one', () => write('shop.keys/policy.json', { keyId, ...LOOSE })],
    [
      'edited in place',
      () => writeFileSync(policyPath(), readFileSync(policyPath(), 'utf8').replace('"version": 1', '"version": 9')),
    ],
    ['deleted', () => rmSync(policyPath(), { force: true })],
  ])('a policy file that was %s: the journal’s stays in force and the command says so', async (_, change) => {
    change()
    for (const attempt of [await rotated(), (await run('key', 'policy', 'shop', '--set', 'loose.json', ...WHO)).stderr]) {
      expect(attempt).toContain('APPROVAL_REQUIRED')
    }
    const request = await run('key', 'request', 'shop', '--subject', 'CN=till')
    expect(request.stderr).toMatch(/OPERATION_NOT_ALLOWED|not list csr/)
    const sold = await cli.run(['record', 'shop', '-'], { input: START })
    expect(sold.code, sold.stderr).toBe(0)
    expect(sold.stderr).toContain('policy.json is not the policy the journal names')
    expect(JSON.parse((await run('key', 'policy', 'shop', '--json')).stdout)).toMatchObject({ policy: { version: 1, keyId } })
  })
})
