// S-90: what is not here is skipped by name. Every test that may be skipped says in its title what it needs, and suites that need a token, a reader,
// a browser or a program of the system run to a clean end without them.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('.', import.meta.url))
const SAYS_SO = /\(needs |\(skipped: |\$\{skipped\}|\[reference files\]|\bneed /
const FOLDERS = ['packages', 'examples', 'verifiers', 'bench']

/** Where the parenthesis that opens at `from` closes; text in quotes does not count. */
function closing(text: string, from: number): number {
  for (let at = from, depth = 0; at < text.length; at++) {
    const char = text[at] as string
    if ('\'"`'.includes(char)) at = ending(text, at)
    else if (char === '(') depth++
    else if (char === ')' && --depth === 0) return at
  }
  return text.length
}

function ending(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === text[from]) return at
  }
  return text.length
}

/** Sources of tests, below the root. */
function sources(): readonly string[] {
  const own = readdirSync(root).filter((name) => name.endsWith('.test.ts') && name !== 'skips.test.ts')
  const below = (folder: string): readonly string[] =>
    readdirSync(`${root}${folder}`, { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name === 'dist' ? [] : below(path)
      return /\.(?:test|fixture|suite)\.ts$|\/fixtures\/.*\.ts$/.test(path) ? [path] : []
    })
  return [...own, ...FOLDERS.flatMap(below)]
}

interface Conditional {
  readonly condition: string
  /** What stands before the body: a title, or what makes one. */
  readonly title: string
}

/** Every test or suite of a source that may be skipped. */
function conditionals(text: string): readonly Conditional[] {
  return [...text.matchAll(/\b(?:describe|it|test)\.(?:skipIf|runIf)(?=\()/g)].map(({ 0: call, index }) => {
    const end = closing(text, index + call.length)
    const condition = text.slice(index + call.length, end + 1)
    const each = /^\s*\.each(?=\()/.exec(text.slice(end + 1))
    const open = each === null ? end + 1 : closing(text, end + 1 + each[0].length) + 1
    return { condition, title: text.slice(open, closing(text, open)).split(/=> \{|async \(|\) =>/)[0] as string }
  })
}

it('S-90 every test that may be skipped says in its title what it needs, and none is skipped always', () => {
  const silent: string[] = []
  let found = 0
  for (const path of sources()) {
    const text = readFileSync(`${root}${path}`, 'utf8')
    if (/\b(?:describe|it|test)\.(?:skip|todo|only)\(/.test(text)) silent.push(`${path}: skipped always`)
    for (const { condition, title } of conditionals(text)) {
      found++
      const isPlatform = /process\.platform/.test(condition) && !/lacking|===\s*undefined/.test(condition)
      const isTitled = SAYS_SO.test(title) || /\btitled\(|^\(title\b/.test(title)
      if (!isPlatform && !isTitled) silent.push(`${path}: ${title.slice(0, 80)}`)
    }
  }
  expect(silent).toEqual([])
  expect(found).toBeGreaterThan(40)
})

it(
  'S-90 suites that need a token, a reader or a program end well without them and are named with the reason',
  { timeout: 120_000 },
  async () => {
    const suites = [
      'packages/signer-pkcs11/src/softhsm.test.ts',
      'packages/signer-sam/src/pcsc.test.ts',
      'packages/cli/src/passphrase.test.ts',
    ]
    const env = { ...process.env, SIGILLO_WITHOUT: 'all', SIGILLO_NO_APT: '1', SIGILLO_SUMMARY: '', CI: '', NO_COLOR: '1' }
    const child = spawn(process.execPath, [`${root}node_modules/vitest/vitest.mjs`, 'run', ...suites], { cwd: root, env })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect(code, said).toBe(0)
    expect(said).toMatch(/\d+ tests were skipped; each says what it needs:/)
    expect(said).toMatch(/softhsm\.test\.ts › SoftHSM 2 \(skipped: softhsm2 is not installed\) \(\d+ tests\)/)
    expect(said).toMatch(/pcsc\.test\.ts › PC\/SC \(skipped: .*\) \(\d+ tests\)/)
    expect(said).toMatch(/passphrase\.test\.ts › passphrase prompt \(needs a terminal and python3\) \(\d+ tests\)/)
  },
)
