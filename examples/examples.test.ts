// The examples, run as they stand, each in a folder of its own.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const here: string = fileURLToPath(new URL('.', import.meta.url))
const scripts = readdirSync(here).filter((name) => name.endsWith('.mjs'))

let folder: string
let argv: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sigillo-example-'))
  argv = process.argv
})
afterEach(() => {
  process.argv = argv
  process.exitCode = undefined
  vi.restoreAllMocks()
  vi.resetModules()
  rmSync(folder, { recursive: true, force: true })
})

/** Imports an example with an argument; returns what it printed. */
async function play(name: string, argument: string): Promise<string> {
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation((text: unknown) => void lines.push(String(text)))
  process.argv = ['node', name, argument]
  vi.resetModules()
  await import(/* @vite-ignore */ join(here, name))
  return lines.join('\n')
}

describe('examples', () => {
  it.each(scripts)('%s is short enough to be read at a glance', (name) => {
    expect(readFileSync(join(here, name), 'utf8').trimEnd().split('\n').length).toBeLessThan(40)
  })

  it('till.mjs is the till of the README, and sells after a restart too', async () => {
    const text = readFileSync(join(here, 'till.mjs'), 'utf8')
    expect(readFileSync(join(here, '../README.md'), 'utf8')).toContain(`\`\`\`js\n${text}\`\`\``)
    vi.stubEnv('SIGILLO_PASSPHRASE', 'for this test only')
    const before = process.cwd()
    process.chdir(folder)
    try {
      expect(await play('till.mjs', '')).toMatch(/N° T1$/m)
      expect(await play('till.mjs', '')).toMatch(/N° T2$/m)
    } finally {
      process.chdir(before)
      vi.unstubAllEnvs()
    }
  })

  it('till-in-memory sells a coffee', async () => {
    expect(await play('till-in-memory.mjs', '')).toMatch(/^record \d+, ticket 1, hash [0-9a-f]{64}$/)
  })

  it('till-fr-on-disk sells again after a restart, and the start of the till is recorded once', async () => {
    const till = join(folder, 'till')
    expect(await play('till-fr-on-disk.mjs', till)).toMatch(/^ticket 1 is durable as record \d+$/)
    expect(await play('till-fr-on-disk.mjs', till)).toMatch(/^ticket 2 is durable as record \d+$/)
  })

  it('verify-a-bundle tells a sound bundle from an altered one', async () => {
    const { altered, sound } = await import('./bundles.fixture.js').then(({ makeBundles }) => makeBundles(folder))
    expect(await play('verify-a-bundle.mjs', sound)).toMatch(/^\d+ records of queue [0-9a-f-]{36}: sound$/)
    expect(process.exitCode).toBe(0)
    expect(await play('verify-a-bundle.mjs', altered)).toMatch(/NOT SOUND\n {2}record/)
    expect(process.exitCode).toBe(1)
  })
})
