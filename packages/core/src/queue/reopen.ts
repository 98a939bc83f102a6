// The first record of an epoch, and taking the store again after a write that failed (FORMAT 9.3): what is in the journal is decided by
// the reopened store and by nothing else.
import type { Clock } from '../clock.js'
import type { Country, RequestEnvelope } from '../country.js'
import { asFiscal, type FiscalError } from '../errors.js'
import type { Signer } from '../signer.js'
import type { Storage, StorageWriter } from '../storage.js'
import { momentOf } from './committer.js'
import { sealPlan, type Ledger, type Plan } from './ledger.js'
import { loadLedger } from './load.js'
import { openDraft } from './system.js'

/** Tries, and milliseconds between them. */
const TRIES = 3
const WAIT_MS = 1000

// Errors after which this process may not take the queue back by itself.
const FINAL: ReadonlySet<string> = new Set(['STORAGE_FENCED', 'STORAGE_READ_ONLY', 'QUEUE_LOCKED'])

/** Appends `sys.open`, the first record of an epoch. */
export async function appendOpening(
  ledger: Ledger,
  writer: StorageWriter,
  signer: Signer,
  clock: Clock,
  software: string,
): Promise<void> {
  const expect = { seq: BigInt(ledger.chain.seq), hash: ledger.chain.hash }
  const { now: ts, tsBack } = momentOf({ clock, ledger })
  const epoch = Number(writer.adoption.epoch)
  const plan: Plan = { drafts: [openDraft(writer.adoption, software)] }
  const { records } = await sealPlan(ledger, plan, { base: ledger.chain.seq + 1, epoch, signer, ts, tsBack })
  await writer.append(expect, records)
}

/** What reopening needs of the queue. */
export interface ReopenContext {
  readonly storage: Storage
  readonly country: Country<RequestEnvelope, unknown, unknown>
  readonly signer: (kid: string) => Signer
  readonly clock: Clock
  readonly software: string
  /** Given each writer as soon as it is open. */
  adopt(writer: StorageWriter): void
}

/** The ledger as the reopened store has it, or why it could not be reopened. */
export async function reopenStore(
  cause: FiscalError,
  writer: StorageWriter,
  { storage, country, signer, clock, software, adopt }: ReopenContext,
): Promise<Ledger | FiscalError> {
  let [failure, current] = [cause, writer]
  for (let attempt = 1; attempt <= TRIES && failure.retry === 'reopen' && !FINAL.has(failure.code); attempt++) {
    try {
      await current.close({ clean: false }).catch(() => undefined)
      current = await storage.openWriter({ afterWriteError: true })
      adopt(current)
      const { ledger } = await loadLedger(current, country)
      // What failed may have been the end of the queue, and be in the journal: then nothing follows it.
      if (!ledger.chain.ended) await appendOpening(ledger, current, signer(ledger.chain.kid), clock, software)
      return ledger
    } catch (error) {
      failure = asFiscal(error)
      if (attempt < TRIES) await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
    }
  }
  return failure
}
