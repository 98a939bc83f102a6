// What a device records besides documents: the portal's code, texts no message could carry, software dates, leaving an owner.
import { describe, expect, it } from 'vitest'
import { card, line, openDevice } from './device.fixture.js'

const technician = { taxCode: 'RSSMRA80A01H501U', firm: { country: 'IT', code: '09876543217' } }

describe('device', () => {
  it('the QR code of the portal is kept as it is and printed for the label', async () => {
    const device = await openDevice()
    const text = 'https://example.invalid/dispositivi?x=ZZITT000001&y=%20'
    const kept = await device.ok({ type: 'qrCode', text })
    expect(device.state().qr).toBe(text)
    expect(kept.print.at(-1)).toEqual({ kind: 'qr', text, mandatory: true })
    expect(kept.print.map(({ text: one }) => one.trim())).toContain('ZZITT000001')
    await device.reopen()
    expect(device.state().qr).toBe(text)
  })

  it('a text that cannot stand in a message is refused before it is recorded', async () => {
    const device = await openDevice()
    for (const bad of ['a\u0001b', 'a\u000bb', '\ud800', 'a\uffff'])
      expect(await device.refused({ type: 'report', code: '02', note: bad })).toMatchObject({ code: 'REQUEST_INVALID' })
    await device.ok({ type: 'report', code: '02', note: 'riga\tuna\nriga due \u{1f600}' })
  })

  it('IT-14 the release of a software is written as local time with offset, whole seconds', async () => {
    const device = await openDevice()
    await device.ok({
      type: 'intervention',
      ...technician,
      code: '07',
      software: { version: '2.1', released: '2026-07-01T10:00:00.500Z' },
    })
    const { interventions } = await device.close()
    expect(interventions).toMatchObject([{ software: { version: '2.1', released: '2026-07-01T12:00:00+02:00' } }])
  })

  it('IT-20 an owner is not left while documents wait for their lottery batch', async () => {
    const device = await openDevice({ startsAs: 'IN_SERVIZIO' })
    await device.sell([line(500, 2200)], [card(500)], { lotteryCode: 'ABCD1234' })
    const closing = (await device.ok({ type: 'closing' })).seq
    const made = (await device.ok({ type: 'transmission', op: 'made', of: Number(closing), sha256: 'a'.repeat(64) })).seq
    await device.ok({ type: 'transmission', op: 'attempt', of: Number(made) })
    await device.ok({ type: 'outcome', of: Number(made), result: 'accepted' })
    expect(await device.refused({ type: 'event', event: 'DISATTIVAZIONE', code: '00603' })).toMatchObject({
      code: 'IT_OUTSTANDING',
    })
  })
})
