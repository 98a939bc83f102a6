import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { attestationDossier, type DossierFacts } from './dossier.js'
import { fiscalFingerprint } from './fingerprint.js'
import { toHtml, toMarkdown } from './page.js'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const contents: Record<string, string> = {
  '@sigillo/core/dist/index.js': 'export {}\n',
  '@sigillo/core/dist/Zed.js': 'z',
  '@sigillo/core/dist/é.js': 'é',
  '@sigillo/country-fr/dist/index.js': 'export const a = 1\n',
  '@sigillo/core/dist-more.js': '',
}
const files = Object.entries(contents).map(([path, text]) => ({ path, sha256: sha256(text) }))
const facts: DossierFacts = {
  software: { name: 'Ma Caisse <Pro> *2*', version: '2.3.1' },
  publisher: { name: 'Éditions & Fils' },
  covered: ['encaissement'],
  notCovered: [],
  user: {},
  files,
  packages: [{ name: '@sigillo/core', version: '0.1.0' }],
  date: '2026-11-24',
  madeBy: 'test/1',
}

it('17.1 the fingerprint is computed again with ordinary tools', () => {
  const root = mkdtempSync(join(tmpdir(), 'sigillo-print-'))
  try {
    for (const [path, text] of Object.entries(contents)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    const dossier = attestationDossier(facts)
    const page = dossier.files.find(({ name }) => name === 'perimetre.md')?.text as string
    const commands = (/```sh\n# chaque[^]*?```/.exec(page)?.[0] as string).split('\n').filter((line) => !/^(?:#|```)/.test(line))
    writeFileSync(join(root, 'empreinte.txt'), dossier.fingerprint.list)
    const run = (command: string): string => execFileSync('sh', ['-c', command], { cwd: root, encoding: 'utf8' })
    const [check, own, again] = commands.map(run) as [string, string, string]
    expect(check.match(/(?:OK|Réussi)$/gm)).toHaveLength(files.length)
    expect(own.slice(0, 64)).toBe(dossier.fingerprint.digest)
    expect(again.slice(0, 64)).toBe(dossier.fingerprint.digest)
    // Found on the disk and not taken from the list: the same again.
    const found = run("find @sigillo -name '*.js' -type f | LC_ALL=C sort | xargs sha256sum | sha256sum")
    expect(found.slice(0, 64)).toBe(dossier.fingerprint.digest)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})

it('17.1 the order of files does not matter, every byte of them and of their paths does', () => {
  const { digest, list } = fiscalFingerprint(files)
  fc.assert(
    fc.property(fc.shuffledSubarray(files, { minLength: files.length }), (shuffled) => {
      expect(fiscalFingerprint(shuffled)).toEqual({ digest, list })
    }),
    { numRuns: 30 },
  )
  const [first, ...rest] = files as [(typeof files)[0], ...typeof files]
  expect(fiscalFingerprint([{ ...first, sha256: sha256('other') }, ...rest]).digest).not.toBe(digest)
  expect(fiscalFingerprint([{ ...first, path: `${first.path}x` }, ...rest]).digest).not.toBe(digest)
  expect(() => fiscalFingerprint([first, first])).toThrow(RangeError)
  expect(() => fiscalFingerprint([{ ...first, path: 'a\nb' }])).toThrow(RangeError)
})

it('1.10 the letter holds both parts, what is known filled in, the rest to be filled in, and no claim of a certificate', () => {
  const { files: pages, fingerprint } = attestationDossier(facts)
  const text = (name: string): string => pages.find((page) => page.name === name)?.text as string
  const letter = text('attestation.html')
  for (const part of [
    'Volet 1',
    'Volet 2',
    'Éditions &amp; Fils',
    'Ma Caisse &lt;Pro&gt; *2*',
    '2.3.1',
    fingerprint.digest,
    'article 286',
  ])
    expect(letter).toContain(part)
  expect(letter.match(/class="champ"/g)?.length).toBeGreaterThan(12)
  expect(letter.match(/class="signature"/g)).toHaveLength(2)
  expect(text('attestation.md')).toContain('Ma Caisse \\<Pro\\> \\*2\\*')
  expect(text('attestation.md')).toContain('racine 2 et')
  for (const { name, text: page } of pages.filter(({ name: file }) => file.endsWith('.html')))
    expect(page, name).not.toMatch(/<script|https?:\/\/|certifié|NF525 cat/)
  for (const name of ['attestation.html', 'LISEZMOI.html']) expect(text(name)).toContain('certificat')
  expect(JSON.parse(text('dossier.json'))).toMatchObject({
    format: 'fr-attestation-dossier/1',
    majorRoot: '2',
    minorPattern: '2.x.y',
  })
})

it('HTML is well-formed and Markdown keeps its tables, whatever the names hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), (name) => {
      const page = {
        title: name,
        blocks: [
          { kind: 'table' as const, head: ['a', 'b'], rows: [[name.replaceAll('\n', ' '), '⟦x⟧']] },
          { kind: 'text' as const, text: name },
        ],
      }
      const tags = toHtml(page).replaceAll(/<!DOCTYPE[^>]*>|<style>[^]*<\/style>|<meta [^>]*>|<w?br>/g, '')
      const open: string[] = []
      for (const [, end, tag = ''] of tags.matchAll(/<(\/?)([a-z0-9]+)[^<>]*>/g)) {
        if (end === '') open.push(tag)
        else expect(open.pop()).toBe(tag)
      }
      expect(open).toEqual([])
      const row = toMarkdown(page)
        .split('\n')
        .find((line) => line.includes('........')) as string
      expect(row.replaceAll(/`[^`]*`/g, '').match(/(?<!\\)\|/g)).toHaveLength(3)
    }),
    { numRuns: 100 },
  )
})
