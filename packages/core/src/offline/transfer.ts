// Handing an episode over: judged, announced, every receipt in order and exactly once, ended. May be cut off anywhere and begun
// again from the files: each request has a key of its own, so sending one twice makes nothing twice.
import { canonical, type JsonObject } from '../canonical.js'
import { toBase64url } from '../bytes.js'
import { sha256Hex } from '#crypto'
import { FiscalError } from '../errors.js'
import { isOutage, type Reply } from './connection.js'
import { lastOf, type Episode, type FoundReceipt } from './episode.js'
import type { EpisodeHeader } from './format.js'
import { judgeEpisode, type Integrity, type JudgeContext, type Judgement, type OfflineBreak } from './judge.js'
import type { OfflineLog } from './log.js'
import type { OfflineRules } from './rules.js'

/** What a transfer works with. */
export interface TransferTools {
  readonly log: OfflineLog
  readonly rules: OfflineRules
  readonly judge: JudgeContext
  /** The outage went on beyond the permitted time. */
  readonly expired: boolean
  now(): string
  ask(request: JsonObject): Promise<Reply>
  /** All files were looked at. */
  verified(): void
  /** A receipt that can be recorded in no way: its bytes are in the journal, a person must see to it. */
  refused(seq: number, error: FiscalError): void
}

/** How a transfer ended. */
export type TransferResult =
  | {
      readonly status: 'drained'
      readonly judgement: Judgement
      readonly handed: number
      readonly breaks: readonly OfflineBreak[]
    }
  | { readonly status: 'cut-off'; readonly error: FiscalError }
  | { readonly status: 'refused'; readonly seq: number; readonly error: FiscalError }

/** Hands over everything the open episode holds now. */
export async function transferEpisode(tools: TransferTools): Promise<TransferResult> {
  const { log } = tools
  const episode = await log.openEpisode()
  const header = log.header
  if (episode === undefined || header === undefined) return { status: 'drained', judgement: EMPTY, handed: 0, breaks: [] }
  await log.markClosing(tools.now())
  const cut = await announce(episode, header, tools)
  if (cut !== undefined) return cut
  const judgement = judgeEpisode(await readAnnounced(episode, log), tools.judge)
  tools.verified()
  let handed = 0
  for (const receipt of episode.receipts.filter(({ acknowledged }) => !acknowledged)) {
    const failure = await handOver(receipt, header, judgement, tools)
    if (failure !== undefined) return failure
    handed += 1
  }
  return { status: 'drained', judgement, handed, breaks: judgement.breaks }
}

/** Of a file nobody can read, this much goes into the journal; a longer one is known by its hash, whole in quarantine. */
const MAX_UNREADABLE_BYTES = 256 * 1024

const EMPTY: Judgement = { breaks: [], missing: [], integrity: new Map(), copies: new Set() }

async function announce(episode: Episode, header: EpisodeHeader, tools: TransferTools): Promise<TransferResult | undefined> {
  if (episode.announced) return undefined
  const reply = await tools.ask({ ...tools.rules.outage(header), key: `OUT-${header.episode}` })
  if (reply.outcome === 'registered') {
    const anchorKnown = tools.rules.knowsAnchor?.(reply.reply) ?? true
    await tools.log.markAnnounced({ seq: reply.seq, hash: reply.hash, anchorKnown })
  }
  // Announced before, by a header that read otherwise: the queue knows of this outage, the altered header is among the breaks.
  else if (reply.error.code === 'KEY_REUSED') await tools.log.markAnnounced({ known: reply.error.message })
  else return cutOff(0, reply.error)
  return undefined
}

/**
 * Tells the queue something under a key of the episode. When that key names a notice of other content already (its answer was lost, and
 * receipts were added or files changed since), what is true now is told under a key of its content.
 */
export async function notify(request: JsonObject, key: string, ask: TransferTools['ask']): Promise<Reply> {
  const reply = await ask({ ...request, key })
  if (reply.outcome === 'registered' || reply.error.code !== 'KEY_REUSED') return reply
  return ask({ ...request, key: `${key}-${sha256Hex(canonical(request)).slice(0, 16)}` })
}

async function handOver(
  receipt: FoundReceipt,
  header: EpisodeHeader,
  judgement: Judgement,
  tools: TransferTools,
): Promise<TransferResult | undefined> {
  if (receipt.content === undefined || judgement.copies.has(receipt.seq)) return handOverBytes(receipt, header, tools)
  const { reply, integrity } = await send(receipt, receipt.content, header, judgement, tools)
  if (reply.outcome === 'registered') {
    await tools.log.acknowledge(receipt.seq, { seq: reply.seq, hash: reply.hash, queue: reply.queue, integrity })
    return undefined
  }
  if (reply.error.code === 'OFFLINE_CONFLICT') {
    // The queue knows this file number with other content: both are kept, and the next receipt is not held up.
    await tools.log.quarantineCopy(receipt.name, receipt.bytes)
    const told = await handOverBytes({ ...receipt, content: undefined }, header, tools, 'keep')
    if (told !== undefined) return told
    await tools.log.acknowledge(receipt.seq, { conflict: reply.error.message })
    return undefined
  }
  // The queue has it already, though its answer can no longer be told.
  if (reply.error.registered === 'yes') {
    await tools.log.acknowledge(receipt.seq, { registered: reply.error.code })
    return undefined
  }
  // No sale can be made of it (a file changed beyond recognition, or a form the queue does not know): its bytes are kept, and it
  // holds up nobody else's receipt.
  if (reply.error.kind === 'input') {
    tools.refused(receipt.seq, reply.error)
    if (judgement.integrity.get(receipt.seq) === 'altered') return handOverBytes(receipt, header, tools)
    const told = await handOverBytes(receipt, header, tools, 'keep')
    if (told === undefined) await tools.log.acknowledge(receipt.seq, { refused: reply.error.code })
    return told
  }
  return cutOff(receipt.seq, reply.error)
}

async function send(
  receipt: FoundReceipt,
  content: JsonObject,
  header: EpisodeHeader,
  judgement: Judgement,
  { ask }: Pick<TransferTools, 'ask'>,
): Promise<{ readonly reply: Reply; readonly integrity: Integrity }> {
  const request = content['request'] as JsonObject
  const degraded = degradedOf(receipt, header, judgement)
  let reply = await ask({ ...request, degraded })
  if (reply.outcome === 'rejected' && reply.error.code === 'KEY_REUSED') reply = await ask(underOwnKey(request, degraded, header))
  return { reply, integrity: judgement.integrity.get(receipt.seq) ?? 'unlinked' }
}

/**
 * Sends the receipts of an ended episode once more, because a person wants it so (the queue was restored from a backup). What the queue
 * holds it answers again; what it lost it records. The log is left as it is.
 */
export async function resendEpisode(
  episode: Episode,
  header: EpisodeHeader,
  { ask, judge }: Pick<TransferTools, 'ask' | 'judge'>,
): Promise<TransferResult> {
  const judgement = judgeEpisode(episode, { ...judge, before: undefined })
  let handed = 0
  for (const receipt of episode.receipts) {
    if (receipt.content === undefined || judgement.copies.has(receipt.seq)) continue
    const { reply } = await send(receipt, receipt.content, header, judgement, { ask })
    if (reply.outcome === 'registered') handed += 1
    else if (reply.error.code !== 'OFFLINE_CONFLICT') return cutOff(receipt.seq, reply.error)
  }
  return { status: 'drained', judgement, handed, breaks: judgement.breaks }
}

function cutOff(seq: number, error: FiscalError): TransferResult {
  return isOutage(error) ? { status: 'cut-off', error } : { status: 'refused', seq, error }
}

function degradedOf(receipt: FoundReceipt, header: EpisodeHeader, judgement: Judgement): JsonObject {
  const content = receipt.content as JsonObject
  return {
    episode: header.episode,
    seq: receipt.seq,
    counter: Number.isSafeInteger(content['counter']) ? (content['counter'] as number) : 0,
    localMoment: typeof content['moment'] === 'string' ? content['moment'].slice(0, 200) : '',
    localHash: receipt.hash as string,
    integrity: judgement.integrity.get(receipt.seq) ?? 'unlinked',
    reason: header.reason,
    opened: header.opened,
  }
}

// Its key names another receipt already: the sale was still made, so it is recorded under a key of its own.
function underOwnKey(request: JsonObject, degraded: JsonObject, header: EpisodeHeader): JsonObject {
  const transferKey = `${header.till}/${String(degraded['episode'])}/${String(degraded['seq'])}/${String(degraded['localHash'])}`
  const key = `D-${sha256Hex(transferKey).slice(0, 32)}`
  return { ...request, key, degraded: { ...degraded, conflictsWith: String(request['key']) } }
}

async function handOverBytes(
  receipt: FoundReceipt,
  header: EpisodeHeader,
  tools: TransferTools,
  after: 'move' | 'keep' = 'move',
): Promise<TransferResult | undefined> {
  const sha256 = sha256Hex(receipt.bytes)
  const base64 = base64Of(receipt.bytes.subarray(0, MAX_UNREADABLE_BYTES))
  const request = tools.rules.unreadable({ header, name: receipt.name, sha256, base64, sizeBytes: receipt.bytes.length })
  const key = `UNR-${sha256Hex(`${header.episode}/${receipt.name}/${sha256}`).slice(0, 40)}`
  const reply = await notify(request, key, tools.ask)
  if (reply.outcome !== 'registered') return cutOff(receipt.seq, reply.error)
  if (after === 'move') {
    await tools.log.acknowledge(receipt.seq, { seq: reply.seq, hash: reply.hash, quarantined: sha256 })
    await tools.log.quarantine(receipt.name)
  }
  return undefined
}

function base64Of(bytes: Uint8Array): string {
  const text = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/')
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

// Announcing may have taught us that the queue does not know the anchor.
async function readAnnounced(episode: Episode, log: OfflineLog): Promise<Episode> {
  return episode.announced ? episode : ((await log.openEpisode()) ?? episode)
}

// A changed receipt was told with its hand-over, unless it was changed after that.
async function tellingOf(one: OfflineBreak, log: OfflineLog): Promise<OfflineBreak> {
  if (one.kind !== 'BAD_HASH') return one
  const { integrity, quarantined, conflict } = (await log.acknowledgement(one.seq)) ?? {}
  return { ...one, told: integrity === 'altered' || quarantined !== undefined || conflict !== undefined }
}

/** Tells the queue that the outage is over, and ends the episode. Nothing may be waiting. */
export async function finishEpisode(
  tools: TransferTools,
  breaks: readonly OfflineBreak[],
  missing: readonly number[],
): Promise<TransferResult | undefined> {
  const { log, rules } = tools
  const [episode, header] = [await log.openEpisode(), log.header]
  if (episode === undefined || header === undefined) return undefined
  if (tools.expired && rules.expired !== undefined) {
    const reply = await notify(rules.expired(header), `EXP-${header.episode}`, tools.ask)
    if (reply.outcome !== 'registered') return cutOff(0, reply.error)
  }
  const found = await Promise.all(breaks.map((one) => tellingOf(one, log)))
  const seqs = episode.receipts.map(({ seq }) => seq)
  const counters = episode.receipts.map(({ content }) => content?.['counter']).filter((counter) => typeof counter === 'number')
  const summary = {
    header,
    count: episode.receipts.length,
    firstSeq: seqs[0],
    lastSeq: seqs.at(-1),
    firstCounter: counters[0],
    lastCounter: counters.at(-1),
    lastHash: lastOf(episode).hash,
    missing,
    breaks: found,
  }
  const reply = await notify(rules.finish(summary), `END-${header.episode}`, tools.ask)
  if (reply.outcome !== 'registered') return cutOff(0, reply.error)
  await log.end(tools.now(), breaks as unknown as readonly JsonObject[], reply)
  return undefined
}
