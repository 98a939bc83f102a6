// What a tax officer reads in the tables alone, with no other program than a spreadsheet.
import { concat } from '@sigillo/core'
import { unzipSync } from 'fflate'
import { expect, it } from 'vitest'
import { line, openShop, type Shop } from '../shop.fixture.js'
import { createArchive } from './create.js'
import { verifyArchive } from './verify.js'

const customer = { name: 'A', address: 'B' }

async function tablesOf(shop: Shop): Promise<(name: string) => Record<string, string>[]> {
  const facts = { key: 'ARCHIVE', operatorId: 'OP-7', posMoment: new Date(shop.clock.now()).toISOString(), autoClose: true }
  const parts: Uint8Array[] = []
  for await (const part of (await createArchive(shop.queue, shop.country, facts)).stream()) parts.push(part)
  const zip = concat(...parts)
  expect((await verifyArchive(zip)).faults).toEqual([])
  const files = unzipSync(zip)
  return (name) => {
    const [head, ...rows] = new TextDecoder().decode(files[`csv/${name}.csv`]).trimEnd().split('\r\n')
    const names = (head as string).split(';')
    return rows.map((row) => Object.fromEntries(row.split(';').map((cell, i) => [names[i] as string, cell])))
  }
}

const cents = (cell: string | undefined): number => Math.round(Number((cell as string).replace(',', '.')) * 100)

it('FR-67 the rates of a closing sum to its VAT, also where a rate is listed in extraRates or nothing is taxed', async () => {
  const shop = await openShop({ extraRates: [{ rateBp: 1960, from: '2014-01-01' }] })
  await shop.sell([line(1196, 1960), line(1200, 2000), line(500, 0, { exemption: 'EXO' })])
  const [, day] = (await tablesOf(shop))('clotures')
  expect(day).toMatchObject({ niveau: 'JOUR', total_ttc: '28,96', total_ht: '25,00', tva_2000: '2,00', tva_autres: '1,96' })
  const vat = Object.entries(day as Record<string, string>).filter(([name]) => name.startsWith('tva_'))
  expect(vat.reduce((sum, [, cell]) => sum + cents(cell), 0)).toBe(2896 - 2500)
})

it('15.2 a day of invoices names its first and last; an invoice names the tickets it covers', async () => {
  const shop = await openShop()
  const sold = [await shop.sell([line(100, 2000)]), await shop.sell([line(200, 2000)])]
  await shop.ok({ type: 'closing', kind: 'day' })
  const covers = sold.map(({ key }) => key)
  await shop.ok({ type: 'invoice', customer, covers, lines: [line(300, 2000)] })
  await shop.ok({ type: 'invoice', customer, lines: [line(500, 2000)], payments: [{ mode: 'CRE', amount: 500 }] })
  const table = await tablesOf(shop)
  expect(table('clotures').map(({ premier, dernier }) => [premier, dernier])).toEqual([
    ['', ''],
    ['T1', 'T2'],
    ['I1', 'I2'],
  ])
  expect(table('factures').map(({ reference_origine, comptee }) => [reference_origine, comptee])).toEqual([
    ['T1 T2', 'non'],
    ['', 'oui'],
  ])
})

it('14, 15.2 a handwritten receipt shows its paper’s own date, foreign cash its amount with a comma', async () => {
  const shop = await openShop()
  const lateCapture = { pad: 'A', paperNumber: 12, paperDate: '2026-11-20', reason: 'panne', capturedBy: 'OP-7' }
  const foreignAmount = { amount: '13.10', currency: 'USD' }
  await shop.ok({
    type: 'ticket',
    lateCapture,
    lines: [line(1200, 2000)],
    payments: [{ mode: 'ESP', amount: 1200, foreignAmount }],
  })
  const table = await tablesOf(shop)
  expect(table('tickets')[0]).toMatchObject({ saisie_a_posteriori: 'A/12 du 20/11/2026 12:00:00' })
  expect(table('reglements')[0]).toMatchObject({ montant: '12,00', devise: 'USD', montant_devise: '13,10' })
})
