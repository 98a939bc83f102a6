// Selling while the key is pulled out and put back, again and again: callers that never give up a receipt, and the account of it afterwards.
import { createQueue, type GuardedSigner, type Outcome, type Queue } from '@sigillo/core'
import { verifyChunks, type Report } from '@sigillo/core/verify'
import { france } from '@sigillo/country-fr'
import { openFolder } from '@sigillo/storage-fs'
import { shop } from './day-fr.fixture.js'

/** How the key is pulled out and put back, how often, and where the receipts go. */
export interface Pulling {
  readonly signer: GuardedSigner
  readonly folder: string
  readonly rounds: number
  readonly seed: number
  pull(round: number): Promise<void>
  putBack(): Promise<void>
}

/** What came of it. */
export interface Account {
  /** Receipts answered as registered, and keys that are in the journal not exactly once or elsewhere than answered. */
  readonly sold: number
  readonly wrong: readonly string[]
  /** Answers that said no, all of them because of the signer and all of them final: nothing registered. */
  readonly refused: number
  readonly replayed: number
  /** From putting back to the next registered receipt, milliseconds. */
  readonly recoveredMs: readonly number[]
  readonly own: Report
  readonly later: Report
}

const CALLERS = 8
const PATIENCE_MS = 40_000

/** Sells from eight callers at once through every round; each caller asks with the same key until its receipt is registered. */
export async function sellWhilePulled({ signer, folder, rounds, seed, pull, putBack }: Pulling): Promise<Account> {
  const random = seeded(seed)
  const country = france(shop)
  const queue = await createQueue({ country, storage: await openFolder(folder), signer })
  const till = new Till(queue, random)
  await till.sell({ type: 'start', key: 'START' })
  const callers = Promise.all(Array.from({ length: CALLERS }, (_, caller) => till.keepSelling(caller)))
  // A caller that meets what may not happen ends all of this.
  callers.catch(() => till.stop())
  const recoveredMs: number[] = []
  for (let round = 0; round < rounds && !till.isStopped; round++) {
    await delay(50 + random() * 250)
    await pull(round)
    await delay(random() * 600)
    await putBack()
    recoveredMs.push(await till.nextSale())
  }
  till.stop()
  await callers
  const own = await queue.verify()
  await queue.close()
  const reader = await (await openFolder(folder)).openReader()
  const auditor = country.auditor?.()
  const later = await verifyChunks(reader.chunks(), auditor === undefined ? {} : { auditor })
  const found = new Map<string, string[]>()
  for await (const { line } of reader.read(0n, BigInt(later.records - 1))) {
    const { body, hash } = JSON.parse(new TextDecoder().decode(line)) as { body: { ref?: string; seq: number }; hash: string }
    if (body.ref !== undefined) found.set(body.ref, [...(found.get(body.ref) ?? []), `${body.seq} ${hash}`])
  }
  await reader.close()
  const { sold, refused, replayed } = till
  const wrong = [...sold].filter(([key, place]) => found.get(key)?.join() !== place).map(([key]) => key)
  for (const key of found.keys()) if (!sold.has(key)) wrong.push(`${key} was never answered`)
  return { sold: sold.size, wrong, refused, replayed, recoveredMs, own, later }
}

class Till {
  readonly #queue: Queue
  readonly #random: () => number
  readonly sold = new Map<string, string>()
  refused = 0
  replayed = 0
  isStopped = false
  #next = 1

  constructor(queue: Queue, random: () => number) {
    this.#queue = queue
    this.#random = random
  }

  stop(): void {
    this.isStopped = true
  }

  async keepSelling(caller: number): Promise<void> {
    while (!this.isStopped) {
      const key = `POS-${this.#next++}`
      await this.sell({ type: 'ticket', key, ...receipt(caller) })
      await delay(this.#random() * 8)
    }
  }

  /** Asks with one key until it is registered, and sometimes once more. */
  async sell(request: { readonly type: string; readonly key: string }): Promise<void> {
    const whole = { operatorId: 'OP-1', posMoment: new Date().toISOString(), ...request }
    for (;;) {
      const outcome = await this.#queue.record(whole)
      if (this.#noted(request.key, outcome)) break
      await delay(30)
    }
    if (this.#random() < 0.1) this.#noted(request.key, await this.#queue.record(whole))
  }

  #noted(key: string, outcome: Outcome): boolean {
    if (outcome.outcome === 'registered') {
      const place = `${outcome.seq} ${outcome.hash}`
      const before = this.sold.get(key)
      if (before !== undefined && (before !== place || !outcome.replayed))
        throw new Error(`${key} has two places: ${before}, ${place}`)
      if (outcome.replayed) this.replayed++
      this.sold.set(key, place)
      return true
    }
    const { error } = outcome
    if (outcome.outcome !== 'rejected' || error.code !== 'SIGNER_UNAVAILABLE' || error.registered !== 'no')
      throw new Error(`${key}: ${outcome.outcome} ${error.code} (${error.registered}): ${error.message}`, { cause: error })
    if (String(error.details['signerCode']).startsWith('PIN_')) throw new Error(`${key}: ${error.message}`, { cause: error })
    this.refused++
    return false
  }

  /** Milliseconds until the next receipt is registered. */
  async nextSale(): Promise<number> {
    const began = Date.now()
    const before = this.sold.size
    while (this.sold.size === before && !this.isStopped) {
      if (Date.now() - began > PATIENCE_MS)
        throw new Error(`no receipt was registered within ${PATIENCE_MS} ms of putting the key back`)
      await delay(10)
    }
    return Date.now() - began
  }
}

function receipt(caller: number): object {
  const total = 250 + caller
  return {
    lines: [{ label: 'Café crème', quantity: '1', rateBp: 1000, total, unitPrice: total }],
    payments: [{ amount: total, mode: 'CB' }],
  }
}

function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
