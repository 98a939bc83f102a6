// The Italian till of the country's page, run as it stands.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'

const here: string = fileURLToPath(new URL('.', import.meta.url))

it('till-it.mjs is the till of docs/countries/it.md, and numbers on after a restart', async () => {
  const text = readFileSync(join(here, 'till-it.mjs'), 'utf8')
  expect(readFileSync(join(here, '../docs/countries/it.md'), 'utf8')).toContain(`\`\`\`js\n${text}\`\`\``)
  const [folder, before] = [mkdtempSync(join(tmpdir(), 'sigillo-it-')), process.cwd()]
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation((line: unknown) => void lines.push(String(line)))
  vi.stubEnv('SIGILLO_PASSPHRASE', 'for this test only')
  process.chdir(folder)
  try {
    for (const number of ['0001-0001', '0001-0002']) {
      vi.resetModules()
      await import(/* @vite-ignore */ join(here, 'till-it.mjs'))
      expect(lines.at(-1)).toMatch(new RegExp(`^DOCUMENTO N\\. (${number}|0002-0001)$`, 'm'))
    }
  } finally {
    process.chdir(before)
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
    rmSync(folder, { recursive: true, force: true })
  }
})
