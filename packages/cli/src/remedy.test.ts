import { cpSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openPlace, openShopFolder, type Place } from './fr/french-shop.fixture.js'

let place: Place
beforeAll(async () => {
  place = openPlace()
  await openShopFolder(place)
})
afterAll(() => place.remove())

it('names the options of the command line, and they do what they are named for', async () => {
  for (const part of ['shop', 'shop.keys', 'shop.witness.json'])
    cpSync(place.path(part), place.path(part.replace('shop', 'copy')), { recursive: true })
  const record = ['record', place.path('copy'), '--text']
  const refused = await place.sigillo(record)
  expect(refused.code).toBe(2)
  expect(refused.stderr).toMatch(/^error MOVED_SUSPECTED: .+\n {2}.*--moved .*--restored .*\n$/)
  expect(await place.sigillo([...record, '--restored'])).toMatchObject({ code: 0 })
})

it('stands below each refusal of record --text', async () => {
  const request = { type: 'ticket', key: 'T-9', operatorId: 'A', posMoment: '2026-03-14T07:01:00Z', payments: [{ mode: 'ESP' }] }
  const { code, stdout } = await place.sigillo(['record', place.path('shop'), '--text'], { input: JSON.stringify(request) })
  expect(code).toBe(1)
  expect(stdout.split('\n').slice(0, 2)).toEqual([
    '✘ refused line 1  T-9  REQUEST_INVALID: payments[0].amount: is missing',
    '    Correct the request at the path named and send it again.',
  ])
})
