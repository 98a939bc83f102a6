// The container by itself: what ordinary writers make is read whole however the bytes arrive, and what two readers could understand in two ways
// is refused.
import fc from 'fast-check'
import { Zip, ZipDeflate, ZipPassThrough, zipSync } from 'fflate'
import { randomFrom } from '@sigillo/testing/node'
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../bytes.js'
import { isWellFormed } from '../canonical.js'
import { unzipInto } from './unzip.js'
import { startZip } from './zip-writer.js'

type Files = Readonly<Record<string, Uint8Array>>

/** A ZIP whose entries tell their size behind their data. */
function streamed(files: Files, stored = false): Uint8Array {
  const out: Uint8Array[] = []
  const zip = new Zip((_error, data) => void out.push(data))
  for (const [name, content] of Object.entries(files)) {
    const file = stored ? new ZipPassThrough(name) : new ZipDeflate(name, { level: 6 })
    zip.add(file)
    file.push(content, true)
  }
  zip.end()
  return concat(...out)
}

async function unzipped(zip: Uint8Array, piece = 7): Promise<{ readonly wrong: string | undefined; readonly files: Files }> {
  const parts = new Map<string, Uint8Array[]>()
  const ended: string[] = []
  const pieces = Array.from({ length: Math.ceil(zip.length / piece) }, (_, i) => zip.subarray(i * piece, (i + 1) * piece))
  const wrong = await unzipInto(pieces, (name) => {
    parts.set(name, [])
    return (data, final) => {
      parts.get(name)?.push(data.slice())
      if (final) ended.push(name)
    }
  })
  if (wrong === undefined) expect(ended).toEqual([...parts.keys()])
  return { wrong, files: Object.fromEntries([...parts].map(([name, data]) => [name, concat(...data)])) }
}

const marks = ['PK\u0003\u0004', 'PK\u0007\u0008', 'PK\u0001\u0002', 'PK\u0005\u0006', 'PK', 'P'].map(utf8)
const content = fc
  .array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...marks)), { maxLength: 30 })
  .map((parts) => concat(...parts))
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter(isWellFormed)
const files = fc.dictionary(name, content, { maxKeys: 4, noNullPrototype: true })

const small: Files = { 'a.txt': utf8('alpha alpha alpha alpha'), 'b.txt': utf8('beta') }
const number = (bytes: Uint8Array, at: number, value: number, size = 4): Uint8Array => {
  const copy = bytes.slice()
  for (let i = 0; i < size; i++) copy[at + i] = (value >>> (8 * i)) & 255
  return copy
}
const find = (bytes: Uint8Array, mark: string, nth = 0): number => {
  let at = -1
  for (let n = 0; n <= nth; n++) at = Buffer.from(bytes).indexOf(mark, at + 1, 'latin1')
  return at
}

describe('a ZIP as it streams', () => {
  it('is read whole, whatever its content looks like and however its bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(
        files,
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom('streamed', 'stored', 'measured'),
        async (given, piece, how) => {
          const zip = how === 'measured' ? zipSync(given) : streamed(given, how === 'stored')
          expect(await unzipped(zip, piece)).toEqual({ wrong: undefined, files: given })
        },
      ),
      { numRuns: 400 },
    )
  })

  it('does not end an entry at bytes that look like its descriptor', async () => {
    // Noise is stored as it is, so the marks stand in the compressed data.
    const random = randomFrom(1)
    const noise = Uint8Array.from({ length: 200_000 }, () => random.below(256))
    for (let at = 0; at < noise.length - 8; at += 997) noise.set(marks[(at / 997) % 4] as Uint8Array, at)
    const zip = streamed({ 'records.ndjson': noise, 'end.txt': utf8('end') })
    expect(find(zip, 'PK\u0007\u0008', 20)).toBeGreaterThan(0)
    expect(await unzipped(zip, 4096)).toEqual({ wrong: undefined, files: { 'records.ndjson': noise, 'end.txt': utf8('end') } })
  })

  it('cut anywhere it is damaged, and nothing is thrown', async () => {
    for (const zip of [streamed(small), zipSync(small)])
      for (let length = 0; length < zip.length; length++)
        expect([length, (await unzipped(zip.subarray(0, length))).wrong]).not.toEqual([length, undefined])
  })

  it('lets go of its source, damaged or not', async () => {
    for (const zip of [streamed(small), utf8('no ZIP at all')]) {
      let open = true
      const source = async function* (): AsyncGenerator<Uint8Array> {
        try {
          for (let at = 0; at < zip.length; at += 5) yield await Promise.resolve(zip.subarray(at, at + 5))
        } finally {
          open = false
        }
      }
      await unzipInto(source(), () => undefined)
      expect(open).toBe(false)
    }
  })

  it('with any byte changed it is damaged, or its content is what it was', async () => {
    for (const zip of [streamed(small), zipSync(small)])
      for (let at = 0; at < zip.length; at++) {
        const { wrong, files: found } = await unzipped(number(zip, at, (zip[at] as number) ^ 0x55, 1))
        const same = JSON.stringify(Object.entries(found)) === JSON.stringify(Object.entries(small))
        // The digests of the files, which the container does not know, tell of changed data that still unpacks to the same size.
        if (wrong === undefined && !same) expect(Object.values(found).map((bytes) => bytes.length)).toEqual([23, 4])
      }
  })

  it('is refused when an ordinary tool would extract something else', async () => {
    const zip = zipSync(small)
    const wrongOf = async (bytes: Uint8Array): Promise<string | undefined> => (await unzipped(bytes)).wrong
    expect(await wrongOf(zip)).toBeUndefined()
    const row = find(zip, 'PK\u0001\u0002')
    // The directory sends the tool to another place, or calls the file otherwise.
    expect(await wrongOf(number(zip, row + 42, 1))).toContain('speaks otherwise of a.txt')
    expect(await wrongOf(number(zip, row + 46, 0x63, 1))).toContain('speaks otherwise of c.txt')
    expect(await wrongOf(number(zip, row + 20, 1))).toContain('speaks otherwise')
    // It lists one entry only, with an end that agrees.
    const second = find(zip, 'PK\u0001\u0002', 1)
    const end = find(zip, 'PK\u0005\u0006')
    const shorter = concat(zip.subarray(0, second), zip.subarray(end))
    const told = number(number(number(shorter, second + 8, 1, 2), second + 10, 1, 2), second + 12, second - row)
    expect(await wrongOf(told)).toMatch(/another directory|does not list/)
    // Something else stands behind it, where tools look first for the end.
    expect(await wrongOf(concat(zip, zipSync({ 'a.txt': utf8('another') })))).toContain('follows its end')
    expect(await wrongOf(number(zip, 6, 1, 2))).toContain('is encrypted')
    expect(await wrongOf(number(zip, 8, 9, 2))).toContain('method 9')
  })
})

it('a bundle is not written beyond what a ZIP can count', () => {
  const entry = startZip(1000).entry('records.jsonl')
  for (const _ of entry.push(new Uint8Array(1000))) expect.unreachable('nothing is ready yet')
  expect(() => entry.push(new Uint8Array(1))).toThrow(/4 GiB/)
})
