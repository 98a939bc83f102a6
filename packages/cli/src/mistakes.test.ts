// Calls that cannot work: each ends with a code, a cause and a remedy, in words and as JSON, and never with a stack.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { World } from './command.js'
import { run } from './run.js'

let work = ''
const at = (name: string): string => join(work, name)
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'sigillo-mistakes-'))
  writeFileSync(at('secret.txt'), 'hunter2 is the passphrase\n')
  const made = await call([
    'init',
    at('shop'),
    '--country',
    'fr',
    '--siret',
    '12345678900012',
    '--legal-name',
    'A',
    '--address',
    'B',
  ])
  expect(made.code).toBe(0)
})
afterAll(() => rmSync(work, { recursive: true, force: true }))

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function call(argv: readonly string[], input = ''): Promise<Ran> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const text = { out: '', err: '' }
  stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()))
  stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()))
  stdin.end(input)
  const env = { SIGILLO_PASSPHRASE: 'a passphrase only for tests' }
  const world = { stdin, stdout, stderr, env, signal: new AbortController().signal } as unknown as World
  const code = await run(argv, world)
  await new Promise((resolve) => setImmediate(resolve))
  return { code, ...text }
}

async function refused(argv: readonly string[]): Promise<{ readonly code: string; readonly message: string }> {
  const words = await call(argv)
  expect([words.code, words.out]).toEqual([2, ''])
  expect(words.err).not.toMatch(/DEFECT|\n {4}at /)
  expect(words.err).toMatch(/error [A-Z_]+: .+\n {2}\S/)
  const json = await call([...argv, '--json'])
  expect(json.code).toBe(2)
  const { error } = JSON.parse(json.out) as { error: Record<string, string> }
  expect(error).toMatchObject({ registered: expect.stringMatching(/^(no|unknown)$/), remedy: expect.any(String) })
  expect(words.err).toContain(`error ${error['code']}: `)
  return { code: error['code'] as string, message: error['message'] as string }
}

describe('calls that cannot work', () => {
  it.each(['export', 'archive'])('%s does not take a folder for the file it writes, even by --force', async (command) => {
    const error = await refused([command, at('shop'), work, '--force'])
    expect(error).toEqual({ code: 'USAGE', message: `${work} is a folder; name a file` })
    const { out } = await call(['inspect', at('shop'), '--json'])
    expect(JSON.parse(out)).toMatchObject({ heads: expect.not.arrayContaining([expect.objectContaining({ type: 'archive' })]) })
  })

  it('seal make names a folder that is not there', async () => {
    const options = ['--key', at('shop.keys/main.pem'), '--name', 'a', '--release', '1.0.0']
    expect(await refused(['seal', 'make', at('nowhere'), ...options])).toMatchObject({ code: 'USAGE' })
  })

  it('what the operating system refuses has a code, and claims nothing about a receipt', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as AddressInfo
    const ran = await call(['it', 'authority', '--port', String(port), '--json'])
    taken.close()
    expect(ran.code).toBe(2)
    expect(JSON.parse(ran.out)).toMatchObject({
      error: { code: 'SYSTEM', registered: 'unknown', details: { nativeCode: 'EADDRINUSE' } },
    })
  })

  it('a file given by mistake is not quoted', async () => {
    const error = await refused(['init', at('other'), '--country', 'fr', '--config', at('secret.txt')])
    expect(error).toEqual({ code: 'SETTINGS_INVALID', message: 'settings: is not JSON' })
    const { out } = await call(['record', at('shop')], 'hunter2 is the passphrase\n{"a":1,}\n')
    expect(out).not.toContain('hunter2')
    const messages = out.split('\n', 2).map((line) => (JSON.parse(line) as { error: { message: string } }).error.message)
    expect(messages).toEqual(['line 1: not JSON', 'line 2: not JSON, at position 7'])
  })

  it('words name the reason that JSON has among its details', async () => {
    const { err } = await call(['key', 'new', at('shop.keys/main.pem')])
    expect(err).toContain(
      'error CONFIG_INVALID: main.pem exists; a key is not replaced unless told so\n  Correct the setting (exists).',
    )
  })

  it('an option that does not exist is named and nothing else is said', async () => {
    expect(await refused(['verify', '--nope', at('shop')])).toEqual({ code: 'USAGE', message: "Unknown option '--nope'" })
    expect(await refused(['show', at('shop'), '-1'])).toEqual({ code: 'USAGE', message: "Unknown option '-1'" })
  })
})
