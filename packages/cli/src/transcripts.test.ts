// Transcripts: what a person types and sees, run for real. A line that begins with `$` is run by a shell in a fresh folder; `>` is
// what standard output must say, `2>` standard error, `?` the exit code when it is not 0. `…` stands for anything within a line,
// a line `> ⋮` for any lines. `-- NAME --` begins a file that is there before the first command. Lines with `#` are remarks.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { lacking } from '@sigillo/testing/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildCli, type CliUnderTest } from './cli.fixture.js'

interface Step {
  readonly line: number
  readonly command: string
  readonly stdout: string[]
  readonly stderr: string[]
  code: number
}

const folder = new URL('./transcripts/', import.meta.url)
const names = readdirSync(folder).filter((name) => name.endsWith('.txt'))

function parse(text: string): { steps: Step[]; files: Map<string, string> } {
  const steps: Step[] = []
  const files = new Map<string, string>()
  let file: string | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const begin = /^-- (\S+) --$/.exec(line)
    if (begin !== null) {
      file = begin[1] as string
      files.set(file, '')
    } else if (file !== undefined) files.set(file, `${files.get(file)}${line}\n`)
    else if (line.startsWith('$ ')) steps.push({ line: index + 1, command: line.slice(2), stdout: [], stderr: [], code: 0 })
    else if (line.startsWith('2>')) steps.at(-1)?.stderr.push(line.slice(3))
    else if (line.startsWith('>')) steps.at(-1)?.stdout.push(line.slice(2))
    else if (line.startsWith('? ')) (steps.at(-1) as Step).code = Number(line.slice(2))
    else if (line !== '' && !line.startsWith('#')) throw new Error(`line ${index + 1} is neither command nor answer: ${line}`)
  }
  return { steps, files }
}

function pattern(lines: readonly string[]): RegExp {
  const parts = lines.map((line) =>
    line === '⋮' ? '(?:.*\\n)*?' : `${line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.*')}\\n`,
  )
  return new RegExp(`^${parts.join('')}$`)
}

describe.skipIf(process.platform === 'win32' || lacking('jq') !== undefined)('transcripts (needs a shell and jq)', () => {
  let cli: CliUnderTest
  beforeAll(() => {
    cli = buildCli()
  })
  afterAll(() => cli?.remove())

  it.each(names)(
    '%s',
    async (name) => {
      const { steps, files } = parse(readFileSync(new URL(name, folder), 'utf8'))
      expect(steps.length).toBeGreaterThan(0)
      const place = join(cli.work, name.replace('.txt', ''))
      mkdirSync(place)
      for (const [file, text] of files) {
        mkdirSync(dirname(join(place, file)), { recursive: true })
        writeFileSync(join(place, file), text)
      }
      for (const { line, command, stdout, stderr, code } of steps) {
        const ran = await cli.shell(`cd '${place}' && ${command}`)
        const where = `${name}:${line} $ ${command}\n${ran.stdout}${ran.stderr}`
        expect(ran.code, where).toBe(code)
        if (stdout.length > 0 || code === 0) expect(pattern(stdout).test(ran.stdout), `standard output of ${where}`).toBe(true)
        if (stderr.length > 0 || code === 0) expect(pattern(stderr).test(ran.stderr), `standard error of ${where}`).toBe(true)
      }
    },
    180_000,
  )
})
