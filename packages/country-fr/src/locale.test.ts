import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

interface Esbuild {
  buildSync(options: object): { outputFiles: { text: string }[] }
}

// esbuild comes with tsup; the child process has no loader for TypeScript.
function bundled(): string {
  const fromTsup = createRequire(createRequire(import.meta.url).resolve('tsup'))
  const { buildSync } = fromTsup('esbuild') as Esbuild
  const stdin = {
    resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    loader: 'ts',
    contents: `
      import { canonical, sha256Hex } from '@sigillo/core'
      import { dataString } from './data-string.js'
      import { computeVat } from './vat.js'
      import { openZone, localTime, compact } from './time.js'
      const zone = openZone('Europe/Paris')
      const vat = computeVat([{ ttc: 123456789, rate: 550 }, { ttc: -1, rate: 2000 }]).rates
      const moment = compact(localTime(zone, Date.parse('2026-11-23T09:15:30Z')))
      const payload = { number: 1234567, moment, operator: 'ÎLE', op: 'sale', vat, total: 123456788, pay: { ESP: 5, CB: 1, Été: 2 }, lines: [] }
      const context = { profile: 'lne-1', siret: '12345678900012', till: 'C', perpetual: { alg: 1, abs: 2 } }
      const ds = dataString('ticket', { ...payload, ht: 1, tax: 2 }, context, undefined)
      console.log(JSON.stringify([new Intl.NumberFormat().format(1234.5), ds, sha256Hex(canonical(payload))]))`,
  }
  const { outputFiles } = buildSync({
    stdin,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['source', 'node'],
    logLevel: 'silent',
  })
  return (outputFiles[0] as { text: string }).text
}

it('FR-79 under fr-FR, de-DE and C the data string and the digest are the same', () => {
  const program = bundled()
  const run = (locale: string): string[] =>
    JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '-e', program], {
        env: { ...process.env, LC_ALL: locale, LANG: locale },
        encoding: 'utf8',
      }),
    ) as string[]
  const [french, german, plain] = ['fr_FR.UTF-8', 'de_DE.UTF-8', 'C'].map(run) as [string[], string[], string[]]
  expect(new Set([french[0], german[0], plain[0]]).size).toBe(3)
  expect(german.slice(1)).toEqual(french.slice(1))
  expect(plain.slice(1)).toEqual(french.slice(1))
  expect(french[1]).toContain('2000:-1|0550:123456789')
})
