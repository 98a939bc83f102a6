// The vector files of the repository have the form their readers rely on, and spoilt ones are refused.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseVectors, vectorsWith } from './vectors.js'

const root = new URL('../../../vectors/', import.meta.url)
const files = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => readdirSync(new URL(`${name}/`, root)).map((file) => `${name}/${file}`))
  .filter((file) => file.endsWith('.json'))

describe('vector files', () => {
  it.each(files)('%s can be loaded, and its cases chosen by flag', (file) => {
    const vectors = parseVectors(readFileSync(new URL(file, root), 'utf8'))
    const valid = vectors.tests.filter(({ flags }) => flags.includes('valid'))
    expect(valid.length).toBeGreaterThan(0)
    expect(vectorsWith(vectors, 'valid')).toEqual(valid)
  })
  it.each([
    ['no cases', { comment: 'c', tests: [] }],
    ['no comment', { tests: [{ id: 'a', comment: 'c', flags: ['valid'], input: {}, result: {} }] }],
    [
      'an id twice',
      {
        comment: 'c',
        tests: Array.from({ length: 2 }, () => ({ id: 'a', comment: 'c', flags: ['valid'], input: {}, result: {} })),
      },
    ],
    ['no verdict', { comment: 'c', tests: [{ id: 'a', comment: 'c', flags: [], input: {}, result: {} }] }],
    ['no result', { comment: 'c', tests: [{ id: 'a', comment: 'c', flags: ['valid'], input: {} }] }],
  ])('refuses a file with %s', (_what, file) => {
    expect(() => parseVectors(JSON.stringify(file))).toThrow(TypeError)
  })
  it('refuses a choice that chooses nothing', () => {
    const file = parseVectors(
      JSON.stringify({ comment: 'c', tests: [{ id: 'a', comment: 'c', flags: ['valid'], input: {}, result: {} }] }),
    )
    expect(() => vectorsWith(file, 'invalid')).toThrow(TypeError)
  })
})
