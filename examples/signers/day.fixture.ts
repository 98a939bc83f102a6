// A French shop day played through a queue over storage-fs with whatever signer is given, and what is the same about two such days.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createQueue, parseLine, type FiscalRecord, type Outcome, type Signer } from '@sigillo/core'
import { verifyChunks, type Report } from '@sigillo/core/verify'
import { france, type FranceOptions } from '@sigillo/country-fr'
import { openFolder } from '@sigillo/storage-fs'
import { fixedClock } from '@sigillo/testing'

const data = (name: string): string => readFileSync(fileURLToPath(new URL(`../data/${name}`, import.meta.url)), 'utf8')

/** The shop of the example data. */
export const shop: FranceOptions = (JSON.parse(data('cafe.json')) as { options: FranceOptions }).options

/** One request of the example data. */
export interface DayRequest {
  readonly type: string
  readonly key: string
  readonly posMoment: string
}

/** The first requests of the day, and its closing. */
export function dayRequests(count: number): readonly DayRequest[] {
  const all = data('cafe-day.jsonl')
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as DayRequest)
  return [...all.slice(0, count), all.at(-1) as DayRequest]
}

/** What a day leaves behind. */
export interface Day {
  readonly answers: readonly Outcome[]
  readonly records: readonly FiscalRecord[]
  /** By the running queue, and by a reader who comes later. */
  readonly own: Report
  readonly later: Report
}

/** Plays the requests one after the other, each at its own moment, and closes the queue. */
export async function playDay(signer: Signer, folder: string, requests: readonly DayRequest[]): Promise<Day> {
  const clock = fixedClock(Date.parse((requests[0] as DayRequest).posMoment) - 1000)
  const country = france(shop)
  const queue = await createQueue({ country, storage: await openFolder(folder), signer, clock })
  const answers: Outcome[] = []
  for (const request of requests) {
    clock.set(request.posMoment)
    answers.push(await queue.record(request))
  }
  const own = await queue.verify()
  await queue.close()
  const reader = await (await openFolder(folder)).openReader()
  const auditor = country.auditor?.()
  const later = await verifyChunks(reader.chunks(), auditor === undefined ? {} : { auditor })
  const records: FiscalRecord[] = []
  for await (const { line } of reader.read(0n, BigInt(later.records - 1))) records.push(parseLine(line) as FiscalRecord)
  await reader.close()
  return { answers, records, own, later }
}

/** A day as text in which nothing depends on the key or on chance: signatures, what is made from them and the key are named by their place. */
export function likeness({ answers, records }: Day): string {
  const names = new Map<string, string>()
  for (const { body, sig, hash, payload } of records) {
    const { seq } = body
    const own = {
      sig,
      hash,
      pay: body.pay,
      req: body.req,
      queue: body.queue,
      key: body.kid,
      ...ofCore(body.type, payload as object),
    }
    for (const [name, value] of Object.entries(own)) if (typeof value === 'string') names.set(value, `${name} ${seq}`)
  }
  for (const { body } of records) names.set(body.queue, 'queue').set(body.kid, 'key')
  const text = JSON.stringify(
    { records: records.map(({ body, payload }) => ({ body, payload })), answers: answers.map(plain) },
    (_name, value: unknown) =>
      typeof value === 'bigint' ? String(value) : typeof value === 'string' ? (names.get(value) ?? value) : value,
    1,
  )
  // Inside texts, as in the data strings that carry the signature before.
  return text.replaceAll(/[A-Za-z0-9_-]{43,}/g, (word) => names.get(word) ?? word)
}

// What core writes about keys, chance and its own tree; a country's payload is compared to the letter.
function ofCore(type: string, payload: object): Readonly<Record<string, unknown>> {
  if (!/^(sys|signer)\./.test(type)) return {}
  const { key, nonce, root, state, signerId, hash } = payload as Readonly<Record<string, unknown>>
  const { x, y } = (key ?? {}) as Readonly<Record<string, unknown>>
  return { x, y, nonce, root, state, signerId, logHash: hash }
}

function plain(outcome: Outcome): unknown {
  if (outcome.outcome !== 'registered') return { outcome: outcome.outcome, key: outcome.key, code: outcome.error.code }
  const { key, seq, type, tseq, ts, replayed, answer, record, seal } = outcome
  // Four characters of the signature stand on paper, and the whole seal as a QR code.
  const extract = [2, 6, 12, 18].map((at) => record.sig[at]).join('')
  const print = outcome.print.map((item) =>
    JSON.stringify(item).replace(`"${extract}"`, '"extract"').replace(JSON.stringify(seal), '"seal"'),
  )
  return {
    key,
    seq,
    type,
    tseq,
    ts,
    replayed,
    print,
    answer: JSON.stringify(answer).replace(`"${extract}"`, '"extract"').replace(seal, 'seal'),
  }
}
