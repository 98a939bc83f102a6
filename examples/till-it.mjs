import { existsSync } from 'node:fs'
import { openQueue } from '@sigillo/core'
import { italy, printLines } from '@sigillo/country-it'
import { createKeyFile, openKeyFile } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'

const merchant = { name: 'Bar Esempio', address: 'Via Roma 1, 10100 Torino', vat: '01234567897' }
const country = italy({ matricola: 'ZZITT000001', merchant, startsAs: 'ATTIVATO' }) // simulated: sells without enrolment
const passphrase = () => process.env.SIGILLO_PASSPHRASE
const signer = await (existsSync('./bar.keys/main.pem') ? openKeyFile : createKeyFile)('./bar.keys/main.pem', { passphrase })
const queue = await openQueue({ country, signer, storage: await openFolder('./bar'), create: 'if-missing' })
const lines = [{ description: 'Caffè', quantity: 2, unitPrice: '1.20', rateBp: 1000 }]
const sale = await queue.record({ type: 'sale', key: `POS-${Date.now()}`, lines, payments: [{ kind: 'cash', amount: '5.00' }] })
if (sale.outcome === 'registered') console.log(printLines(sale.record, 42).join('\n'))
else console.error(sale.error.code, sale.error.path, sale.error.message, sale.error.remedy)
await queue.close()
