// The audit log's links: any change to a line is found at the next one.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { auditLine, checkAudit, EMPTY_AUDIT, memoryAudit, type AuditHead } from './audit.js'
import { sha256Hex } from './crypto.node.js'
import { ZERO_HASH } from './digest.js'

const chain = (events: readonly string[]): string[] => {
  const lines: string[] = []
  let head: AuditHead = EMPTY_AUDIT
  for (const event of events) {
    const next = auditLine(head, Date.parse('2026-01-02T03:04:05.678Z'), { event, operation: 'note' })
    lines.push(next.line)
    head = next.head
  }
  return lines
}

it('is one canonical line per event, numbered from 1, linked by the SHA-256 of the line before', () => {
  const [first, second] = chain(['refused', 'signed']) as [string, string]
  expect(first).toBe(`{"at":"2026-01-02T03:04:05.678Z","event":"refused","n":1,"operation":"note","prev":"${ZERO_HASH}"}`)
  expect(JSON.parse(second)).toMatchObject({ n: 2, prev: sha256Hex(first) })
  expect(checkAudit([first, second])).toEqual({ head: { count: 2, hash: sha256Hex(second) }, findings: [] })
  expect(checkAudit([])).toEqual({ head: EMPTY_AUDIT, findings: [] })
})

it('finds any changed, removed, inserted or reordered line', () => {
  const lines = chain(['a', 'b', 'c', 'd', 'e', 'f'])
  const { head } = checkAudit(lines)
  fc.assert(
    fc.property(fc.nat(5), fc.nat(200), fc.constantFrom('change', 'remove', 'repeat', 'swap'), (at, place, how) => {
      const altered = [...lines]
      const line = lines[at] as string
      const index = place % line.length
      if (how === 'change') altered[at] = line.slice(0, index) + (line[index] === 'x' ? 'y' : 'x') + line.slice(index + 1)
      if (how === 'remove') altered.splice(at, 1)
      if (how === 'repeat') altered.splice(at, 0, line)
      if (how === 'swap' && at < 5) altered.splice(at, 2, lines[at + 1] as string, line)
      if (altered.join() === lines.join()) return
      const checked = checkAudit(altered)
      expect(checked.findings.length > 0 || checked.head.hash !== head.hash).toBe(true)
    }),
  )
})

it('passes over a torn line and continues from the one before', () => {
  const lines = chain(['a', 'b'])
  const torn = (lines[1] as string).slice(0, 30)
  const next = auditLine(checkAudit([lines[0] as string]).head, 0, { event: 'c' })
  expect(checkAudit([lines[0] as string, torn, next.line])).toEqual({ head: next.head, findings: [{ line: 2, problem: 'torn' }] })
})

it('in memory keeps the newest lines and the whole count', async () => {
  const audit = memoryAudit(() => 0)
  for (let i = 0; i < 10_050; i++) await audit.append({ event: 'x', index: i })
  const kept: unknown[] = []
  for await (const line of audit.read()) kept.push(line['index'])
  expect(audit.head().count).toBe(10_050)
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([10_000, 50, 10_049])
})
