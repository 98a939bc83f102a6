// Thursday evening: the server dies in the middle of the service, the till sells on, somebody changes a file, the server comes back.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { say, title } from '../stage.mjs'
import { euros, showPaper } from './paper.mjs'

const FROM = '2026-02-26T19:58:00+01:00'
const UNTIL = '2026-02-26T21:10:00+01:00'

/** True while the server is down in this story. */
export const isOutage = ({ posMoment }) => posMoment >= FROM && posMoment < UNTIL

/** Sells what falls into the outage; returns when the queue has everything. */
export async function playOutage(requests, { stage, server, till, clock, log, sell }) {
  title('Thursday, 19:58: the server is killed in the middle of the service')
  clock.at(FROM)
  await server.kill()
  say(`process ${server.pid} is gone without a word; the till asks twice, then goes on by itself`)
  let shown = false
  let count = 0
  for (const request of requests) {
    const sale = await sell(request)
    if (sale.outcome !== 'provisional') throw new Error(`${request.key} was not sold off line: ${sale.outcome}`)
    count += 1
    if (shown || request.type !== 'ticket') continue
    shown = true
    say(`${request.key} is paid for while nobody is at the other end (till ${till.state}):`)
    showPaper(stage, 'off-line', sale.print)
  }
  const episode = readdirSync(log).find((name) => /^[0-9a-f-]{36}$/.test(name))
  const files = readdirSync(join(log, episode)).filter((name) => /^\d{8}\.json$/.test(name))
  say(`${count} documents lie in the till’s folder, a file each, every one linked to the one before by its SHA-256:`)
  say(`   ${join(log, episode)}: ${files[0]} … ${files.at(-1)}`)
  const forged = forge(join(log, episode), files)
  title('Thursday, 21:10: the server is back')
  clock.at(UNTIL)
  await server.start()
  say(`process ${server.pid} has opened the queue where it was left; the till verifies its files and hands them over`)
  const report = await till.transfer()
  say(`${report.handed} documents handed over, in order, each exactly once: ${report.status}`)
  for (const { kind, seq, message } of report.breaks) say(`✘ file ${seq}: ${kind}, ${message}`)
  if (report.breaks.length !== 1 || report.breaks[0].seq !== forged) throw new Error('the break is not where the forger was')
  say(
    'Exactly there and nowhere else. The receipt is recorded, marked as altered, with an event 90 beside it: its customer has paper.',
  )
  say(`The till stays ${till.state} until a person has looked into it.`)
  await till.acknowledgeBreak('Fichier modifié à la main, vu avec le personnel', 'CHEF')
  say(`Marguerite has (event 912); the till is ${till.state}.`)
}

// Somebody with access to the till's disk makes one bill smaller, and sees to it that the sums still agree.
function forge(folder, files) {
  const tickets = files.filter((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')).request.type === 'ticket')
  const name = tickets[Math.floor(tickets.length / 2)]
  const path = join(folder, name)
  const receipt = JSON.parse(readFileSync(path, 'utf8'))
  const { lines, payments } = receipt.request
  const before = lines.reduce((sum, { total }) => sum + total, 0)
  const [removed] = lines.splice(0, 1)
  payments.splice(0, payments.length, { mode: 'ESP', amount: before - removed.total })
  writeFileSync(path, JSON.stringify(receipt))
  title('Thursday, 20:40: somebody is at the till’s disk')
  say(`In ${name} a line disappears: ${removed.label}, and ${euros(before)} become ${euros(before - removed.total)}.`)
  return receipt.seq
}
