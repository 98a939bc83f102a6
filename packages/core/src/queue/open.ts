// Creating and opening a queue: becoming the one writer, folding the journal, asking every witness, and only then signing.
import type { Country, RequestEnvelope } from '../country.js'
import { systemClock, toTimestamp } from '../clock.js'
import { FiscalError } from '../errors.js'
import { randomBytes } from '#crypto'
import { toHex } from '../bytes.js'
import { signerFor } from './certificate-notice.js'
import type { StorageWriter } from '../storage.js'
import { predecessorIn, type Predecessor } from '../verify/predecessor.js'
import { emptyChain } from './chain.js'
import { checkOptions, optionInvalid as invalid } from './check-options.js'
import { loadLedger, recordAt } from './load.js'
import { sealPlan, type Ledger } from './ledger.js'
import type { QueueOptions } from './options.js'
import type { Queue } from './contract.js'
import { startQueue, type QueueCore } from './queue.js'
import { appendOpening } from './reopen.js'
import { CORE_SOFTWARE, genesisDraft, incidentDraft } from './system.js'
import { askWitness, type WitnessVerdict } from './witness.js'

type AnyCountry = Country<RequestEnvelope, unknown, unknown>

/**
 * Creates a queue and opens it.
 * @throws FiscalError QUEUE_EXISTS, OPTION_INVALID, or the signer's or storage's own
 */
export async function createQueue(given: QueueOptions): Promise<Queue> {
  checkOptions(given)
  const options = { ...given, signer: signerFor(given.signer, given.country) }
  const segBits = options.segBits ?? 12
  if (!Number.isInteger(segBits) || segBits < 6 || segBits > 16) throw invalid('segBits', 'must be a whole number from 6 to 16')
  const { signer, country, storage } = options
  const ms = (options.clock ?? systemClock).now()
  const chain = { ...emptyChain(), queue: isUuid(options.id) ? options.id : uuid7(ms), segBits }
  const { publicJwk: key, certificates } = signer.describe()
  const draft = genesisDraft({
    key,
    certificates,
    segBits,
    profile: country.profile,
    software: softwareOf(options),
    name: isUuid(options.id) ? undefined : options.id,
    predecessor: options.predecessor,
  })
  const ledger: Ledger = { chain, state: country.initial(), country: country as AnyCountry }
  const { records } = await sealPlan(ledger, { drafts: [draft] }, { base: 0, epoch: 1, signer, ts: toTimestamp(ms), tsBack: 0 })
  await storage.create(records[0] as (typeof records)[number])
  return openQueue(options)
}

/**
 * Opens a queue as its one writer.
 * @throws FiscalError QUEUE_MISSING, QUEUE_LOCKED, QUEUE_ENDED, KEY_MISMATCH, OPTION_INVALID (another profile or id), JOURNAL_CORRUPT,
 *   ROLLBACK_SUSPECTED, FORK_SUSPECTED, MOVED_SUSPECTED; nothing has been signed then
 * @example
 * await using queue = await openQueue({ country: france({ … }), storage: await openFolder('./paris-01'), signer })
 */
export async function openQueue(given: QueueOptions): Promise<Queue> {
  checkOptions(given)
  const options = { ...given, signer: signerFor(given.signer, given.country) }
  const { storage } = options
  if (options.create === 'if-missing' && !(await storage.exists())) return createQueue({ ...options, create: 'never' })
  const { takeover, restore, moved, acknowledge } = options
  const writer = await storage.openWriter(defined({ takeover, restore, moved, acknowledge }))
  try {
    return await openWith(options, writer)
  } catch (error) {
    await writer.close({ clean: false }).catch(() => undefined)
    throw error
  }
}

async function openWith(options: QueueOptions, writer: StorageWriter): Promise<Queue> {
  const { storage, signer, witness } = options
  const country = options.country as AnyCountry
  const clock = options.clock ?? systemClock
  const { ledger, warnings } = await loadLedger(writer, country)
  await checkIdentity(options, ledger, writer)
  country.admit?.(ledger.state)
  const verdict = await askWitness(witness, writer, ledger.chain)
  if (verdict.kind === 'ahead' && options.acknowledge === undefined) throw verdict.error
  const software = softwareOf(options)
  await appendOpening(ledger, writer, signer, clock, software)
  const queue = startQueue({
    ledger,
    writer,
    storage,
    signer,
    clock,
    witness,
    software,
    warnings,
    maxWaiting: options.maxWaiting ?? 4096,
  })
  await firstWords(queue, writer, verdict, options.acknowledge, software)
  queue.resumeRedactions()
  return queue
}

async function checkIdentity(options: QueueOptions, ledger: Ledger, writer: StorageWriter): Promise<void> {
  const { chain } = ledger
  if (chain.ended) {
    const national = options.country.nationalCode?.('QUEUE_ENDED')
    throw new FiscalError('QUEUE_ENDED', { message: 'this queue has ended', ...(national !== undefined && { national }) })
  }
  if (chain.profile !== options.country.profile) {
    throw invalid('country', `the queue was created for profile ${chain.profile}, not ${options.country.profile}`)
  }
  const { id } = options
  if (id !== undefined && id !== chain.queue) {
    const genesis = await recordAt(writer, 0n)
    const name = (genesis?.payload as { name?: string } | undefined)?.name
    if (name !== id) throw invalid('id', `the queue stored here is ${name ?? chain.queue}`)
  }
  if (options.predecessor !== undefined && !(await names(writer, options.predecessor)))
    throw invalid('predecessor', 'the queue stored here was not begun as the successor of that one')
  const { keyId } = options.signer.describe()
  if (keyId !== chain.kid) {
    throw new FiscalError('KEY_MISMATCH', {
      message: `the queue is signed with key ${chain.kid}, the signer holds ${keyId}`,
      details: { expected: chain.kid, given: keyId },
    })
  }
}

async function names(writer: StorageWriter, { queue, size, root, hash }: Predecessor): Promise<boolean> {
  const named = predecessorIn((await recordAt(writer, 0n))?.payload)
  return named?.queue === queue && named.size === size && named.root === root && named.hash === hash
}

// What has to be journalled before the first receipt: overridden suspicions, a lost tail, the country's own opening event.
async function firstWords(
  queue: QueueCore,
  writer: StorageWriter,
  verdict: WitnessVerdict,
  by: string | undefined,
  software: string,
): Promise<void> {
  const { overridden, reason } = writer.adoption
  if (overridden !== undefined) {
    const payload = { ack: overridden.by, code: overridden.code, ...overridden.details }
    await queue.submitPlan(() => ({ drafts: [incidentDraft(payload)] }))
  }
  if (verdict.kind === 'ahead') {
    const { seq, hash, types } = verdict.statement
    const payload = { ack: by as string, code: 'ROLLBACK_SUSPECTED', known: { hash, seq }, source: 'witness' }
    await queue.submitPlan(() => ({ drafts: [incidentDraft(payload)] }))
    await queue.notice({ kind: 'tail-lost', by: by as string, known: { seq, hash, types } })
  }
  if (verdict.kind === 'unreadable') {
    await queue.notice({ kind: 'defect', code: 'WITNESS_UNREADABLE', message: verdict.why, details: {} })
  }
  await queue.notice({ kind: 'opened', software, reason })
  await queue.noticeCertificate()
}

function softwareOf(options: QueueOptions): string {
  return options.software === undefined ? CORE_SOFTWARE : `${options.software} ${CORE_SOFTWARE}`
}

function isUuid(id: string | undefined): id is string {
  return id !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
}

// RFC 9562 version 7: time first, so that queues sort by their creation.
function uuid7(ms: number): string {
  const bytes = randomBytes(16)
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(ms / 2 ** (8 * (5 - i))) & 255
  bytes[6] = 0x70 | ((bytes[6] as number) & 15)
  bytes[8] = 0x80 | ((bytes[8] as number) & 63)
  const hex = toHex(bytes)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
