// The cases of the corpus, drawn from a seed: one or two damages to one sound journal, with or without statements from outside.
import type { Random } from '@sigillo/testing/node'
import type { Case, Told } from './case.js'
import { damages, joined, type Work } from './damage.js'
import { forgeries } from './forge.js'
import type { Journal } from './journal.js'
import { behindPurge, startBehind, tellOf } from './told.js'

const utf8 = new TextEncoder()
const FEED = utf8.encode('\n')
const every = Object.entries({ ...damages, ...forgeries })

/** `count` cases. The first ones go through every damage in turn, so that a small sample misses none. */
export async function* casesOf(journals: readonly Journal[], random: Random, count: number): AsyncIterable<Case> {
  for (let n = 0; n < count; n++) yield await oneCase(journals, random, n)
}

async function oneCase(journals: readonly Journal[], random: Random, n: number): Promise<Case> {
  const whole = random.pick(journals)
  const { journal, told } = await rangeOf(whole, random)
  const work: Work = { lines: journal.lines.map((line) => utf8.encode(line)), tail: undefined }
  const others = journals.filter((other) => other !== whole)
  const names: string[] = []
  const times = 1 + (random.chance(0.3) ? 1 : 0)
  for (let i = 0; i < times; i++) {
    const [name, damage] = i === 0 ? (every[n % every.length] as (typeof every)[number]) : random.pick(every)
    damage(work, random, { journal, others })
    names.push(name)
  }
  return { label: `${n} ${journal.name}: ${names.join(', then ')}`, chunks: chunksOf(work), told }
}

async function rangeOf(journal: Journal, random: Random): Promise<{ readonly journal: Journal; readonly told: Told }> {
  if (journal.name === 'purged' && random.chance(0.6)) return behindPurge(journal, random)
  if (random.chance(0.15)) return startBehind(journal, random.below(journal.lines.length - 2), random)
  return { journal, told: tellOf(journal, random) }
}

/** The bytes of lines, each with its line feed. */
export function chunksOf({ lines, tail }: Work): Uint8Array[] {
  return [...lines.map((line) => joined([line, FEED])), ...(tail === undefined ? [] : [tail])]
}
