// vectors/it/till-chains.json: what a till sends to a server, byte for byte, and seals that must not come out.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseVectors } from '@sigillo/testing'
import { expect, it } from 'vitest'
import { readDocument, type DeviceDocument } from './document.js'
import { fiscalData, type KeyedPlace } from './keyed-document.js'
import { receiptElement, type KeylessPlace } from './keyless.js'
import { controlCode, keyedSeal } from './seal.js'

interface Input {
  readonly document?: DeviceDocument
  readonly place: KeyedPlace & KeylessPlace
  readonly key: string
  readonly text: string
  readonly claimed: unknown
}
const rules = { rates: [2200, 1000, 500, 400], activityCodes: false, cashRounding: false }
const path = fileURLToPath(new URL('../../../../vectors/it/till-chains.json', import.meta.url))
const { tests } = parseVectors<Input, Record<string, unknown>>(readFileSync(path, 'utf8'))

it('IT-63 vectors/it/till-chains.json: texts and seals of both protocols come out, claimed seals of other texts do not', () => {
  expect(tests.filter(({ flags }) => flags.includes('valid'))).toHaveLength(12)
  for (const { id, flags, input, result } of tests) {
    const keyed = flags.includes('keyed')
    const { document, place, key, claimed } = input
    const read = document && readDocument(document, rules)
    const text = read === undefined ? input.text : keyed ? fiscalData(read, place) : receiptElement(read, place)
    const seal = keyed ? keyedSeal(text, key) : controlCode(text)
    if (flags.includes('invalid')) expect(seal, id).not.toEqual(claimed)
    else expect(typeof seal === 'string' ? { text, controlCode: seal } : { text, ...seal }, id).toEqual(result)
  }
})
