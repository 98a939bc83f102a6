// Sound journals for the corpus: most written by a queue, some records of the journal's own sealed by hand where no queue in
// memory would write them (a stated torn end, a blanking, a purge).
import { createQueue, openQueue, type JsonObject, type Queue, type QueueOptions, type Storage } from '@sigillo/core'
import { bareCountry, fixedClock, memoryStorage, type FixedClock } from '@sigillo/testing'
import type { Random } from '@sigillo/testing/node'
import { corpusKey, type CorpusKey } from './keys.js'
import { apart, extended, rootAt, together, type Journal } from './journal.js'

const OWNER = corpusKey('corpus organisation key')

/** A queue in memory and what it is made of. */
interface Shop {
  readonly storage: Storage
  readonly clock: FixedClock
  readonly keys: CorpusKey[]
  readonly options: QueueOptions
  queue: Queue
}

type Country = ReturnType<typeof bareCountry>

// Profile NONE has no totals, so that everyone can check the state of its checkpoints.
function countryOf(profile: 'XX' | 'NONE'): Country {
  const country = bareCountry()
  if (profile === 'XX') return country
  return { ...country, profile, totals: () => ({}), restore: () => country.initial() } as Country
}

async function openShop(profile: 'XX' | 'NONE', key: CorpusKey): Promise<Shop> {
  const [storage, clock] = [memoryStorage(), fixedClock('2026-03-02T08:00:00.000Z', { tickMs: 7 })]
  const options = { country: countryOf(profile), storage, signer: await key.signer(), clock, segBits: 6 }
  return { storage, clock, keys: [key], options, queue: await createQueue(options) }
}

async function linesOf(storage: Storage): Promise<string[]> {
  const lines: string[] = []
  for await (const { line } of (await storage.openReader()).read(0n)) lines.push(new TextDecoder().decode(line))
  return lines
}

async function finished(name: string, shop: Shop): Promise<Journal> {
  await shop.queue.close()
  const keys = new Map(shop.keys.map((key) => [key.kid, key]))
  return { name, lines: await linesOf(shop.storage), keys, endorsers: [OWNER.jwk] }
}

async function reopened(shop: Shop): Promise<void> {
  await shop.queue.close()
  shop.queue = await openQueue({ ...shop.options, signer: await (shop.keys.at(-1) as CorpusKey).signer() })
}

/** Sells a number of receipts at once, so that several lie in one batch. */
async function sell({ queue }: Shop, random: Random, count: number): Promise<void> {
  const sales = Array.from({ length: count }, () => {
    const type = random.pick(['ticket', 'ticket', 'invoice'])
    const key = random.chance(0.7) ? { key: `K-${random.below(1e9)}-${random.below(1e9)}` } : {}
    return queue.record({ type, amount: random.below(90_000), events: random.chance(0.3) ? random.below(5) : 0, ...key })
  })
  await Promise.all(sales)
}

async function changeKey(shop: Shop, next: CorpusKey, recovery: boolean): Promise<void> {
  const { queue } = shop
  const seq = Number(queue.head().seq) + 1
  const prevKid = (shop.keys.at(-1) as CorpusKey).kid
  // Names in ascending order: the canonical text of the statement.
  const statement = JSON.stringify({ kid: next.kid, prevKid, queue: queue.id, seq })
  const endorsement = recovery ? { endorsement: OWNER.sign(`sigillo/v1/key-endorsement\n${statement}`) } : {}
  const outcome = await queue.changeKey({ signer: await next.signer(), reason: recovery ? 'lost' : 'scheduled', ...endorsement })
  if (outcome.outcome !== 'registered') throw new Error(`key not changed: ${outcome.outcome}`)
  shop.keys.push(next)
}

/** A random life of a queue: sales, closings, clock steps, new writers, new keys. `steps` of them. */
export async function randomLife(name: string, random: Random, steps: number): Promise<Journal> {
  const shop = await openShop(random.pick(['XX', 'NONE']), corpusKey(`corpus ${random.below(4)}`))
  for (let step = 0; step < steps; step++) {
    shop.clock.step(random.chance(0.15) ? -random.below(90_000) : random.below(3_600_000))
    const chance = random.below(20)
    if (chance < 12) await sell(shop, random, 1 + random.below(5))
    else if (chance < 14) await shop.queue.record({ type: 'closing', events: random.below(6) })
    else if (chance < 16) await shop.queue.checkpoint()
    else if (chance < 18) await reopened(shop)
    else
      await changeKey(
        shop,
        corpusKey(`corpus ${name} ${step}`, random.pick(['ES256', 'ES256', 'EdDSA', 'ES384'])),
        random.chance(0.4),
      )
  }
  if (random.chance(0.2)) await shop.queue.record({ type: 'closing', ends: true })
  return finished(name, shop)
}

/** A busy till that fills a segment: many batches, closings, checkpoints whose state anybody can check. */
async function busyTill(random: Random): Promise<Journal> {
  const shop = await openShop('NONE', corpusKey('corpus till'))
  for (let day = 0; day < 5; day++) {
    for (let i = 0; i < 4; i++) await sell(shop, random, 1 + random.below(4))
    await shop.queue.record({ type: 'closing', key: `Z-${day}`, events: 2 })
    shop.clock.step(43_200_000)
  }
  return finished('busy till', shop)
}

async function changingKeys(random: Random): Promise<Journal> {
  const shop = await openShop('NONE', corpusKey('corpus till'))
  await sell(shop, random, 3)
  await changeKey(shop, corpusKey('corpus second', 'EdDSA'), false)
  await sell(shop, random, 4)
  await changeKey(shop, corpusKey('corpus third', 'ES384'), true)
  await sell(shop, random, 2)
  await reopened(shop)
  await changeKey(shop, corpusKey('corpus fourth'), false)
  await sell(shop, random, 3)
  await shop.queue.checkpoint()
  return finished('changing keys', shop)
}

async function wanderingClock(random: Random): Promise<Journal> {
  const shop = await openShop('XX', corpusKey('corpus till'))
  for (const ms of [1000, -60_000, 10_000, 40_000, 90_000, -1, -3_600_000, 7_200_000]) {
    shop.clock.step(ms)
    await sell(shop, random, 2)
  }
  await reopened(shop)
  await sell(shop, random, 2)
  return finished('wandering clock', shop)
}

async function closedQueue(random: Random): Promise<Journal> {
  const shop = await openShop('NONE', corpusKey('corpus till'))
  await sell(shop, random, 5)
  await shop.queue.record({ type: 'closing', events: 3, ends: true })
  return finished('closed queue', shop)
}

/** Several writers; one of them found a torn end and said so. */
async function manyWriters(random: Random): Promise<Journal> {
  const key = corpusKey('corpus till')
  const shop = await openShop('NONE', key)
  await sell(shop, random, 3)
  await reopened(shop)
  await sell(shop, random, 2)
  let journal = await finished('many writers', shop)
  const { body, hash } = apart(journal.lines.at(-1) as string)
  const adopted = { epoch: body['epoch'] as number, hash, seq: body['seq'] as number }
  const dead = { bytes: 731, sha256: 'ab'.repeat(32) }
  const payload = { adopted, dead, host: 'till-2', nonce: '0f'.repeat(16), reason: 'takeover', software: 'corpus/1' }
  journal = extended(journal, key, 'sys.open', payload, { epoch: adopted.epoch + 2 })
  for (let n = 0; n < 4; n++) journal = extended(journal, key, 'ticket', { amount: n, number: `T-${n}` })
  return journal
}

/** Blanked payloads, named one by one and by range, and files kept beside the journal. */
async function blanked(random: Random): Promise<Journal> {
  const key = corpusKey('corpus till')
  const shop = await openShop('NONE', key)
  await sell(shop, random, 6)
  await shop.queue.record({ type: 'closing', events: 1 })
  const journal = await finished('blanked', shop)
  const sales = journal.lines.map(apart).filter(({ body }) => body['type'] === 'ticket' || body['type'] === 'invoice')
  const [one, ...others] = sales as [(typeof sales)[number], ...typeof sales]
  const range = {
    archive: 'year-1',
    from: 1,
    to: journal.lines.length - 1,
    types: [others[0]?.body['type'] ?? 'ticket'],
    reason: 'erasure',
  }
  const single = { pay: one.body['pay'], reason: 'erasure', seq: one.body['seq'] }
  const named = [single, range].reduce((made, payload) => extended(made, key, 'sys.redact', payload as JsonObject), journal)
  const gone = new Set(
    [one, ...others.filter(({ body }) => range.types.includes(body['type'] as string))].map(({ body }) => body['seq']),
  )
  const lines = named.lines.map((line, seq) => (gone.has(seq) ? together({ ...apart(line), payload: null }) : line))
  return extended({ ...named, lines }, key, 'ticket', { amount: 5, message: { blob: 'cd'.repeat(32) } })
}

/** A purge of the first segment has been announced. */
async function purged(random: Random): Promise<Journal> {
  const key = corpusKey('corpus till')
  const shop = await openShop('NONE', key)
  while (Number(shop.queue.head().seq) < 66) await sell(shop, random, 3)
  const journal = await finished('purged', shop)
  const last = apart(journal.lines[63] as string).hash
  const root = rootAt(journal, 64)
  const payload = { archive: { name: 'archive-1.zip', sha256: 'ef'.repeat(32) }, floor: 64, frontier: [root], last, root }
  return extended(extended(journal, key, 'sys.purge', payload), key, 'ticket', { amount: 1 })
}

/** The sound journals that are damaged, each of another kind. */
export async function soundJournals(random: Random): Promise<Journal[]> {
  const makers = [busyTill, changingKeys, wanderingClock, closedQueue, manyWriters, blanked, purged]
  const journals: Journal[] = []
  for (const make of makers) journals.push(await make(random))
  journals.push(await randomLife('life a', random, 12), await randomLife('life b', random, 20))
  return journals
}
