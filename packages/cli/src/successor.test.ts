// A till whose key is lost, or whose journal is damaged, and the one that continues it (FORMAT 4, 10.6).
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createQueue } from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { bareCountry } from '@sigillo/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { asPredecessor } from './predecessor.js'
import { buildCli, SHOP, type CliUnderTest } from './cli.fixture.js'

let cli: CliUnderTest
beforeAll(async () => {
  cli = buildCli()
  expect((await cli.run(['init', 'old', ...SHOP])).code).toBe(0)
  const start = { type: 'start', key: 'S', operatorId: 'A', posMoment: '2026-03-14T07:00:00Z' }
  writeFileSync(join(cli.work, 'start.json'), `${JSON.stringify(start)}\n`)
  expect((await cli.run(['record', 'old', 'start.json'])).code).toBe(0)
})
afterAll(() => cli?.remove())

async function json(code: number, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const said = await cli.run([...args, '--json'])
  expect([said.code, said.stderr]).toEqual([code, ''])
  return JSON.parse(said.stdout) as Record<string, unknown>
}

const because = (dir: string, reason = 'key lost'): string[] => ['--predecessor', dir, '--reason', reason]

it('a till whose key is lost goes on in a successor: named in its first record, told by every command, checked by verify', async () => {
  rmSync(join(cli.work, 'old.keys'), { recursive: true })
  expect((await cli.run(['record', 'old', 'start.json'])).code).toBe(2)
  const made = await json(0, 'init', 'new', ...SHOP, ...because('old'))
  const old = await json(0, 'verify', 'old')
  const named = { queue: old['queue'], size: old['records'], root: old['root'], hash: (old['head'] as { hash: string }).hash }
  expect(made['predecessor']).toEqual({ ...named, reason: 'key lost' })
  expect((await cli.run(['record', 'new', 'start.json'])).code).toBe(0)
  const both = await json(0, 'verify', 'new', '--predecessor', 'old')
  expect(both).toMatchObject({ sound: true, predecessor: named, link: { sound: true, queue: named.queue, findings: [] } })
  expect(await json(0, 'inspect', 'new')).toMatchObject({ predecessor: named, successor: null })
  const { checks } = (await json(0, 'doctor', 'new')) as { checks: { name: string; message: string }[] }
  expect(checks.find(({ name }) => name === 'predecessor')?.message).toContain(String(named.queue))
  for (const command of [['verify'], ['inspect'], ['doctor']])
    expect((await cli.run([...command, 'new'])).stdout).toMatch(/continues queue .* behind its \d+ records: key lost/)
  // The same from bundles, packed, and by hand from the second verifier.
  await json(0, 'export', 'old', 'old.zip')
  await json(0, 'export', 'new', 'new.zip')
  expect(await json(0, 'verify', 'new.zip', '--predecessor', 'old.zip')).toMatchObject({ link: { sound: true, findings: [] } })
})

it('a predecessor that is another one, was cut, forged or went on is found', async () => {
  expect(await json(1, 'verify', 'old', '--predecessor', 'new')).toMatchObject({ findings: [{ code: 'QUEUE_WRONG' }] })
  const other = (await json(1, 'verify', 'new', '--predecessor', 'new')) as { link: { findings: { code: string }[] } }
  expect(other).toMatchObject({ sound: true, link: { sound: false } })
  expect(other.link.findings.map(({ code }) => code)).toContain('QUEUE_WRONG')
  cpSync(join(cli.work, 'old'), join(cli.work, 'cut'), { recursive: true })
  rmSync(join(cli.work, 'cut', 'hint.json'))
  const file = join(
    cli.work,
    'cut',
    readdirSync(join(cli.work, 'cut'))
      .filter((name) => name.startsWith('j-'))
      .sort()
      .at(-1) as string,
  )
  const whole = readFileSync(file, 'utf8')
  writeFileSync(file, `${whole.trimEnd().split('\n').slice(0, -1).join('\n')}\n`)
  const cut = (await json(1, 'verify', 'new', '--predecessor', 'cut')) as { link: { findings: { code: string }[] } }
  expect(new Set(cut.link.findings.map(({ code }) => code))).toEqual(new Set(['TAIL_MISSING']))
})

it('of a damaged journal the successor names what is good before the damage, and says what lies behind it', async () => {
  cpSync(join(cli.work, 'old'), join(cli.work, 'hurt'), { recursive: true })
  const files = readdirSync(join(cli.work, 'hurt')).filter((name) => name.startsWith('j-'))
  const file = join(cli.work, 'hurt', files.sort().at(-1) as string)
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const { body } = JSON.parse(lines[1] as string) as { body: { seq: number } }
  lines[1] = (lines[1] as string).replace('"payload":{"', '"payload":{"A')
  writeFileSync(file, `${lines.join('\n')}\n`)
  const said = await cli.run(['init', 'after', ...SHOP, ...because('hurt', 'disk failed')])
  expect(said.code).toBe(0)
  expect(said.stdout).toMatch(new RegExp(`behind its ${body.seq} records: disk failed`))
  expect(said.stdout).toMatch(new RegExp(`#${body.seq} PAY_WRONG`))
  // The damage behind the named record is listed and does not count against the link.
  const both = (await json(0, 'verify', 'after', '--predecessor', 'hurt')) as { link: { findings: { seq: number }[] } }
  expect(both.link.findings.map(({ seq }) => seq)).toContain(body.seq)
  // The undamaged original went on behind that record: both histories exist.
  const whole = (await json(0, 'verify', 'after', '--predecessor', 'old')) as { link: object }
  expect(whole.link).toMatchObject({ sound: true, findings: [{ seq: body.seq, code: 'FORK', severity: 'warning' }] })
})

it('init refuses what cannot be continued, and makes nothing then', async () => {
  const refused = async (expected: RegExp, ...args: readonly string[]): Promise<void> => {
    const said = await cli.run(['init', 'none', ...SHOP, ...args])
    expect([said.code, said.stderr]).toEqual([2, expect.stringMatching(expected)])
    expect(readdirSync(cli.work).filter((name) => name.startsWith('none'))).toEqual([])
  }
  await refused(/--predecessor and --reason go together/, '--predecessor', 'old')
  await refused(/--predecessor and --reason go together/, '--reason', 'lost')
  await refused(/UNREADABLE/, ...because('nowhere'))
  await refused(/unpack the bundle/, ...because('old.zip'))
  await refused(/no record of it is good/, ...because(emptied()))
  const storage = await openFolder(join(cli.work, 'open'), { reserveBytes: 0 })
  const open = await createQueue({ country: bareCountry(), storage, signer: await softwareSigner() })
  await refused(/QUEUE_LOCKED/, ...because('open'))
  await open.close()
})

it('a predecessor that ended for another successor is told of', () => {
  const named = { queue: 'a', size: 3, root: 'b', hash: 'c' }
  const report = {
    sound: true,
    queue: 'a',
    profile: 'FR',
    records: 3,
    head: { seq: 2, hash: 'c' },
    root: 'b',
    findings: [],
    more: 0,
  }
  const verdict = { ...report, unchecked: [], predecessor: undefined }
  expect(asPredecessor({ ...verdict, successor: 'new' }, named, 'new')).toMatchObject({ sound: true, findings: [] })
  expect(asPredecessor({ ...verdict, successor: undefined }, named, 'new')).toMatchObject({ sound: true, findings: [] })
  const other = asPredecessor({ ...verdict, successor: 'third' }, named, 'new')
  expect(other).toMatchObject({ sound: false, findings: [{ seq: null, code: 'QUEUE_WRONG', where: 'successor' }] })
})

function emptied(): string {
  cpSync(join(cli.work, 'old'), join(cli.work, 'gone'), { recursive: true })
  for (const name of readdirSync(join(cli.work, 'gone')).filter((each) => /^[js]-/.test(each)))
    writeFileSync(join(cli.work, 'gone', name), '')
  return 'gone'
}

const python = spawnSync('python3', ['-c', 'import zipfile']).status === 0

it.skipIf(!python)('an unpacked bundle may stand for the folder (needs python3)', async () => {
  const unpack = 'import zipfile; zipfile.ZipFile("old.zip").extractall("unpacked")'
  execFileSync('python3', ['-c', unpack], { cwd: cli.work })
  const { predecessor } = (await json(0, 'init', 'third', ...SHOP, ...because('unpacked'))) as { predecessor: { size: number } }
  expect(predecessor.size).toBe((await json(0, 'verify', 'old'))['records'])
  expect(await json(0, 'verify', 'third', '--predecessor', 'unpacked')).toMatchObject({ link: { sound: true } })
})
