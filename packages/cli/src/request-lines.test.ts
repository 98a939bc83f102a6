// Lines of requests, as they may arrive: cut anywhere, damaged, endless.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { requestLines, type RequestLine } from './request-lines.js'

async function read(text: string | Uint8Array, cuts: readonly number[] = []): Promise<RequestLine[]> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  const parts = places.slice(1).map((end, i) => bytes.subarray(places[i], end))
  const lines: RequestLine[] = []
  for await (const line of requestLines(
    (async function* () {
      yield* parts
    })(),
  ))
    lines.push(line)
  return lines
}

describe('request lines', () => {
  it('numbers lines from 1 and passes over empty ones', async () => {
    const lines = await read('{"a":1}\n\n  \r\n{"b":2}')
    expect(lines.map(({ line, request }) => [line, request])).toEqual([
      [1, { a: 1 }],
      [4, { b: 2 }],
    ])
  })

  it.each([
    ['not JSON', 'not JSON'],
    ['[1]', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['"x"', 'not a JSON object'],
    [Uint8Array.of(0x7b, 0xff, 0x7d), 'not UTF-8'],
  ])('refuses %s with its number and goes on', async (bad, why) => {
    const bytes = typeof bad === 'string' ? new TextEncoder().encode(bad) : bad
    const lines = await read(Buffer.concat([bytes, Buffer.from('\n{"a":1}\n')]))
    expect(lines.map(({ line }) => line)).toEqual([1, 2])
    expect(lines[0]?.error?.code).toBe('REQUEST_INVALID')
    expect(lines[0]?.error?.message).toContain(`line 1: ${why}`)
    expect(lines[1]?.request).toEqual({ a: 1 })
  })

  it('drops a line that is too long without keeping it, and goes on', async () => {
    const lines = await read(`{"a":"${'x'.repeat(1024 * 1024)}"}\n{"b":2}\n`)
    expect(lines.map(({ error }) => error?.message)).toEqual(['line 1: longer than 1048576 bytes', undefined])
  })

  it('gives the same lines however the bytes are cut', async () => {
    const line = fc.oneof(fc.json({ maxDepth: 1 }), fc.string(), fc.constant(''))
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 6 }), async (texts, cuts) => {
        const text = texts.join('\n')
        const plain = (lines: RequestLine[]): unknown => lines.map(({ line: n, request, error }) => [n, request, error?.message])
        expect(plain(await read(text, cuts))).toEqual(plain(await read(text)))
      }),
      { numRuns: 60 },
    )
  })
})
