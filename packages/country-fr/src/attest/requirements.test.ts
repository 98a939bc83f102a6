// The matrix is a paper auditors rely on: every file, test and page it names must be there.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { events } from '../events.js'
import { law } from '../law.js'
import { fiscalPackages } from './fingerprint.js'
import { requirements } from './requirements.js'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const textOf = (path: string): string | undefined => (existsSync(root + path) ? readFileSync(root + path, 'utf8') : undefined)

it('2.1 the four conditions of the law and the 21 requirements of the LNE, each once, in order', () => {
  expect(requirements.map(({ id }) => id)).toEqual([
    ...['I', 'S', 'C', 'A'].map((letter) => `ISCA-${letter}`),
    ...Array.from({ length: 21 }, (_, i) => `LNE-${i + 1}`),
  ])
})

it('2.1 every file, test and page the matrix names is there', () => {
  const missing: string[] = []
  for (const { id, code, tests, evidence, law: texts } of requirements) {
    if (code.length === 0 || tests.length === 0 || evidence.length === 0) missing.push(`${id}: nothing named`)
    for (const text of texts) if (!(text in law)) missing.push(`${id}: law ${text}`)
    for (const path of code) if (textOf(path) === undefined || path.includes('.test.')) missing.push(`${id}: code ${path}`)
    for (const [file, title] of tests) {
      const found = textOf(file)
      if (found === undefined || !['it(', 'it.each', '])('].some((call) => found.includes(call))) missing.push(`${id}: ${file}`)
      else if (!found.includes(`'${title}`)) missing.push(`${id}: test ${title}`)
    }
    for (const page of evidence.filter((name) => name.endsWith('.md')))
      if (textOf(page) === undefined) missing.push(`${id}: page ${page}`)
  }
  expect(missing).toEqual([])
})

it('2.1 commands the matrix names are commands, with these options, and codes of events are listed', async () => {
  const missing: string[] = []
  for (const { id, evidence } of requirements) {
    for (const [, line = ''] of evidence.join('\n').matchAll(/`sigillo ([^`]+)`/g)) {
      const words = line.split(' ')
      const path = words[0] === 'fr' ? `packages/cli/src/fr/${words[1]}.ts` : `packages/cli/src/${words[0]}.ts`
      const source = textOf(path)
      if (source === undefined) missing.push(`${id}: ${line}`)
      for (const [, option = ''] of line.matchAll(/--([a-z-]+)/g))
        if (source !== undefined && !new RegExp(`^ {4}'?${option}'?: (?:\\{|text\\(|list\\()`, 'm').test(source))
          missing.push(`${id}: --${option} in ${path}`)
      for (const code of /--code ([\d,]+)/.exec(line)?.[1]?.split(',') ?? [])
        if (!(Number(code) in events)) missing.push(`${id}: event ${code}`)
    }
  }
  expect(missing).toEqual([])
})

it('LNE-20 the code that meets the requirements lies in the fiscal perimeter, but for the commands around it', () => {
  const packages = new Set(requirements.flatMap(({ code }) => code.map((path) => path.split('/')[1] as string)))
  packages.delete('cli')
  expect([...packages].map((name) => `@sigillo/${name}`).sort()).toEqual([...fiscalPackages].sort())
})
