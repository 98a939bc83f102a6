// Keeps the documentation true: docs/errors.md is written from the tables of codes in the sources (`npm run docs` writes it anew), every
// link between pages leads somewhere, and no page names a script that does not exist.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { errorTable, signerCodes } from './packages/core/src/index.js'

const root = fileURLToPath(new URL('.', import.meta.url))

interface Row {
  readonly remedy: string
  readonly kind?: string
  readonly class?: string
  readonly registered?: string
  readonly retry?: string
}

const isTable = (value: unknown): value is Record<string, Row> =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).length > 0 &&
  Object.values(value).every((row: unknown) => typeof row === 'object' && row !== null && 'remedy' in row)

function table(rows: Record<string, Row>, columns: readonly (keyof Row)[]): string[] {
  const heads: Record<keyof Row, string> = {
    kind: 'kind',
    class: 'class',
    registered: 'registered',
    retry: 'retry',
    remedy: 'what to do',
  }
  const used = columns.filter((column) => Object.values(rows).some((row) => row[column] !== undefined))
  return [
    `| code | ${used.map((column) => heads[column]).join(' | ')} |`,
    `| --- |${' --- |'.repeat(used.length)}`,
    ...Object.entries(rows)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([code, row]) => `| \`${code}\` | ${used.map((column) => (row[column] ?? '').replaceAll('|', '\\|')).join(' | ')} |`),
  ]
}

/** The tables of codes a country, or the command, exports from its errors.ts, found by their shape. */
async function countryTables(): Promise<[string, Record<string, Row>][]> {
  const found: [string, Record<string, Row>][] = []
  for (const pack of readdirSync(`${root}packages`).filter((name) => name.startsWith('country-') || name === 'cli')) {
    const path = `${root}packages/${pack}/src/errors.ts`
    if (!existsSync(path)) continue
    const exported = (await import(path)) as Record<string, unknown>
    const rows = Object.assign({}, ...Object.values(exported).filter(isTable)) as Record<string, Row>
    found.push([pack, rows])
  }
  return found
}

async function errorsPage(): Promise<string> {
  const all: (keyof Row)[] = ['kind', 'class', 'registered', 'retry', 'remedy']
  const countries = await countryTables()
  return [
    '# Error codes',
    '',
    'Written from the sources by `npm run docs`; a test keeps it so. Every error is a `FiscalError`. Branch on `kind`, search by `code`.',
    '',
    '- `registered` says whether the receipt is in the journal: `yes`, `no`, or `unknown`, which is never to be taken for either.',
    '- `retry`: `same-handle` (send the same request with the same key again), `reopen` (open the queue first), `never`.',
    "- `national` carries the country's own name for an error of core; `path` leads into the request; `details` holds no secret and no receipt.",
    '',
    '## Core',
    '',
    ...table(errorTable, all),
    '',
    '## Signers',
    '',
    "A failing signer reaches a queue's caller as `SIGNER_UNAVAILABLE` with one of these in `details` and `cause`.",
    '',
    ...table(signerCodes, all),
    ...countries.flatMap(([pack, rows]) => ['', `## @sigillo/${pack}`, '', ...table(rows, all)]),
    '',
  ].join('\n')
}

function pages(): string[] {
  const own = readdirSync(root).filter((name) => name.endsWith('.md'))
  const docs = readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  const packs = readdirSync(`${root}packages`).map((name) => `packages/${name}/README.md`)
  return [...own, ...docs.map((name) => `docs/${name}`), ...packs].filter((name) => existsSync(`${root}${name}`))
}

describe('documentation', () => {
  it('docs/errors.md lists every code of core, signers, countries and the command', async () => {
    await expect(await errorsPage()).toMatchFileSnapshot(`${root}docs/errors.md`)
  })

  it('links between pages lead to files that exist', () => {
    expect(pages().length).toBeGreaterThan(5)
    const broken = pages().flatMap((page) => {
      const text = readFileSync(`${root}${page}`, 'utf8').replaceAll(/```[\s\S]*?```/g, '')
      return [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)/g)]
        .map((match) => match[1] ?? '')
        .filter((link) => !existsSync(join(root, dirname(page), link)))
        .map((link) => `${page} → ${link}`)
    })
    expect(broken).toEqual([])
  })

  it('commands named in the pages are scripts of the root manifest', () => {
    const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> }
    const missing = pages().flatMap((page) =>
      [...readFileSync(`${root}${page}`, 'utf8').matchAll(/\bnpm run ([a-z][a-z:-]*)/g)]
        .map((match) => match[1] ?? '')
        .filter((name) => !(name in scripts))
        .map((name) => `${page}: npm run ${name}`),
    )
    expect(missing).toEqual([])
  })
})
