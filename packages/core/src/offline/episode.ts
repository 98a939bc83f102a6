// One episode as its files stand: everything is derived from them, nothing is kept elsewhere.
import type { JsonObject } from '../canonical.js'
import { ackName, headerHash, parseFile, receiptHash, receiptName, receiptNumber, type EpisodeHeader } from './format.js'
import type { OfflineStore } from './store.js'

/** A receipt's file as it was found. */
export interface FoundReceipt {
  /** Number in the file's name. */
  readonly seq: number
  readonly name: string
  readonly bytes: Uint8Array
  /** Undefined when the file cannot be read as a receipt. */
  readonly content: JsonObject | undefined
  /** Hash worked out from the content; undefined when unreadable. */
  readonly hash: string | undefined
  readonly acknowledged: boolean
}

/** All files of an episode. */
export interface Episode {
  readonly id: string
  /** False for a folder whose making was cut off before its header stood: no receipt can have been printed from it. */
  readonly born: boolean
  readonly header: EpisodeHeader | undefined
  readonly headerHash: string | undefined
  readonly receipts: readonly FoundReceipt[]
  /** What head.json, its mirror and closing.json state as the newest receipt. */
  readonly heads: readonly { readonly source: string; readonly seq: number; readonly hash: string }[]
  readonly closing: boolean
  /** The outage has been announced to the queue. */
  readonly announced: boolean
  /** False when the queue, told of the outage, did not know the record it began after. */
  readonly anchorKnown: boolean
  readonly end: JsonObject | undefined
  readonly foreign: readonly string[]
  readonly quarantined: readonly string[]
}

const ACK = /^\d{8,15}\.ack\.json$/
const KNOWN = new Set(['episode.json', 'head.json', 'closing.json', 'announced.json', 'end.json', 'quarantine'])

/** Reads an episode from its store. */
export async function readEpisode(store: OfflineStore, id: string, mirror: OfflineStore | undefined): Promise<Episode> {
  const names = await store.list(id)
  const acks = new Set<string>()
  // One that cannot be read acknowledges nothing: sending the receipt again makes nothing twice.
  for (const name of names.filter((one) => ACK.test(one)))
    if (parseFile(await store.read(`${id}/${name}`)) !== undefined) acks.add(name)
  const receipts: FoundReceipt[] = []
  const quarantined = await store.list(`${id}/quarantine`)
  // A file moved into quarantine keeps its place: whoever looks again after a crash must find the same breaks.
  const moved = new Set(quarantined.filter((name) => !names.includes(name)))
  for (const { name, seq } of numbered([...names, ...moved]))
    receipts.push(await readReceipt(store, moved.has(name) ? `${id}/quarantine` : id, name, seq, acks))
  const content = parseFile(await store.read(`${id}/episode.json`))
  const foreign = names.filter(
    (name) => !KNOWN.has(name) && !ACK.test(name) && receiptNumber(name) === undefined && !name.endsWith('.tmp'),
  )
  return {
    id,
    born: names.includes('episode.json') || receipts.length > 0,
    header: isHeader(content, id) ? content : undefined,
    headerHash: content === undefined ? undefined : headerHash(content),
    receipts,
    heads: [
      ...(await headOf(store, `${id}/head.json`, 'head.json')),
      ...(await headOf(store, `${id}/closing.json`, 'closing.json')),
      ...(await headOf(store, `${id}/quarantine/head.json`, 'a head put aside')),
      ...(await mirrorHead(mirror, id)),
    ],
    closing: names.includes('closing.json'),
    announced: names.includes('announced.json'),
    anchorKnown: parseFile(await store.read(`${id}/announced.json`))?.['anchorKnown'] !== false,
    end: parseFile(await store.read(`${id}/end.json`)),
    foreign,
    quarantined,
  }
}

function numbered(names: readonly string[]): { readonly name: string; readonly seq: number }[] {
  return names
    .map((name) => ({ name, seq: receiptNumber(name) ?? 0 }))
    .filter(({ seq }) => seq > 0)
    .sort((a, b) => a.seq - b.seq)
}

async function readReceipt(
  store: OfflineStore,
  folder: string,
  name: string,
  seq: number,
  acks: ReadonlySet<string>,
): Promise<FoundReceipt> {
  const bytes = (await store.read(`${folder}/${name}`)) ?? new Uint8Array()
  const parsed = parseFile(bytes)
  const content = parsed !== undefined && typeof parsed['request'] === 'object' && parsed['request'] !== null ? parsed : undefined
  return {
    seq,
    name,
    bytes,
    content,
    hash: content === undefined ? undefined : receiptHash(content),
    acknowledged: acks.has(ackName(seq)),
  }
}

// Anybody may have changed it: what is used of it later must be of its kind. A header that is not is none, and that is a break.
function isHeader(content: JsonObject | undefined, id: string): content is JsonObject & EpisodeHeader {
  if (content === undefined) return false
  const { episode, till, queue, opened, reason, software, prevEpisodeHash, counterStart, anchorNumber, anchorHash } = content
  const texts = [till, queue, opened, reason, software]
  return (
    episode === id &&
    texts.every((text) => typeof text === 'string' && text.length <= 200) &&
    !Number.isNaN(Date.parse(opened as string)) &&
    [prevEpisodeHash, anchorHash].every((hash) => typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash)) &&
    [counterStart, anchorNumber].every((number) => Number.isSafeInteger(number) && (number as number) >= 0)
  )
}

async function headOf(store: OfflineStore, path: string, source: string): Promise<Episode['heads']> {
  const value = parseFile(await store.read(path))
  const seq = value?.['seq'] ?? value?.['lastSeq']
  const hash = value?.['hash'] ?? value?.['lastHash']
  return Number.isSafeInteger(seq) && (seq as number) >= 0 && typeof hash === 'string'
    ? [{ source, seq: seq as number, hash }]
    : []
}

async function mirrorHead(mirror: OfflineStore | undefined, id: string): Promise<Episode['heads']> {
  // A second place that cannot be read says nothing; it must not keep the till from reading its own log.
  return mirror === undefined ? [] : headOf(mirror, `${id}.head.json`, 'mirror').catch(() => [])
}

/** The newest receipt by number, and the hash the next one links to: that of a mere copy is not a link. */
export function lastOf(episode: Episode): { readonly seq: number; readonly hash: string } {
  const { receipts, headerHash: start = '' } = episode
  const firsts = new Map<string | undefined, number>()
  for (const { hash, seq } of receipts) if (!firsts.has(hash)) firsts.set(hash, seq)
  const last = receipts.findLast(({ hash, seq }) => hash === undefined || firsts.get(hash) === seq)
  return { seq: receipts.at(-1)?.seq ?? 0, hash: last?.hash ?? start }
}

/** True while the episode has something left to do. */
export function isOpen(episode: Episode): boolean {
  return episode.born && episode.end === undefined
}

/** Path of a receipt in its episode. */
export function receiptPath(id: string, seq: number): string {
  return `${id}/${receiptName(seq)}`
}
