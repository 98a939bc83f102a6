// The rules around a PIN without any device: one failure is the last, across restarts, whatever the order of events.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { memoryAudit, type AuditLog } from './audit.js'
import { FiscalError } from './errors.js'
import { PinSafety, type PinDoubt, type PinSubmission } from './pin-safety.js'
import { signerError } from './signer-codes.js'

const load = (audit: AuditLog, secretVersion = '1', token = 'T-1'): Promise<PinSafety> =>
  PinSafety.load({ token, secretVersion, audit })
const submission = (
  sent: string[],
  answer: 'right' | 'wrong' | 'fault' = 'right',
  doubt: PinDoubt = 'intact',
): PinSubmission => ({
  before: () => {},
  send: () => {
    sent.push(answer)
    if (answer === 'wrong') throw signerError('PIN_INCORRECT', { message: 'refused', triesLeft: 2 })
    if (answer === 'fault') throw signerError('DEVICE_FAULT', { message: 'broken' })
  },
  doubt: () => doubt,
})
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: unknown) => (error instanceof FiscalError ? error.code : String(error)),
  )

it('S-12 one failed submission latches the pair of token and secret version, in this process and the next', async () => {
  const [audit, sent] = [memoryAudit(), [] as string[]]
  const safety = await load(audit)
  expect(await codeOf(safety.submit(submission(sent, 'wrong')))).toBe('PIN_INCORRECT')
  for (let i = 0; i < 5; i++) expect(await codeOf(safety.submit(submission(sent)))).toBe('PIN_LATCHED')
  expect(await codeOf((await load(audit)).submit(submission(sent)))).toBe('PIN_LATCHED')
  expect(sent).toEqual(['wrong'])
  expect(await codeOf((await load(audit, '2')).submit(submission(sent)))).toBe('ok')
  expect(await codeOf((await load(audit, '1', 'T-2')).submit(submission(sent)))).toBe('ok')
})

it('a person may lift the latch, which is written down', async () => {
  const [audit, sent] = [memoryAudit(), [] as string[]]
  const safety = await load(audit)
  await codeOf(safety.submit(submission(sent, 'wrong')))
  await safety.clear('anna', 'typed the PIN by hand at the device')
  expect((await load(audit)).isLatched).toBe(false)
  const events: unknown[] = []
  for await (const line of audit.read()) events.push(line['event'], line['actor'])
  expect(events.slice(-2)).toEqual(['pin-cleared', 'anna'])
})

it('S-13 an intent without an outcome counts as a failure', async () => {
  const audit = memoryAudit()
  await audit.append({ event: 'pin-intent', token: 'T-1', secret: '1' })
  expect((await load(audit)).isLatched).toBe(true)
  expect((await load(audit, '2')).isLatched).toBe(false)
})

it('S-15 any number of callers at once share one submission', async () => {
  const [audit, sent] = [memoryAudit(), [] as string[]]
  const safety = await load(audit)
  await Promise.all(Array.from({ length: 100 }, () => safety.submit(submission(sent))))
  expect(sent).toHaveLength(1)
})

it('S-12 signers of one token that share a log share its failures, whoever asks first and whenever they were opened', async () => {
  const [audit, sent] = [memoryAudit(), [] as string[]]
  const [record, device] = [await load(audit), await load(audit)]
  const slow: PinSubmission = {
    ...submission(sent, 'wrong'),
    before: () => new Promise((resolve) => setTimeout(resolve, 5)),
  }
  const both = await Promise.all([codeOf(record.submit(slow)), codeOf(device.submit(slow))])
  expect(both).toEqual(['PIN_INCORRECT', 'PIN_LATCHED'])
  expect(await codeOf(device.submit(submission(sent)))).toBe('PIN_LATCHED')
  expect(sent).toEqual(['wrong'])
})

it('S-12 a PIN another process is submitting is not sent; once it has failed there, it is latched here', async () => {
  const [audit, sent] = [memoryAudit(), [] as string[]]
  const safety = await load(audit)
  const elsewhere = { token: 'T-1', secret: '1', attempt: 'elsewhere' }
  await audit.append({ event: 'pin-intent', ...elsewhere })
  expect(await codeOf(safety.submit(submission(sent)))).toBe('DEVICE_BUSY')
  await audit.append({ event: 'pin-outcome', ...elsewhere, outcome: 'failed' })
  expect(await codeOf(safety.submit(submission(sent)))).toBe('PIN_LATCHED')
  expect(sent).toEqual([])
  const [free, open] = [memoryAudit(), [] as string[]]
  const other = await load(free)
  await free.append({ event: 'pin-intent', ...elsewhere })
  await free.append({ event: 'pin-outcome', ...elsewhere, outcome: 'accepted' })
  expect(await codeOf(other.submit(submission(open)))).toBe('ok')
})

it('what is refused before sending writes no intent and may be asked again', async () => {
  const [audit, sent] = [memoryAudit(), [] as string[]]
  const safety = await load(audit)
  const low: PinSubmission = {
    ...submission(sent),
    before: () => {
      throw signerError('PIN_TRIES_LOW', { message: 'two left' })
    },
  }
  expect(await codeOf(safety.submit(low))).toBe('PIN_TRIES_LOW')
  expect(audit.head().count).toBe(0)
  expect(await codeOf(safety.submit(submission(sent)))).toBe('ok')
})

it('S-12 whatever happens, at most one wrong submission, and none after a failure in doubt', async () => {
  const step = fc.constantFrom('right', 'wrong', 'fault intact', 'fault seems-intact', 'fault spent', 'fault unknown', 'restart')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const [audit, sent] = [memoryAudit(), [] as string[]]
      let safety = await load(audit)
      let isOver = false
      // Flags are believed once in a row.
      let believed = false
      for (const each of steps) {
        if (each === 'restart') {
          safety = await load(audit)
          continue
        }
        const [answer, doubt = 'intact'] = each.split(' ') as ['right' | 'wrong' | 'fault', PinDoubt?]
        const before = sent.length
        await codeOf(safety.submit(submission(sent, answer, doubt)))
        if (isOver) expect(sent.length).toBe(before)
        if (sent.length === before) continue
        const fine = answer === 'right' || (answer === 'fault' && (doubt === 'intact' || (doubt === 'seems-intact' && !believed)))
        isOver ||= !fine
        believed = answer === 'fault' && doubt === 'seems-intact'
      }
      expect(sent.filter((each) => each === 'wrong').length).toBeLessThanOrEqual(1)
      expect(safety.isLatched).toBe(isOver)
    }),
  )
})
