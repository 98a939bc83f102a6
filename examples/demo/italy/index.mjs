// The Italian half: a bar gets its register, sells for a day, closes and transmits; an answer is lost, a lottery document refused; after
// a weekend the days not worked are reported. Then an inspector and a forger look at what is left.
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPortalDay, statusOf } from '@sigillo/country-it'
import { command, say, title } from '../stage.mjs'
import { openShop } from './shop.mjs'

const data = (name) => new URL(`../../data/${name}`, import.meta.url)
const euros = (cents) => `${(cents / 100).toFixed(2)} €`
const WIDTH = 42
// Papers shown on the screen, with a word before them.
const SHOWN = {
  COLAZIONE: 'The first guest pays cash and gets his commercial document:',
  'PRANZO-LOTTERIA': 'Lunch by card, with a code for the receipt lottery:',
  ANNULLO: 'That table was typed in wrong: an annulment repeats the whole document, and goes to the lottery too:',
}

/** Plays the half. */
export async function run(stage) {
  const shop = await openShop(stage.folder, JSON.parse(readFileSync(data('bar-it.json'), 'utf8')))
  try {
    await begin(shop)
    await friday(shop)
    await evening(shop)
    await monday(shop)
  } finally {
    await shop.close()
  }
  inspect(stage, shop)
}

async function begin(shop) {
  const { authority, clock, country, queue, send, transmitter } = shop
  title(`Italy: ${country.settings.merchant.name} gets its register, Thursday 16:00`)
  say('Nothing here reaches the tax authority: the one it speaks to is a test authority on this machine, over HTTPS,')
  say(`${authority.url}, with roots of its own. Files and papers say that they are simulated.`)
  say(`the journal: ${shop.folder}; its key and the device’s in ${shop.folder}.keys, never inside`)
  await shop.enrol()
  told(await transmitter.drain())
  const days = Math.round((shop.state().certificate.notAfter - clock.now()) / 86_400_000)
  say(`the device ${country.settings.matricola} is ${shop.state().device}: its certificate holds for ${days} days`)
  await shop.activate()
  told(await transmitter.drain())
  say(`and ${shop.state().device}: bound to VAT number ${shop.state().merchant.vat}`)
  await send({ type: 'open', key: 'OPEN-19' })
  clock.set('2026-11-19T19:00:00+01:00')
  await send({ type: 'closing', key: 'CLOSE-19' })
  told(await transmitter.drain())
  say(`the first closing the authority accepts, all zeros, puts it ${shop.state().device}; queue ${queue.id}`)
}

async function friday(shop) {
  const { clock, queue, send, transmitter } = shop
  title('Friday, from coffee to spritz')
  const requests = readFileSync(data('bar-day-it.jsonl'), 'utf8').trim().split('\n').map(JSON.parse)
  const refused = []
  clock.set('2026-11-20T07:30:00+01:00')
  for (const request of requests.slice(0, -1)) {
    const outcome = await queue.record(request)
    if (outcome.outcome === 'rejected') refused.push([request.key, outcome.error])
    else if (SHOWN[request.key] !== undefined) paper(SHOWN[request.key], outcome.print)
    clock.step(21 * 60_000)
  }
  for (const [key, { code, message }] of refused)
    say(`${key} was refused: ${code}, ${message}. No number was used, nothing recorded.`)
  const { n, totals } = shop.state().tills['']
  say(
    `${n} documents by ${local(clock)}: ${euros(totals.cash)} cash, ${euros(totals.electronic)} by card, ${totals.tickets} meal voucher`,
  )
  title('Lottery')
  say(`${shop.state().lottery.items.length} documents with a code wait; batches go on their own, one day and one till in a file:`)
  told(await transmitter.drain())
  clock.set('2026-11-20T21:20:00+01:00')
  say('The last guest plays too. The authority’s clock is two minutes slow just now:')
  shop.authority.setClock(-120_000)
  await send(requests.at(-1))
  told(await transmitter.drain())
  shop.authority.setClock(0)
  const { accepted, rejected } = shop.state().lottery.counts['']
  say(`${accepted} documents take part; ${rejected} came from the future, by that clock: it is lost to the lottery, and reported`)
}

async function evening(shop) {
  const { authority, clock, queue, send, transmitter } = shop
  title('21:40: closing, transmission, a lost answer')
  clock.set('2026-11-20T21:40:00+01:00')
  const closing = await send({ type: 'closing', key: 'CLOSE-20' })
  paper('Every figure of the file is fixed in the closing’s record:', closing.print)
  authority.inject({ fault: { kind: 'drop', where: 'afterStoring' }, route: 'receipts' })
  told(await transmitter.drain())
  const { until } = await transmitter.step()
  clock.set(until)
  say(`nobody knows whether it arrived. At ${local(clock)} the same bytes go again:`)
  told(await transmitter.drain())
  const files = authority.entries({ route: 'receipts', sender: 'ZZITT000001' }).filter(({ accepted }) => accepted)
  const digests = new Set(files.map(({ sha256 }) => sha256))
  if (digests.size !== 2) throw new Error(`the authority holds ${digests.size} files`)
  say('the authority holds two files, each once: Thursday’s and Friday’s')
  for (const record of await chain(queue, closing.seq)) say(record)
  const day = readPortalDay(new TextEncoder().encode(authority.portalFile(files.at(-1).n).xml))
  say(
    `its portal shows the day: transmission ${day.progressive}, ${day.totals.NumeroDocCommerciali} documents, ${day.rows.length} VAT groups`,
  )
}

async function monday(shop) {
  const { clock, country, send, transmitter } = shop
  title('Monday 08:05: two days closed')
  clock.set('2026-11-23T08:05:00+01:00')
  const { inactivity } = statusOf(country.settings, shop.state(), clock.now())
  say(`at its start the device sees days nobody has reported: ${inactivity.from} to ${inactivity.to}`)
  await send({ type: 'inactivity', key: 'INACTIVE-22' })
  told(await transmitter.drain())
  await send({ type: 'open', key: 'OPEN-23' })
  clock.set('2026-11-23T20:00:00+01:00')
  say('Then it snows and nobody comes: a closing of zeros is due all the same.')
  await send({ type: 'closing', key: 'CLOSE-23' })
  told(await transmitter.drain())
  const { progressive, tills, outbox } = shop.state()
  say(`last closing Z ${tills[''].z}, transmission ${progressive}, ${outbox.length} messages left`)
}

function inspect({ folder }, shop) {
  const bar = shop.folder
  const place = (name) => join(folder, name)
  title('What an inspector gets, and checks without the bar')
  command(['it', 'outbox', bar, '--all'])
  command(['it', 'lottery', bar], 1)
  command(['verify', bar])
  command(['export', bar, place('bar.zip')])
  say(
    `${Math.round(statSync(place('bar.zip')).size / 1024)} kB: records, sealed files, the authority’s answers, keys, the format`,
  )
  command(['verify', place('bar.zip')])
  const file = place('friday.xml')
  writeFileSync(file, sentFile(bar))
  const roots = place('authority/keys/device.pem')
  command(['it', 'check', file, '--roots', roots, '--signer', 'ZZITT000001'])
  title('And a forger')
  say('He lowers an amount in the file that was sent:')
  const lower = readFileSync(file, 'utf8').replace(
    /<Ammontare>(\d+)(\d\.\d\d)</,
    (_, high, low) => `<Ammontare>${high - 1}${low}<`,
  )
  writeFileSync(place('lowered.xml'), lower)
  command(['it', 'check', place('lowered.xml'), '--roots', roots], 1)
  say('Then he puts his file in the place of the true one, in a copy of the folder:')
  const copy = place('forged')
  cpSync(bar, copy, { recursive: true })
  const name = readdirSync(join(copy, 'blobs')).find((one) => readFileSync(join(copy, 'blobs', one)).equals(readFileSync(file)))
  writeFileSync(join(copy, 'blobs', name), lower)
  command(['verify', copy], 1)
}

// The sealed bytes of Friday's closing, found by what they say.
function sentFile(bar) {
  const blobs = readdirSync(join(bar, 'blobs')).map((name) => readFileSync(join(bar, 'blobs', name)))
  return blobs.find((bytes) => bytes.includes('DatiCorrispettivi') && bytes.includes('<DataOraRilevazione>2026-11-20'))
}

async function chain(queue, from) {
  const lines = []
  for await (const { body, payload, hash } of queue.records({ from: BigInt(from) })) {
    const { op, result, operation, blob, answer } = payload
    if (!/^it\.(closing|transmission|outcome)$/.test(body.type)) continue
    const file = blob ?? answer?.blob
    const word = [op ?? result, operation, file && `file ${file.slice(0, 12)}…`].filter(Boolean).join(', ')
    lines.push(`#${body.seq} ${body.type.padEnd(16)} ${hash.slice(0, 12)}…  ${word}`)
  }
  return lines
}

const RESULTS = { accepted: 'accepted', unknown: 'no answer: the connection broke', rejected: 'REFUSED', retry: 'not now' }

function told(steps) {
  for (const { did, lane, what, progressive, result, operation } of steps) {
    if (did !== 'sent') continue
    const name =
      lane === 'receipts'
        ? `receipts ${progressive}`
        : lane === 'lottery'
          ? 'lottery batch'
          : what === 'enrol'
            ? 'enrolment'
            : 'activation'
    say(`→ ${name}: ${RESULTS[result] ?? result}${operation === undefined ? '' : `, receipt ${operation}`}`)
  }
}

function paper(word, print) {
  say(word)
  const edge = '─'.repeat(WIDTH + 2)
  const lines = print.filter(({ kind }) => kind === 'text').map(({ text }) => `│ ${text.padEnd(WIDTH)} │`)
  console.log([`┌${edge}┐`, ...lines, `└${edge}┘`].map((line) => `    ${line}`).join('\n'))
}

const local = (clock) =>
  new Date(clock.now()).toLocaleTimeString('en-GB', { timeZone: 'Europe/Rome', hour: '2-digit', minute: '2-digit' })
