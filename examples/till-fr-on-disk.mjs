// A French till on disk, made on the first run and opened again on later ones.  node examples/till-fr-on-disk.mjs [FOLDER]
import { existsSync } from 'node:fs'
import { openQueue } from '@sigillo/core'
import { france } from '@sigillo/country-fr'
import { createKeyFile, openKeyFile } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'

const folder = process.argv[2] ?? './paris-01'
const passphrase = () => process.env.SIGILLO_PASSPHRASE ?? 'an example’s passphrase is no secret'
const keyFile = `${folder}.keys/main.pem` // beside the folder, never in it: a copy of the folder is a backup, not a key
const country = france({
  siret: '12345678900012',
  legalName: 'Café du Port',
  address: '1 quai de la Gare, 44000 Nantes',
  tillId: 'CAISSE-01',
  software: { name: 'example', version: '1.0.0' },
})

const signer = await (existsSync(keyFile) ? openKeyFile : createKeyFile)(keyFile, { passphrase })
const queue = await openQueue({ id: 'paris-01', country, storage: await openFolder(folder), signer, create: 'if-missing' })
const common = { operatorId: 'anna', posMoment: new Date().toISOString() }
await queue.record({ type: 'start', key: 'START-1', ...common, posMoment: '2026-01-02T08:00:00Z' }) // the second run replays it
const sale = await queue.record({
  type: 'ticket',
  key: `POS-${Date.now()}`,
  ...common,
  lines: [{ label: 'Croissant', quantity: 3, unitPrice: '1.20', total: '3.60', rateBp: 550 }],
  payments: [{ mode: 'ESP', amount: '3.60' }],
})
if (sale.outcome === 'registered') console.log(`ticket ${sale.tseq} is durable as record ${sale.seq}`)
else console.log(`${sale.outcome}: ${sale.error.message}`)
await queue.close()
await signer.close()
