// The audit log in a real file: durable lines, crashes in the middle of one, a second writer, a changed byte.
import { appendFileSync, chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { checkAudit, FiscalError } from '@sigillo/core'
import { afterAll, expect, it } from 'vitest'
import { openAuditFile } from './index.js'

const root = mkdtempSync(join(tmpdir(), 'sigillo-audit-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let count = 0
const fresh = (): string => join(root, `audit-${++count}`, 'audit.jsonl')
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof FiscalError ? error.code : String(error)),
  )
const linesIn = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1)

it('keeps lines of many callers in one chain, in a private file, and goes on after reopening', async () => {
  const path = fresh()
  const first = await openAuditFile(path)
  const heads = await Promise.all(Array.from({ length: 50 }, (_, index) => first.append({ event: 'signed', index })))
  expect(heads.map((head) => head.count)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
  await first.close()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const second = await openAuditFile(path)
  expect(second.head()).toEqual(heads.at(-1))
  await second.append({ event: 'refused' })
  const read: unknown[] = []
  for await (const line of second.read()) read.push(line['event'])
  expect(read).toHaveLength(51)
  await second.close()
  expect(checkAudit(linesIn(path))).toEqual({ head: second.head(), findings: [] })
  expect(await codeOf(second.append({ event: 'late' }))).toBe('STORAGE_FAILED')
})

it('goes on after a crash at any byte of the last line', async () => {
  const path = fresh()
  const audit = await openAuditFile(path)
  await audit.append({ event: 'a' })
  await audit.append({ event: 'b' })
  await audit.close()
  const whole = readFileSync(path)
  const [first] = linesIn(path) as [string]
  for (let length = first.length + 1; length <= whole.length; length += 7) {
    writeFileSync(path, whole.subarray(0, length))
    const reopened = await openAuditFile(path)
    const { count: before } = reopened.head()
    await reopened.append({ event: 'c' })
    await reopened.close()
    const { head, findings } = checkAudit(linesIn(path))
    expect(head.count).toBe(before + 1)
    expect(findings.filter(({ problem }) => problem === 'broken')).toEqual([])
  }
})

it('refuses a log with a changed line, one others may write, and one another process has written meanwhile', async () => {
  const path = fresh()
  const audit = await openAuditFile(path)
  for (const event of ['a', 'b', 'c']) await audit.append({ event })
  appendFileSync(path, '{"event":"forged"}\n')
  expect(await codeOf(audit.append({ event: 'd' }))).toBe('STORAGE_CONFLICT')
  expect(await codeOf(audit.append({ event: 'e' }))).toBe('STORAGE_CONFLICT')
  await audit.close()
  expect(await codeOf(openAuditFile(path))).toBe('JOURNAL_CORRUPT')
  const good = linesIn(path).slice(0, 3)
  writeFileSync(path, `${good.join('\n').replace('"b"', '"B"')}\n`)
  expect(await codeOf(openAuditFile(path))).toBe('JOURNAL_CORRUPT')
  writeFileSync(path, `${good.join('\n')}\n`)
  chmodSync(path, 0o622)
  expect(await codeOf(openAuditFile(path))).toBe('KEY_FILE_UNSAFE')
  chmodSync(path, 0o600)
  // Who may write the folder may put another log in its place.
  chmodSync(dirname(path), 0o777)
  expect(await codeOf(openAuditFile(path))).toBe('KEY_FILE_UNSAFE')
  chmodSync(dirname(path), 0o700)
  if (process.geteuid?.() === 0) {
    chownSync(path, 65534, 65534)
    expect(await codeOf(openAuditFile(path))).toBe('KEY_FILE_UNSAFE')
    chownSync(path, 0, 0)
  }
  const reopened = await openAuditFile(path)
  expect(reopened.head().count).toBe(3)
  await reopened.close()
})
