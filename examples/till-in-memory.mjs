// A French till that forgets everything at the end: the quickest way to try requests.  node examples/till-in-memory.mjs
import { createQueue } from '@sigillo/core'
import { france } from '@sigillo/country-fr'
import { softwareSigner } from '@sigillo/signer-software'
import { memoryStorage } from '@sigillo/testing'

const country = france({
  siret: '12345678900012',
  legalName: 'Café du Port',
  address: '1 quai de la Gare, 44000 Nantes',
  tillId: 'CAISSE-01',
  software: { name: 'example', version: '1.0.0' },
})
const queue = await createQueue({ country, storage: memoryStorage(), signer: await softwareSigner() })

const now = () => new Date().toISOString()
await queue.record({ type: 'start', key: 'START-1', operatorId: 'anna', posMoment: now() })
const sale = await queue.record({
  type: 'ticket',
  key: 'POS-1001', // the till's own reference: sent twice, it is recorded once
  operatorId: 'anna',
  posMoment: now(),
  lines: [{ label: 'Café', quantity: 2, unitPrice: '1.80', total: '3.60', rateBp: 1000 }],
  payments: [{ mode: 'CB', amount: '3.60' }],
})
if (sale.outcome === 'registered') console.log(`record ${sale.seq}, ticket ${sale.tseq}, hash ${sale.hash}`)
else console.log(`${sale.outcome}: ${sale.error.message}`)
await queue.close()
