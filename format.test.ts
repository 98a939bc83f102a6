// FORMAT.md held against what it describes: its shell commands run on every worked example, its list of finding codes covers
// the vectors, and the vectors are what their script writes.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

interface Vectors<Test> {
  readonly tests: readonly Test[]
}
interface RecordTest {
  readonly id: string
  readonly comment: string
  readonly result: { readonly line: string }
}
interface JournalTest {
  readonly flags: readonly string[]
  readonly result: { readonly findings: readonly { readonly code: string }[] }
}

const format = readFileSync('FORMAT.md', 'utf8')
const load = <Test>(name: string): readonly Test[] =>
  (JSON.parse(readFileSync(`vectors/core/${name}.json`, 'utf8')) as Vectors<Test>).tests
const section = (from: string, to: string): string => format.slice(format.indexOf(`\n${from}`), format.indexOf(`\n${to}`))

describe('FORMAT.md', () => {
  it('has sections 0 to 21 in order', () => {
    expect([...format.matchAll(/^## (\d+)\. /gm)].map(([, number]) => Number(number))).toEqual(
      Array.from({ length: 22 }, (_, i) => i),
    )
  })

  it('lists every finding code the vectors use', () => {
    const listed = new Set([...section('### 5.9', '## 6.').matchAll(/`([A-Z]+_[A-Z_]+|FORK)`/g)].map(([, code]) => code))
    const used = new Set(load<JournalTest>('journals').flatMap(({ result }) => result.findings.map(({ code }) => code)))
    expect([...used].filter((code) => !listed.has(code))).toEqual([])
    // Notes, blobs and bundles are files of their own, which a journal of lines cannot show.
    expect([...listed].filter((code) => !used.has(code as string)).sort()).toEqual(['ANCHOR_WRONG', 'BLOB_WRONG', 'BUNDLE_WRONG'])
  })
})

describe('the vectors', () => {
  it('are what their script writes, byte for byte', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/vectors-core.mjs', '--check'], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('hold more invalid cases than valid ones', () => {
    const names = ['canonical', 'digests', 'journals', 'keys', 'merkle', 'note', 'signatures', 'state']
    for (const name of names) {
      const invalid = load<JournalTest>(name).filter(({ flags }) => flags.includes('invalid')).length
      expect(invalid, name).toBeGreaterThan(load(name).length / 2)
    }
  })
})

const tools = ['bash', 'jq', 'basenc', 'sha256sum', 'openssl', 'xxd']
const missing = tools.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0)
const folder = mkdtempSync(join(tmpdir(), 'sigillo-format-'))

describe.skipIf(missing.length > 0)(`the commands of FORMAT 3.5 (need ${tools.join(', ')})`, () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const blocks = section('### 3.5', '## 4.').match(/(?:^ {4}.*\n)+/gm) as RegExpMatchArray
  const [check, prepare] = blocks.map((block) => block.replace(/^ {4}/gm, '')) as [string, string]
  const lines = load<RecordTest>('records').map(({ result }) => result.line)
  const run = (line: string, keyLine: string): string[] => {
    writeFileSync(join(folder, 'line.json'), line)
    writeFileSync(join(folder, 'genesis.json'), keyLine)
    const script = join(folder, 'check.sh')
    writeFileSync(script, `${prepare}\n${check}`)
    const output = spawnSync('bash', [script], { cwd: folder, encoding: 'utf8' }).stdout
    return output.trim().split('\n')
  }
  const keyLineOf = (seq: number): string => (seq > 5 ? lines[5] : lines[0]) as string

  it.each(lines.map((line, seq) => [seq, line] as const))('J-08 accept record %i', (seq, line) => {
    const { hash, body } = JSON.parse(line) as { hash: string; body: { pay: string } }
    expect(run(line, keyLineOf(seq))).toEqual([`${hash}  -`, `${body.pay}  -`, 'Verified OK'])
  })

  it('J-08 refuse a changed record', () => {
    const changed = (lines[1] as string).replace('"gt":"1250"', '"gt":"1251"').replace('"number":"T-1"', '"number":"T-9"')
    const { hash, body } = JSON.parse(changed) as { hash: string; body: { pay: string } }
    const [hashLine, payLine, verdict] = run(changed, keyLineOf(1))
    expect(hashLine).not.toBe(`${hash}  -`)
    expect(payLine).not.toBe(`${body.pay}  -`)
    expect(verdict).toMatch(/Verification failure/i)
  })
})

describe('the worked examples printed in FORMAT 7', () => {
  it('J-01 are lines, hashes and roots of the vectors', () => {
    const text = section('## 7.', '## 8.')
    const { tests, roots } = JSON.parse(readFileSync('vectors/core/records.json', 'utf8')) as Vectors<{
      result: { line: string; hash: string }
    }> & { roots: string[] }
    for (const seq of [0, 1]) expect(text).toContain(`\n    ${tests[seq]?.result.line}\n`)
    for (const { result } of tests) expect(text).toContain(result.hash)
    for (const size of [1, 2, 3, 4, 7, 8]) expect(text).toContain(`| ${size} | \`${roots[size - 1]}\` |`)
  })
})

it('needs no network: the vector script imports only Node and the curves', () => {
  const found = execFileSync('sh', ['-c', 'cat scripts/vectors-core.mjs scripts/vectors-core/*.mjs'], { encoding: 'utf8' })
  const outside = [...found.matchAll(/from '([^'.][^']*)'/g)].map(([, name]) => name as string)
  expect(outside.filter((name) => !name.startsWith('node:'))).toEqual([])
})
