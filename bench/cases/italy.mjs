// Italy: closing a day of five thousand documents, from the request to the sealed file on disk; and a backlog of a thousand files
// delivered over HTTPS to the test authority, with the memory it takes.
import { generateKeyPairSync } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startAuthority } from '@sigillo/authority-it'
import { createQueue, openQueue } from '@sigillo/core'
import { deviceCsr, italy as country, openTransmitter } from '@sigillo/country-it'
import { softwareSigner } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { nodeTransport } from '@sigillo/transport-node'
import { folder, registered, remove, signer } from '../shop.mjs'

const DOCUMENTS = 5000
const FILES = 1000
const technician = { taxCode: 'RSSMRA80A01H501U', firm: { country: 'IT', code: '09876543217' } }

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
/** Megabytes in use once everything unused is gone. */
const held = () => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

let number = 0
const ask = (queue, request) => queue.record({ key: `IT-${++number}`, ...request }).then(registered)
const sale = () => {
  const cents = 100 + (number % 4000)
  return {
    type: 'sale',
    lines: [
      { description: 'Caffè', amount: cents, rateBp: [2200, 1000, 400][number % 3] },
      { description: 'Giornale', amount: 150, apportioned: true },
    ],
    payments: [{ kind: number % 2 === 0 ? 'cash' : 'electronic', amount: cents + 150 }],
  }
}

async function device(base, authority, offset = 0) {
  const path = folder(base)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { format: 'der', type: 'pkcs8' } }).privateKey
  const key = await softwareSigner({ pkcs8: new Uint8Array(rsa), alg: 'RS256' })
  const clock = { now: () => Date.now() + offset }
  const it = country({
    matricola: 'ZZBEN000001',
    merchant: { name: 'BOTTEGA ESEMPIO SRL', address: 'Via Roma 1, 10100 Torino', vat: '01234567897' },
    baseUrl: authority.url,
    authorityRoots: authority.roots.answers,
    deviceRoots: authority.roots.device,
    closedFrom: 0,
    closedTo: 0,
  })
  const queue = await createQueue({ country: it, storage: await openFolder(`${path}/queue`), signer, clock })
  const maker = authority.certifyManufacturer('05550001118', key.describe().publicKeySpki)
  const manufacturer = {
    describe: () => ({ ...key.describe(), certificates: [maker] }),
    sign: (request) => key.sign(request),
    close: () => key.close(),
  }
  const over = (open) =>
    openTransmitter({
      queue: open,
      country: it,
      clock,
      device: key,
      manufacturer,
      transport: nodeTransport({ ca: authority.roots.tls }),
      blobs: { put: (bytes) => open.putBlob(bytes), get: (sha256) => open.blob(sha256) },
    })
  const transmitter = over(queue)
  await ask(queue, {
    type: 'enrol',
    csr: await deviceCsr(it.settings, key),
    brand: 'Esempio',
    model: 'TT',
    approval: { number: '1', date: '2020-01-01' },
    technician,
  })
  await transmitter.drain()
  await ask(queue, { type: 'activate', technician })
  await transmitter.drain()
  const reopen = async () => openQueue({ country: it, storage: await openFolder(`${path}/queue`), signer, clock })
  return { path, queue, transmitter, reopen, over }
}

async function closing(base, authority, say) {
  say(`closing a day of ${DOCUMENTS} documents`)
  const { path, queue, transmitter } = await device(base, authority)
  for (let i = 0; i < DOCUMENTS; i += 50) await Promise.all(Array.from({ length: 50 }, () => ask(queue, sale())))
  const began = performance.now()
  await ask(queue, { type: 'closing' })
  const closed = performance.now()
  await transmitter.step()
  const sealed = performance.now()
  await queue.close()
  remove(path)
  return [
    { name: 'it-closing-5000', value: closed - began, unit: 'ms', floor: null, ratio: null, target: '< 1000' },
    { name: 'it-closing-5000-sealed', value: sealed - began, unit: 'ms', floor: null, ratio: null, target: '< 1000' },
  ]
}

async function backlog(base, authority, say) {
  say(`a backlog of ${FILES} files`)
  const made = await device(base, authority)
  for (let i = 0; i < FILES; i++) await ask(made.queue, { type: 'closing' })
  await made.queue.close()
  const queue = await made.reopen()
  const transmitter = made.over(queue)
  const before = held()
  let [most, done] = [0, 0]
  const began = performance.now()
  for (;;) {
    const step = await transmitter.step()
    if (step.did === 'nothing') break
    if (step.did === 'sent' && ++done % 100 === 0) most = Math.max(most, held())
  }
  const seconds = (performance.now() - began) / 1000
  await queue.close()
  remove(made.path)
  if (done !== FILES) throw new Error(`${done} of ${FILES} files were sent`)
  return [
    { name: 'it-backlog-1000', value: FILES / seconds, unit: 'files/s', floor: null, ratio: null },
    { name: 'it-backlog-1000-memory', value: most - before, unit: 'MiB more', floor: null, ratio: null, target: 'flat' },
  ]
}

export async function italy({ base, say }) {
  const ledger = folder(base)
  const results = []
  for (const one of [closing, backlog]) {
    const authority = await startAuthority({ folder: `${ledger}/${one.name}` })
    results.push(...(await one(base, authority, say)))
    await authority.close()
  }
  remove(ledger)
  return results
}
