// The French half: a restaurant's week. Its queue lives behind HTTPS in another process; the till sells in front of it, and goes on
// when it is gone. Then an inspector gets the archive, and a forger tries his luck.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openQueue } from '@sigillo/core'
import { connectHttp, openTill } from '@sigillo/core/offline'
import { createArchive, france, frenchOffline } from '@sigillo/country-fr'
import { openKeyFile } from '@sigillo/signer-software'
import { openFolder, openOfflineFolder } from '@sigillo/storage-fs'
import { nodeTransport } from '@sigillo/transport-node'
import { fileWitness } from '../../remote/witness.mjs'
import { command, say, title } from '../stage.mjs'
import { forgeries } from './forgeries.mjs'
import { isOutage, playOutage } from './outage.mjs'
import { keepPicture, showPaper } from './paper.mjs'
import { openServer } from './remote.mjs'
import { days, localMoment, openClock, settings } from './week.mjs'

const PASSPHRASE = 'the demo’s passphrase is no secret'

// Documents shown on the screen, with a word before them; all others are sold in silence.
const SHOWN = {
  'ECOLE-1': 'A new waiter learns the till. What he rings up is recorded and signed, in a chain of its own, and counts nowhere:',
  'NOTE-1': 'The first table asks for the bill. It is provisional, and knows nothing of payment:',
  'TABLE-1': 'The table pays; the ticket names its bill, and carries its seal as a QR code:',
  'DUPLICATA-1': 'A guest wants his ticket once more. It is the first duplicate of it, and says so:',
  'FACTURE-1':
    'A company wants an invoice for a ticket it has paid. The ticket has been counted; the invoice is not counted again:',
  'JOUR-1': 'After midnight the first day is closed. Totals are signed, perpetual ones begin:',
  'MOIS-2': 'Saturday night ends the month:',
}

// Of these the middle is like any other.
const FOLDED = new Set(['ECOLE-1', 'DUPLICATA-1'])

/** Plays the half. */
export async function run(stage) {
  const place = (name) => join(stage.folder, name)
  const [queueFolder, log] = [place('restaurant'), place('salle-1')]
  const clock = openClock(place('clock'))
  title(`France: a week at ${settings.options.legalName}`)
  const server = openServer({ queueFolder, place, passphrase: PASSPHRASE, options: settings.options, clockFile: clock.file })
  try {
    await server.start()
    say(`the queue: process ${server.pid} at https://localhost:${server.port}, records in ${queueFolder}`)
    say(`its key:   ${queueFolder}.keys/main.pem, encrypted, never inside the queue’s folder`)
    say(`the till:  this process, with a folder ${log} for the hours when nobody answers`)
    await sellTheWeek({ stage, server, clock, log })
    await server.stop()
    const archive = await archiveTheWeek({ place, queueFolder, clock, log })
    inspector(stage, queueFolder, archive)
    forgeries(stage.folder, queueFolder)
  } finally {
    await server.kill()
  }
}

async function sellTheWeek({ stage, server, clock, log }) {
  const transport = nodeTransport({ ca: server.ca, timeoutMs: 3000 })
  const till = await openTill({
    connect: async () => connectHttp(transport, `https://localhost:${server.port}/records`),
    till: settings.options.tillId,
    queue: server.queue,
    rules: frenchOffline(settings.options),
    offline: { store: openOfflineFolder(log), probeMs: 0, timeoutMs: 3000 },
    clock,
    localMoment,
  })
  const sell = async (request) => {
    clock.at(request.posMoment)
    const sale = await till.record(request)
    if (sale.outcome === 'rejected' || sale.outcome === 'indeterminate') throw sale.error
    return sale
  }
  for (const day of days) await sellTheDay(day, { stage, server, clock, log, till, sell })
  await till.close()
  await transport.close()
}

async function sellTheDay({ name, requests }, parts) {
  const began = performance.now()
  let closing
  const off = requests.filter(isOutage)
  for (const request of requests) {
    if (request === off[0]) await playOutage(off, parts)
    if (!off.includes(request)) closing = await sellOne(request, parts, closing)
  }
  const line = (name) => closing.print.find(({ text }) => text === name)?.right ?? ''
  const ms = (performance.now() - began) / requests.length
  say('')
  say(
    `${name}: ${requests.length} documents, ${line('Ventes')} sales, ${line('TOTAL TTC')} €; since the beginning ${line('Grand total perpétuel')} €. ${ms.toFixed(0)} ms a document, over HTTPS to the disk and back.`,
  )
}

async function sellOne(request, { stage, sell }, closing) {
  const { reply } = await sell(request)
  const word = SHOWN[request.key]
  if (word !== undefined) {
    title(`${request.posMoment.slice(0, 16).replace('T', ' ')}, ${request.key}, record #${reply.seq}`)
    say(word)
    showPaper(stage, request.key, reply.print, FOLDED.has(request.key))
  } else if (request.type === 'invoice' || request.op === 'refund') keepPicture(stage, request.key, reply.print)
  return request.type === 'closing' && request.kind === 'day' ? reply : closing
}

// Files of the outage go into the archive with everything else.
function outageFiles(log, episodes) {
  return episodes.flatMap((id) =>
    readdirSync(join(log, id))
      .filter((name) => name.endsWith('.json'))
      .map((name) => ({ path: `${id}/${name}`, bytes: new Uint8Array(readFileSync(join(log, id, name))) })),
  )
}

async function archiveTheWeek({ place, queueFolder, clock, log }) {
  title('Monday, the restaurant is closed: the archive')
  clock.at('2026-03-02T10:00:00+01:00')
  const signer = await openKeyFile(`${queueFolder}.keys/main.pem`, { passphrase: () => PASSPHRASE })
  const country = france(settings.options)
  const witness = fileWitness(`${queueFolder}.witness.json`)
  const queue = await openQueue({ country, storage: await openFolder(queueFolder), signer, witness, clock })
  const request = days[0].requests.find(({ key }) => key === 'TABLE-1')
  const again = await queue.record(request)
  say(`a till in doubt sends last Tuesday’s ${request.key} once more: replayed ${again.replayed}, still #${again.seq}`)
  const archive = await createArchive(queue, country, {
    key: 'ARCHIVE-1',
    operatorId: 'CHEF',
    posMoment: localMoment(clock.now()),
    degraded: async (episodes) => outageFiles(log, episodes),
  })
  const chunks = []
  for await (const chunk of archive.stream()) chunks.push(chunk)
  const file = place(archive.name)
  writeFileSync(file, Buffer.concat(chunks))
  say(`${archive.name}: records, tables for a spreadsheet, the till’s files of Thursday, a French manual;`)
  say(`its manifest is signed as record #${archive.record.body.seq}`)
  await queue.close()
  await signer.close()
  return file
}

function inspector(stage, queueFolder, archive) {
  title('What an inspector gets, and checks without the restaurant')
  const bundle = join(stage.folder, 'restaurant.zip')
  command(['verify', archive])
  command(['export', queueFolder, bundle, '--force'])
  say(`${Math.round(statSync(bundle).size / 1024)} kB: records, keys, the format and how to check it by hand`)
  command(['verify', bundle])
  command(['verify', queueFolder])
}
