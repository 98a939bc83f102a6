// A sample of the ten thousand random days of random-days.long.test.ts.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { days, readFile, wrongWith } from './random-days.fixture.js'

it('8.1 8.2 8.3 8.4 the figures of random days equal a naive recomputation in exact fractions', async () => {
  await fc.assert(
    fc.asyncProperty(days, async (day) => {
      expect(await wrongWith(day)).toBeUndefined()
    }),
    { numRuns: 40 },
  )
})

it('the other parser reads figures as they stand', () => {
  const xml =
    '<p:D xmlns:p="u"><Riepilogo><IVA><AliquotaIVA>22.00</AliquotaIVA><Imposta>0.18</Imposta></IVA><Ammontare>0.82</Ammontare></Riepilogo><Totali><NumeroDocCommerciali>1</NumeroDocCommerciali><Ticket><PagatoTicket>1.00</PagatoTicket></Ticket></Totali></p:D>'
  expect(readFile(xml)).toEqual({
    rows: [{ AliquotaIVA: '22.00', Imposta: '0.18', Ammontare: '0.82' }],
    totals: { NumeroDocCommerciali: '1', PagatoTicket: '1.00' },
  })
})
