import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { receiptLines } from './print-lines.js'
import { qrPng, qrSvg, receiptSvg } from './print-picture.js'
import { line, openShop, printed } from './shop.fixture.js'

it('18: lines fit 32, 42 and 48 columns and lose nothing that is mandatory', async () => {
  const shop = await openShop({ legalName: 'Société par actions simplifiée du très grand café du port de Concarneau' })
  const sale = await shop.sell([
    line(123456, 2000, { label: 'Un article dont la désignation est bien plus longue que le papier' }),
  ])
  const squeeze = (text: string): string => text.replaceAll(/\s/g, '')
  for (const columns of [32, 42, 48] as const) {
    const lines = receiptLines(sale.print, columns)
    for (const text of lines) expect(Array.from(text).length).toBeLessThanOrEqual(columns)
    const all = squeeze(lines.join(''))
    for (const item of sale.print) {
      if (item.kind === 'qr' || item.kind === 'rule') continue
      expect(all).toContain(squeeze(item.text))
      expect(all).toContain(squeeze(item.right ?? ''))
    }
  }
  expect(receiptLines(sale.print, 42)).toContain('TOTAL TTC                          1234,56')
})

it('lines of any text fit the paper', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.string({ maxLength: 100 }),
      fc.constantFrom(32 as const, 42 as const, 48 as const),
      (text, right, columns) => {
        for (const kind of ['text', 'title', 'pair'] as const) {
          for (const one of receiptLines([{ kind, text, right }], columns)) {
            expect(Array.from(one).length).toBeLessThanOrEqual(columns)
            expect(one).not.toMatch(/[\u0000-\u001f]/)
          }
        }
      },
    ),
  )
})

it('a receipt as SVG is well-formed XML with its texts escaped', async () => {
  const shop = await openShop()
  const sale = await shop.sell([line(100, 2000, { label: '<b>&"café"' })])
  const folder = mkdtempSync(join(tmpdir(), 'svg-'))
  try {
    for (const [name, svg] of [
      ['receipt', receiptSvg(sale.print)],
      ['qr', qrSvg(sale.seal)],
    ] as const) {
      writeFileSync(join(folder, `${name}.svg`), svg)
      let checked = true
      try {
        execFileSync('xmllint', ['--noout', join(folder, `${name}.svg`)], { stdio: 'pipe' })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        checked = false
      }
      expect(checked || svg.startsWith('<svg ')).toBe(true)
    }
    expect(receiptSvg(sale.print)).toContain('&lt;b&gt;&amp;&quot;café&quot;')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

it('a QR code as PNG has the pixels of the code', () => {
  const png = Buffer.from(qrPng('SIGILLO', 2))
  expect(png.subarray(1, 4).toString()).toBe('PNG')
  const size = png.readUInt32BE(16)
  const length = png.readUInt32BE(33)
  const raster = inflateSync(png.subarray(41, 41 + length))
  const stride = Math.ceil(size / 8) + 1
  expect(raster).toHaveLength(stride * size)
  const dark = (x: number, y: number): boolean => ((raster[y * stride + 1 + (x >> 3)] as number) & (0x80 >> (x & 7))) === 0
  // The corner of the first finder pattern, behind a quiet zone of four squares of two pixels.
  expect([dark(7, 8), dark(8, 8), dark(20, 8), dark(10, 10), dark(12, 12)]).toEqual([false, true, true, false, true])
})

it('FR-06, FR-43 after shop, version and certificate have changed, an answer given again and a duplicate show those of then', async () => {
  const certificate = { mode: 'certificate', body: 'NF525', category: 'B', number: '0123' } as const
  const shop = await openShop({ conformity: certificate, dayCutoff: '05:00' }, { at: '2026-11-23T03:45:00.000Z' })
  const note = await shop.ok({ type: 'note', lines: [line(500, 2000)] })
  const sale = await shop.sell([line(2720, 2000)], { key: 'A' })
  const answered = JSON.stringify(sale)
  expect(sale.answer['warnings']).toEqual(['CLOTURE A 05:00'])
  await shop.reopen({
    options: {
      address: '9 place Neuve\n75011 Paris',
      legalName: 'Autre Nom',
      vatId: 'FR99999999999',
      conformity: { mode: 'none' },
      dayCutoff: '00:00',
      noteShowVat: true,
      software: { name: 'Autre Caisse', version: '3.0.0' },
    },
  })
  const again = await shop.ok((sale.record.payload as { request: object }).request)
  expect(again.replayed).toBe(true)
  expect(JSON.stringify(again).replace('"replayed":true', '"replayed":false')).toBe(answered)
  expect(printed(again)).toMatch(/1 quai des Brumes[^]*Logiciel Sigillo Caisse 2.3.1\nNF525 cat. B n° 0123/)
  expect(shop.country.print(note.record)).toEqual(note.print)
  const copy = printed(await shop.ok({ type: 'copy', reference: 'A', reason: 'client' }))
  expect(copy).toMatch(/1 quai des Brumes[^]*TVA FR32123456789[^]*Logiciel Autre Caisse 3.0.0/)
  expect(copy).not.toMatch(/place Neuve|NF525/)
  expect(printed(await shop.sell([line(100, 2000)]))).toMatch(/9 place Neuve/)
})
