import { existsSync } from 'node:fs'
import { openQueue } from '@sigillo/core'
import { france } from '@sigillo/country-fr'
import { createKeyFile, openKeyFile } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'

const shop = { siret: '12345678900012', legalName: 'Café du Port', address: '1 quai de la Gare, Nantes', tillId: 'CAISSE-01' }
const keyFile = './paris-01.keys/main.pem'
const signer = await (existsSync(keyFile) ? openKeyFile : createKeyFile)(keyFile, {
  passphrase: () => process.env.SIGILLO_PASSPHRASE,
})
const country = france({ ...shop, software: { name: 'my-till', version: '1.0.0' } })
const queue = await openQueue({ country, signer, storage: await openFolder('./paris-01'), create: 'if-missing' })
await queue.record({ type: 'start', key: 'START', operatorId: 'anna', posMoment: '2026-01-02T08:00:00Z' }) // once: later runs replay it
const ticket = { type: 'ticket', key: `POS-${Date.now()}`, operatorId: 'anna', posMoment: new Date().toISOString() }
const lines = [{ label: 'Croissant', quantity: '2', unitPrice: '1.20', total: '2.40', rateBp: 550 }]
const sale = await queue.record({ ...ticket, lines, payments: [{ mode: 'ESP', amount: '2.40' }] })
if (sale.outcome === 'registered') for (const { text, right = '' } of sale.print) console.log(text, right)
else console.error(sale.error.code, sale.error.message, sale.error.remedy)
await queue.close()
