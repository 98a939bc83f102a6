import { describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { utf8 } from '../bytes.js'
import { verifyChunks } from './verify.js'

const path = new URL('../../../../vectors/core/records.json', import.meta.url)
describe('the worked examples', () => {
  const { tests } = JSON.parse(readFileSync(path, 'utf8')) as { tests: { id: string; result: { line: string } }[] }
  const lines = tests.filter(({ id }) => /^record-\d+$/.test(id)).map(({ result }) => result.line)
  const verify = (journal: readonly string[]): ReturnType<typeof verifyChunks> =>
    verifyChunks([{ bytes: utf8(`${journal.join('\n')}\n`) }])
  const codes = async (journal: readonly string[]): Promise<string[]> =>
    (await verify(journal)).findings.map(({ seq, code }) => `${seq} ${code}`)

  it('J-01 verify', async () => {
    const report = await verify(lines)
    expect(report.findings).toEqual([])
    expect(report.root).toBe('c53bddf4fa4a3ab2b0cfb64e56e8c57e1de03c32a0e7c64deb0a81cc9b9a66a3')
  })
  it('J-05 a removed line is named', async () => {
    expect(await codes(lines.toSpliced(3, 1))).toEqual(['3 RECORD_MISSING'])
  })
  it('J-05 a repeated line is named', async () => {
    expect(await codes(lines.toSpliced(3, 0, lines[2] as string))).toEqual(['2 RECORD_REPEATED'])
  })
  it('J-04 a changed payload, a changed body, a changed hash', async () => {
    const change = (seq: number, from: string, to: string): string[] => lines.with(seq, (lines[seq] as string).replace(from, to))
    expect(await codes(change(1, '"total":1250}', '"total":1251}'))).toEqual(['1 PAY_WRONG'])
    expect(await codes(change(1, '2000:1250,1250', '2000:1250,1251'))).toEqual(['1 SIGNATURE_WRONG'])
    expect(await codes(change(3, '"hash":"16db', '"hash":"26db'))).toEqual(['3 HASH_WRONG'])
  })
})
