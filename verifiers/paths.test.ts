// The Python verifier from the command line, over what the product writes: a folder, a file of lines, a bundle, an unpacked bundle
// (FORMAT 8, 13, 21), whole and damaged; bundles also against the verifier of core.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createQueue, openQueue, type JsonObject } from '@sigillo/core'
import { verifyBundle, verifyBundleFiles, writeBundle } from '@sigillo/core/bundle'
import { bareCountry, fixedClock, memoryStorage } from '@sigillo/testing'
import { openFolder } from '@sigillo/storage-fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joined } from './corpus/damage.js'
import { extended, type Journal } from './corpus/journal.js'
import { python } from './corpus/judge.js'
import { corpusKey } from './corpus/keys.js'

const program: string = fileURLToPath(new URL('python/sigillo_verify.py', import.meta.url))
const key = corpusKey('paths till')
const next = corpusKey('paths second')

interface Said {
  readonly status: number | null
  readonly sound: boolean
  readonly records: number
  readonly findings: readonly string[]
}

/** What the program says of a path. */
function said(path: string, ...more: readonly string[]): Said {
  const { status, stdout } = spawnSync(python as string, [program, path, '--json', ...more], { encoding: 'utf8' })
  if (stdout === '') return { status, sound: false, records: 0, findings: [] }
  const { sound, records, findings } = JSON.parse(stdout) as {
    sound: boolean
    records: number
    findings: { seq: number; code: string; severity: string }[]
  }
  return { status, sound, records, findings: findings.map(({ seq, code, severity }) => `${seq} ${code} ${severity}`) }
}

let place: string
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'sigillo-paths-'))
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

/** A folder with a sealed segment, three writers and two keys. */
async function queueFolder(name: string): Promise<string> {
  const path = join(place, name)
  const storage = await openFolder(path, { reserveBytes: 0 })
  const clock = fixedClock('2026-03-02T08:00:00.000Z', { tickMs: 11 })
  const options = { country: bareCountry(), storage, clock, segBits: 6 }
  const first = await createQueue({ ...options, signer: await key.signer() })
  for (let n = 0; n < 50; n++) await first.record({ type: 'ticket', key: `A-${n}`, amount: n })
  await first.close()
  const second = await openQueue({ ...options, signer: await key.signer() })
  for (let n = 0; n < 30; n++) await second.record({ type: 'ticket', amount: n })
  await second.changeKey({ signer: await next.signer(), reason: 'scheduled' })
  await second.close()
  const third = await openQueue({ ...options, signer: await next.signer() })
  await third.record({ type: 'closing', key: 'Z', events: 3 })
  await third.close()
  return path
}

const linesIn = (path: string): string =>
  readdirSync(path)
    .filter((name) => /^[sj]-.*\.jsonl$/.test(name))
    .sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1))
    .map((name) => readFileSync(join(path, name), 'utf8'))
    .join('')
const liveFiles = (path: string): string[] =>
  readdirSync(path)
    .filter((name) => name.startsWith('j-'))
    .sort()

describe.skipIf(python === undefined)('the second verifier, from the command line (needs python3)', () => {
  it('a folder whose records name a file: whole, changed, gone; the queue itself says the same', async () => {
    const path = join(place, 'blobs')
    const bare = bareCountry()
    let blob = ''
    const country: typeof bare = {
      ...bare,
      decide: (state, request, context) => {
        const decision = bare.decide(state, request, context)
        const drafts = decision.drafts.map((draft) => ({
          ...draft,
          write: (at: Parameters<typeof draft.write>[0]) => {
            const { payload, ...rest } = draft.write(at)
            return { ...rest, payload: { ...payload, files: [{ blob }] } }
          },
        }))
        return { ...decision, drafts }
      },
    }
    const signer = await key.signer()
    const queue = await createQueue({ country, signer, storage: await openFolder(path, { reserveBytes: 0 }) })
    blob = await queue.putBlob(new TextEncoder().encode('<sealed/>'))
    await queue.record({ type: 'ticket', key: 'A-1', amount: 5 })
    await queue.record({ type: 'ticket', key: 'A-2', amount: 5 })
    const ours = async (): Promise<string[]> =>
      (await queue.verify()).findings
        .filter(({ code }) => code === 'BLOB_WRONG')
        .map(({ seq, code, severity }) => `${seq} ${code} ${severity}`)
    const wrong = ['2 BLOB_WRONG error', '3 BLOB_WRONG error']
    expect(said(path).sound).toBe(true)
    expect(await ours()).toEqual([])
    writeFileSync(join(path, 'blobs', blob), '<forged/>')
    expect(said(path).findings).toEqual(wrong)
    expect(await ours()).toEqual(wrong)
    rmSync(join(path, 'blobs', blob))
    expect(said(path)).toMatchObject({ status: 1, findings: wrong })
    expect(await ours()).toEqual(wrong)
    await queue.close()
  })

  it('finds a queue folder sound, and its lines in one file', async () => {
    const path = await queueFolder('sound')
    const folder = said(path)
    expect(folder).toMatchObject({ status: 0, sound: true, findings: [] })
    expect(folder.records).toBe(linesIn(path).trimEnd().split('\n').length)
    const file = join(place, 'sound.jsonl')
    writeFileSync(file, linesIn(path))
    expect(said(file)).toMatchObject({ status: 0, records: folder.records, findings: [] })
    expect(said(join(place, 'nothing')).status).toBe(2)
  })

  it('J-04 names the record when a byte of a folder is changed', async () => {
    const path = await queueFolder('changed')
    const [file] = liveFiles(path)
    const lines = readFileSync(join(path, file as string), 'utf8').split('\n')
    const seq = (JSON.parse(lines[2] as string) as { body: { seq: number } }).body.seq
    lines[2] = (lines[2] as string).replace(/"payload":\{"/, '"payload":{"A')
    writeFileSync(join(path, file as string), lines.join('\n'))
    expect(said(path)).toMatchObject({ status: 1, sound: false, findings: [`${seq} PAY_WRONG error`] })
  })

  it('passes dead bytes of an adopted epoch over, and judges a torn end', async () => {
    const path = await queueFolder('dead')
    const [adopted] = liveFiles(path) as [string, ...string[]]
    const newest = liveFiles(path).at(-1) as string
    writeFileSync(join(path, adopted), '{"body":{"alg":"torn', { flag: 'a' })
    expect(said(path)).toMatchObject({ status: 0, findings: [] })
    writeFileSync(join(path, newest), '{"body":{"alg":"torn', { flag: 'a' })
    const { findings } = said(path)
    expect(findings).toHaveLength(1)
    expect(findings[0]).toMatch(/ LINE_MALFORMED error$/)
    expect(said(path, '--writing')).toMatchObject({ status: 0, findings: [] })
  })

  it('J-46 a purged folder: what is left is sound, and damage to it is named as by the queue', async () => {
    const path = join(place, 'purged')
    const storage = await openFolder(path, { reserveBytes: 0 })
    const options = { country: bareCountry(), storage, segBits: 6 }
    const queue = await createQueue({ ...options, signer: await key.signer() })
    const sell = async (name: string, count: number): Promise<void> => {
      for (let n = 0; n < count; n++) await queue.record({ type: 'ticket', key: `${name}-${n}`, amount: n })
    }
    // The key valid at the floor came after genesis, and another one behind the floor.
    await sell('A', 90)
    await queue.changeKey({ signer: await next.signer(), reason: 'scheduled' })
    await sell('B', 60)
    await queue.changeKey({ signer: await key.signer(), reason: 'scheduled' })
    await sell('C', 60)
    await queue.record({ type: 'closing', key: 'Z' })
    const archive = { name: 'archive', sha256: 'a'.repeat(64) }
    expect((await queue.purge({ floor: 128n, archive, receipt: '{}' })).outcome).toBe('registered')
    const ours = async (): Promise<string[]> =>
      (await queue.verify()).findings.map((found) => `${found.seq} ${found.code} ${found.severity}`)
    expect(said(path)).toMatchObject({ status: 0, findings: [], records: Number(queue.head().seq) + 1 - 128 })
    expect(await ours()).toEqual([])
    const sealed = join(path, 's-000000000128.jsonl')
    const whole = readFileSync(sealed, 'utf8')
    writeFileSync(
      sealed,
      whole.replace(/"hash":"./, (text) => `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`),
    )
    expect(said(path)).toMatchObject({ status: 1, findings: ['128 HASH_WRONG error'] })
    expect(await ours()).toEqual(['128 HASH_WRONG error'])
    writeFileSync(sealed, whole)
    await queue.close()
    // Without the record that answers for it, what is missing is missing.
    const live = join(path, liveFiles(path).at(-1) as string)
    writeFileSync(live, readFileSync(live, 'utf8').replace(/"floor":128/, '"floor":192'))
    const { status, findings } = said(path)
    expect(status).toBe(1)
    expect(findings[0]).toBe('0 RECORD_MISSING error')
  })

  it('notices a lost end with a witness', async () => {
    const path = await queueFolder('witness')
    const lines = linesIn(path).trimEnd().split('\n')
    const { body, hash } = JSON.parse(lines.at(-1) as string) as { body: { seq: number; queue: string }; hash: string }
    const witness = join(place, 'witness.json')
    writeFileSync(witness, JSON.stringify({ hash, queue: body.queue, seq: body.seq, types: {} }))
    const newest = liveFiles(path).at(-1) as string
    const kept = readFileSync(join(path, newest), 'utf8').split('\n').slice(0, 1)
    writeFileSync(join(path, newest), `${kept.join('\n')}\n`)
    expect(said(path)).toMatchObject({ status: 0 })
    const { findings } = said(path, '--witness', witness)
    expect(findings).toEqual([`${(JSON.parse(kept[0] as string) as { body: { seq: number } }).body.seq + 1} TAIL_MISSING error`])
  })
})

/** Entries of a bundle, by name. */
type Entries = Map<string, Uint8Array>

async function entriesOf(range: { from?: bigint; to?: bigint } = {}): Promise<{ zip: Uint8Array; journal: Journal }> {
  const storage = memoryStorage()
  const queue = await createQueue({
    country: bareCountry(),
    storage,
    signer: await key.signer(),
    clock: fixedClock('2026-03-02T08:00:00.000Z', { tickMs: 3 }),
    segBits: 6,
  })
  for (let n = 0; n < 80; n++) await queue.record({ type: 'ticket', key: `A-${n}`, amount: n })
  await queue.record({ type: 'closing', events: 2 })
  await queue.close()
  const reader = await storage.openReader()
  const parts: Uint8Array[] = []
  const options = {
    format: readFileSync(new URL('../FORMAT.md', import.meta.url), 'utf8'),
    created: '2026-03-03T00:00:00.000Z',
    software: 'test/1',
  }
  for await (const part of writeBundle(reader, { ...options, ...range })) parts.push(part)
  const lines: string[] = []
  for await (const { line } of reader.read(0n)) lines.push(new TextDecoder().decode(line))
  return { zip: joined(parts), journal: { name: 'bundle', lines, keys: new Map([[key.kid, key]]), endorsers: [] } }
}

function unpacked(name: string, zip: Uint8Array): string {
  const [file, folder] = [join(place, `${name}.zip`), join(place, name)]
  writeFileSync(file, zip)
  mkdirSync(folder)
  const { status } = spawnSync(python as string, [
    '-c',
    'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])',
    file,
    folder,
  ])
  expect(status).toBe(0)
  return folder
}

function filesIn(folder: string, below: string = ''): Entries {
  const entries: Entries = new Map()
  for (const found of readdirSync(join(folder, below), { withFileTypes: true })) {
    const name = below === '' ? found.name : `${below}/${found.name}`
    if (found.isDirectory()) for (const [inner, bytes] of filesIn(folder, name)) entries.set(inner, bytes)
    else entries.set(name, readFileSync(join(folder, name)))
  }
  return entries
}

async function core(folder: string): Promise<readonly string[]> {
  const list = async function* (): AsyncIterable<{ name: string; bytes: Uint8Array[] }> {
    for (const [name, bytes] of filesIn(folder)) yield { name, bytes: [bytes] }
  }
  const { findings } = await verifyBundleFiles(list)
  return findings.map(({ seq, code, severity }) => `${seq ?? -1} ${code} ${severity}`)
}

// Changes bundle.json and keeps it canonical: its members are already in order, and so are those put in.
function retold(folder: string, change: (index: JsonObject) => JsonObject): void {
  const file = join(folder, 'bundle.json')
  const index = change(JSON.parse(readFileSync(file, 'utf8')) as JsonObject)
  const ordered = Object.fromEntries(Object.entries(index).sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(file, JSON.stringify(ordered))
}

const edited = (folder: string, name: string, change: (text: string) => string): void =>
  writeFileSync(join(folder, name), change(readFileSync(join(folder, name), 'utf8')))

const SPOILT: Readonly<Record<string, readonly [spoil: (folder: string) => void, finding: RegExp]>> = {
  'a file changed': [(folder) => edited(folder, 'README.txt', (text) => `${text}!`), /^-1 BUNDLE_WRONG error$/],
  'a file more': [(folder) => writeFileSync(join(folder, 'more.txt'), 'x'), /^-1 BUNDLE_WRONG error$/],
  'a file less': [(folder) => rmSync(join(folder, 'report.json')), /^-1 BUNDLE_WRONG error$/],
  'no queue.json': [(folder) => rmSync(join(folder, 'queue.json')), /^-1 BUNDLE_WRONG error$/],
  'queue.json of another queue': [
    (folder) =>
      edited(folder, 'queue.json', (text) =>
        text.replace(/"genesis":"(.)/, (_, first: string) => `"genesis":"${first === '0' ? '1' : '0'}`),
      ),
    /^-1 BUNDLE_WRONG error$/,
  ],
  'another count': [(folder) => retold(folder, (index) => ({ ...index, count: 3 })), /^-1 BUNDLE_WRONG error$/],
  'another queue': [
    (folder) => retold(folder, (index) => ({ ...index, queue: '00000000-0000-4000-8000-000000000000' })),
    /^-1 (BUNDLE|QUEUE)_WRONG error$/,
  ],
  'another head': [
    (folder) => retold(folder, (index) => ({ ...index, head: { ...(index['head'] as JsonObject), hash: 'a'.repeat(64) } })),
    /^\d+ FORK error$/,
  ],
  'a member more': [(folder) => retold(folder, (index) => ({ ...index, more: 1 })), /^-1 BUNDLE_WRONG error$/],
  'no bundle.json': [(folder) => edited(folder, 'bundle.json', () => '{}'), /^-1 BUNDLE_WRONG error$/],
  'a line feed behind bundle.json': [(folder) => edited(folder, 'bundle.json', (text) => `${text}\n`), /^-1 BUNDLE_WRONG error$/],
  'a record changed': [
    (folder) =>
      edited(folder, readdirSync(folder).find((name) => name.startsWith('s-')) as string, (text) =>
        text.replace('"payload":{"amount"', '"payload":{"amaunt"'),
      ),
    /^\d+ PAY_WRONG error$/,
  ],
  'a line removed': [
    (folder) =>
      edited(folder, readdirSync(folder).find((name) => name.startsWith('s-')) as string, (text) =>
        text.replace(/^.*\n.*\n/, (two) => two.slice(0, two.indexOf('\n') + 1)),
      ),
    /^\d+ RECORD_MISSING error$/,
  ],
}

describe.skipIf(python === undefined)('bundles under both verifiers (needs python3)', () => {
  it.each([
    ['whole', {}],
    ['range', { from: 10n, to: 70n }],
  ])('a %s bundle is sound, packed and unpacked', async (name, range) => {
    const { zip } = await entriesOf(range)
    const folder = unpacked(name, zip)
    expect(said(`${folder}.zip`)).toMatchObject({ status: 0, findings: [] })
    expect(said(folder)).toMatchObject({ status: 0, findings: [] })
    expect(await core(folder)).toEqual([])
  })

  it.each(Object.entries(SPOILT))('%s: both find the same', async (name, [spoil, finding]) => {
    for (const range of [{}, { from: 10n, to: 70n }]) {
      const label = `${name} ${'from' in range ? 'range' : 'whole'}`
      const folder = unpacked(label, (await entriesOf(range)).zip)
      spoil(folder)
      const found = said(folder)
      expect(found.status).toBe(1)
      expect(found.findings).toEqual(expect.arrayContaining([expect.stringMatching(finding)]))
      expect(await core(folder)).toEqual(found.findings)
    }
  })

  it('a range without its start proves its lines', async () => {
    const folder = unpacked('no start', (await entriesOf({ from: 10n })).zip)
    retold(folder, ({ start: _, ...index }) => index)
    expect(said(folder)).toMatchObject({ status: 0, findings: [] })
    expect(await core(folder)).toEqual([])
  })

  it('a file that a record names must be there', async () => {
    const { zip, journal } = await entriesOf()
    const folder = unpacked('blob', zip)
    const blob = 'cd'.repeat(32)
    const { lines } = extended(journal, key, 'message', { blob })
    const copy = join(place, 'blob without contents')
    cpSync(folder, copy, { recursive: true })
    rmSync(join(copy, 'bundle.json'))
    writeFileSync(join(copy, 'bundle.json'), '{}')
    const last = readdirSync(copy)
      .filter((name) => name.startsWith('s-'))
      .sort()
      .at(-1) as string
    writeFileSync(join(copy, last), `${lines.at(-1)}\n`, { flag: 'a' })
    const found = said(copy).findings
    expect(found).toContain(`${journal.lines.length} BLOB_WRONG error`)
    expect(await core(copy)).toEqual(found)
  })

  it('a ZIP that ordinary tools could unpack otherwise is none', async () => {
    const { zip } = await entriesOf()
    const row = Buffer.from(zip).indexOf('PK\u0001\u0002', 0, 'latin1')
    const sent = Uint8Array.from(zip)
    sent[row + 42] = 1
    const another = new Uint8Array(readFileSync(join(place, 'whole.zip')))
    for (const [label, bytes] of Object.entries({
      sent,
      followed: joined([zip, another]),
      ended: joined([zip, Uint8Array.of(0)]),
    })) {
      const file = join(place, `${label}.zip`)
      writeFileSync(file, bytes)
      expect([label, said(file)]).toMatchObject([label, { status: 1, findings: ['-1 BUNDLE_WRONG error'] }])
      const { findings } = await verifyBundle(() => [bytes])
      expect([label, findings.filter(({ where }) => where === 'zip').length]).toEqual([label, 1])
    }
  })

  it('what is no ZIP is said to be none', () => {
    const file = join(place, 'none.zip')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, 'PK\u0003\u0004 and nothing else')
    expect(said(file)).toMatchObject({ status: 1, findings: ['-1 BUNDLE_WRONG error'] })
  })
})

describe.skipIf(python === undefined)('the vectors (needs python3)', () => {
  it('J-01 J-02 J-06 J-10 J-11 J-13 every case of vectors/core comes out as stated in the second verifier', () => {
    const { status, stdout, stderr } = spawnSync(python as string, [join(dirname(program), 'test_vectors.py')], {
      encoding: 'utf8',
    })
    expect(`${stderr}${stdout}`).not.toMatch(/cases, [1-9]/)
    expect(stdout.match(/: \d+ cases, 0 wrong/g)).toHaveLength(9)
    expect(status).toBe(0)
  })
})
