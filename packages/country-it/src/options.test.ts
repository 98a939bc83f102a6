import { describe, expect, it } from 'vitest'
import { settingsOf, type ItalyOptions } from './options.js'

const merchant = { name: 'Bar', address: 'Via Roma 1', vat: '01234567897' }
const matricola = 'ZZITT000001'

const whole = { matricola: 'ZZITT000001', merchant: { name: 'Bar', address: 'Via Roma 1', vat: '01234567897' } }

describe('options of Italy given without types', () => {
  it.each([
    [undefined, 'options'],
    [null, 'options'],
    ['x', 'options'],
    [{}, 'matricola'],
    [{ matricola: [matricola], merchant }, 'matricola'],
    [{ matricola }, 'merchant'],
    [{ matricola, merchant: null }, 'merchant'],
    [{ matricola, merchant: 'Bar' }, 'merchant'],
    [{ matricola, merchant: { ...merchant, vat: 1234567897 } }, 'merchant.vat'],
    [{ matricola, merchant: { ...merchant, name: undefined } }, 'merchant.name'],
    [{ matricola, merchant: { ...merchant, address: 5 } }, 'merchant.address'],
    [{ ...whole, foo: 1 }, 'foo'],
    [{ ...whole, merchant: { ...whole.merchant, bar: 1 } }, 'merchant.bar'],
    [{ ...whole, printWidth: 41 }, 'printWidth'],
    [{ ...whole, lottery: 'yes' }, 'lottery'],
    [{ ...whole, before: { z: 1.5 } }, 'before.z'],
    [{ ...whole, closedFrom: 1441 }, 'closedFrom'],
    [{ ...whole, baseUrl: 'http://example.org' }, 'baseUrl'],
    [{ ...whole, tills: [1] }, 'tills[0]'],
  ])('%o is refused with its path', (options, path) => {
    expect(() => settingsOf(options as ItalyOptions)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID', path }))
  })

  it('what is complete is taken', () => {
    expect(settingsOf({ matricola, merchant }).merchant).toEqual(merchant)
  })
})
