// A French shop day of the example data, played through a queue over storage-fs with whatever signer is given.
import { readFileSync } from 'node:fs'
import { createQueue, type Outcome, type Signer } from '@sigillo/core'
import { france, type FranceOptions } from '@sigillo/country-fr'
import { openFolder } from '@sigillo/storage-fs'
import { fixedClock } from '@sigillo/testing'
import { lookBack, type Day } from './day.fixture.js'

const data = (name: string): string => readFileSync(new URL(`../data/${name}`, import.meta.url), 'utf8')

/** The shop of the example data. */
export const shop: FranceOptions = (JSON.parse(data('cafe.json')) as { options: FranceOptions }).options

/** One request of the example data. */
export interface DayRequest {
  readonly type: string
  readonly key: string
  readonly posMoment: string
  readonly op?: string
}

/** The first requests of the day, and its closing. */
export function dayRequests(count: number): readonly DayRequest[] {
  const all = data('cafe-day.jsonl')
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as DayRequest)
  return [...all.slice(0, count), all.at(-1) as DayRequest]
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
  return { answers, own, ...(await lookBack(folder, country.auditor?.())) }
}
