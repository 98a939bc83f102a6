// Cutting damaged bytes into numbered lines, and proofs of durability (FORMAT 10.2, 10.3).
import fc from 'fast-check'
import { lineOf } from '@sigillo/core'
import { tickets } from '@sigillo/testing'
import { describe, expect, it } from 'vitest'
import { newJournal } from './disk.test-support.js'
import { cutLines, proofOfDurability, takeLines, wholeRequests } from './lines.js'

async function twelve(): Promise<{ lines: readonly string[]; bytes: Uint8Array; queue: string; hash: string }> {
  const journal = await newJournal(6)
  for (let batch = 0; batch < 6; batch++) journal.keep(await journal.seal(1, tickets(`b${batch}`, 2)))
  const lines = journal.kept.slice(1).map((record) => lineOf(record))
  return { lines, bytes: Buffer.from(`${lines.join('\n')}\n`), queue: journal.queue, hash: journal.genesis.hash }
}

const textOf = (bytes: Uint8Array, start: number, end: number): string => Buffer.from(bytes.subarray(start, end)).toString()

describe('cutting lines', () => {
  it('gives undamaged bytes back line by line', async () => {
    const { lines, bytes } = await twelve()
    expect([...cutLines(bytes, 1)].map(({ seq, start, end }) => [seq, textOf(bytes, start, end)])).toEqual(
      lines.map((line, at) => [at + 1, line]),
    )
  })

  it('J-05 keeps the numbers of all other lines when one is damaged, missing, repeated, or has lost its line feed', async () => {
    const { lines, bytes } = await twelve()
    const damages: ((at: number) => Uint8Array)[] = [
      (at) =>
        Buffer.from(`${lines.map((line, i) => (i === at ? `${line.slice(0, 400)}#${line.slice(401)}` : line)).join('\n')}\n`),
      (at) => Buffer.from(`${lines.filter((_, i) => i !== at).join('\n')}\n`),
      (at) => Buffer.from(`${lines.flatMap((line, i) => (i === at ? [line, lines[0] as string] : [line])).join('\n')}\n`),
      (at) => {
        const copy = Buffer.from(bytes)
        copy[Buffer.from(lines.slice(0, at + 1).join('\n')).length] = 0x20
        return copy
      },
    ]
    fc.assert(
      fc.property(fc.nat(9), fc.constantFrom(...damages), (at, damage) => {
        const damaged = damage(at)
        const found = new Map([...cutLines(damaged, 1)].map(({ seq, start, end }) => [seq, textOf(damaged, start, end)]))
        for (const [i, line] of lines.entries()) if (i !== at && i !== at + 1) expect(found.get(i + 1)).toBe(line)
      }),
    )
  })

  it('takes any bytes without failing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant('{"body":{"seq":7,'), fc.constant('\n'), fc.string()), { maxLength: 30 }),
        fc.nat(10),
        (parts, first) => {
          const bytes = Buffer.from(parts.join(''))
          let last = -1
          for (const { start, end } of cutLines(bytes, first)) {
            expect(start).toBeGreaterThan(last - 1)
            expect(end).toBeGreaterThanOrEqual(start)
            last = end
          }
          proofOfDurability(bytes, { queue: 'q', epoch: 1 }, 0)
          expect(takeLines(bytes, { queue: 'q', epoch: 1 }, { seq: first - 1, hash: undefined }).marks).toEqual([])
        },
      ),
    )
  })
})

describe('proofs of durability', () => {
  it('J-25 J-26 only a record of a later batch proves, wherever it stands', async () => {
    const { lines, queue } = await twelve()
    const owner = { queue, epoch: 1 }
    // Records 1 and 2 are one batch; record 3 begins the next.
    const hole = '\u0000'.repeat(700)
    expect(proofOfDurability(Buffer.from(`${hole}${lines[1]}\n`), owner, 1)).toBeUndefined()
    expect(proofOfDurability(Buffer.from(`${hole}${lines[1]}${hole}${lines[2]}\n`), owner, 1)).toBe(3)
    expect(proofOfDurability(Buffer.from(`${hole}${lines[2]}`), owner, 1)).toBeUndefined()
    expect(proofOfDurability(Buffer.from(`${lines[2]}\n`), { queue, epoch: 2 }, 1)).toBeUndefined()
  })

  it('takes lines up to a limit and while they follow', async () => {
    const { bytes, lines, queue, hash } = await twelve()
    const owner = { queue, epoch: 1 }
    expect(takeLines(bytes, owner, { seq: 0, hash }).marks).toHaveLength(lines.length)
    expect(takeLines(bytes, owner, { seq: 0, hash }, 5).marks.at(-1)?.seq).toBe(5)
    expect(takeLines(bytes, owner, { seq: 0, hash: 'f'.repeat(64) }).marks).toEqual([])
    expect(takeLines(bytes, owner, { seq: 1, hash: undefined }).marks).toEqual([])
  })

  it('J-64 counts an incomplete request at the end as not there', () => {
    const mark = (more: number) => ({ seq: 0, end: 0, base: 0, more, hash: '', prev: '', type: '', ref: undefined })
    expect(wholeRequests([mark(0), mark(2), mark(1), mark(0)])).toBe(4)
    expect(wholeRequests([mark(0), mark(2), mark(1)])).toBe(1)
    expect(wholeRequests([mark(1)])).toBe(0)
  })
})
