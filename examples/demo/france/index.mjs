// A day in a French café, from the first sale to an archive anyone can check, then a forger's attempts and what the verifier says.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createQueue, openQueue } from '@sigillo/core'
import { createArchive, france, receiptSvg } from '@sigillo/country-fr'
import { createKeyFile, openKeyFile } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { command, say, title } from '../stage.mjs'
import { forgeries } from './forgeries.mjs'
import { paper } from './paper.mjs'
import { fileWitness } from './witness.mjs'

const passphrase = () => 'the demo’s passphrase is no secret'

const data = new URL('../../data/', import.meta.url)
const settings = JSON.parse(readFileSync(new URL('cafe.json', data), 'utf8'))
const day = readFileSync(new URL('cafe-day.jsonl', data), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line))

// The day lies in the past: the queue's clock follows the tills' times, so that receipts bear the hour of their sale.
let now = Date.parse(day[0].posMoment) - 60_000
const clock = { now: () => now }
let base, folder, keyFile, parts

async function sellTheDay() {
  title('A key, a queue, and a day of sales')
  const signer = await createKeyFile(keyFile, { passphrase })
  const queue = await createQueue({ ...parts, storage: await openFolder(folder), signer })
  say(`queue ${queue.id} in ${folder}`)
  say(`key   ${keyFile}, ${signer.describe().alg}, encrypted; never inside the queue’s folder`)
  const tally = { registered: 0, replayed: 0, rejected: 0 }
  const began = performance.now()
  const shown = new Map([
    [({ type }) => type === 'ticket', 'The first customer'],
    [({ type, op }) => type === 'ticket' && op === 'refund', 'Something is brought back'],
    [({ type }) => type === 'copy', 'A customer wants the receipt once more'],
    [({ type, kind }) => type === 'closing' && kind === 'day', 'The day is closed'],
  ])
  for (const request of day) {
    now = Math.max(now, Date.parse(request.posMoment))
    const outcome = await queue.record(request)
    tally[outcome.replayed ? 'replayed' : outcome.outcome] += 1
    if (outcome.replayed)
      say(`${request.key} was sent twice: the first answer came back, nothing was recorded again (#${outcome.seq})`)
    if (outcome.outcome === 'rejected') {
      say(
        `${request.key} was refused, and left no trace: ${outcome.error.national ?? outcome.error.code}, ${outcome.error.message}`,
      )
      continue
    }
    const match = [...shown.keys()].find((matches) => matches(request))
    if (match === undefined) continue
    title(`${shown.get(match)}: ${request.key}, record #${outcome.seq}`)
    console.log(paper(outcome.print))
    writeFileSync(join(base, `receipt-${request.key}.svg`), receiptSvg(outcome.print))
    shown.delete(match)
  }
  const ms = performance.now() - began
  title('The day in figures')
  say(
    `${day.length} requests one after the other, each on the disk before it was answered: ${(ms / day.length).toFixed(1)} ms each`,
  )
  say(`${tally.registered} registered, ${tally.replayed} recognised as sent before, ${tally.rejected} refused`)
  await queue.close()
  await signer.close()
}

async function nextMorning() {
  title('Next morning: the till opens again')
  now += 12 * 3600 * 1000
  const signer = await openKeyFile(keyFile, { passphrase })
  const queue = await openQueue({ ...parts, storage: await openFolder(folder), signer })
  const request = day.find(({ type }) => type === 'ticket')
  const outcome = await queue.record(request)
  say(
    `the till is not sure whether ${request.key} went through and sends it again: ${outcome.outcome}, replayed ${outcome.replayed}, #${outcome.seq}`,
  )
  const archive = await createArchive(queue, parts.country, {
    key: 'ARCHIVE-1',
    operatorId: 'OP-1',
    posMoment: new Date(now).toISOString(),
  })
  const chunks = []
  for await (const chunk of archive.stream()) chunks.push(chunk)
  const file = join(base, archive.name)
  writeFileSync(file, Buffer.concat(chunks))
  say(`the archive the French law asks for, signed as record #${archive.record.body.seq}: ${archive.name}`)
  await queue.close()
  await signer.close()
  return file
}

function inspector(archive) {
  title('What the inspector gets')
  const bundle = join(base, 'cafe.zip')
  command(['export', folder, bundle, '--force'])
  say(`${Math.round(statSync(bundle).size / 1024)} kB: records, keys, the format and how to check it by hand`)
  command(['verify', bundle])
  command(['verify', archive])
  command(['verify', folder])
}

/** The French half. */
export async function run(stage) {
  base = stage.folder
  folder = join(base, 'cafe')
  keyFile = `${folder}.keys/main.pem`
  parts = { id: settings.name, country: france(settings.options), clock, witness: fileWitness(`${folder}.witness.json`) }
  await sellTheDay()
  const archive = await nextMorning()
  inspector(archive)
  forgeries(base, folder)
}
