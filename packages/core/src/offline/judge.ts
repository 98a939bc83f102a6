// Verification of an episode: every file is looked at and every break is named; a break at one file is not blamed on the next.
import type { Json, JsonObject } from '../canonical.js'
import { ZERO_HASH } from '../digest.js'
import { lastOf, type Episode, type FoundReceipt } from './episode.js'
import { receiptName } from './format.js'
import { isObject } from '../verify/payload-forms.js'

/** Kinds of break. */
export type BreakKind =
  | 'HEADER_ALTERED'
  | 'BAD_HASH'
  | 'BAD_PREV'
  | 'GAP'
  | 'TAIL_MISSING'
  | 'UNREADABLE'
  | 'DUPLICATE'
  | 'FOREIGN_FILE'
  | 'COUNTER_GAP'
  | 'EPISODE_LINK'
  | 'ANCHOR_MISMATCH'
  | 'BAD_SEAL'

/** One break: where and what. */
export interface OfflineBreak {
  readonly kind: BreakKind
  readonly episode: string
  /** Number of the receipt; 0 for the episode as a whole. */
  readonly seq: number
  readonly message: string
  /** The queue was told of it when the receipt was handed over; otherwise the damage came later. */
  readonly told?: boolean
}

/** How whole a receipt is: stated with it when it is handed over. */
export type Integrity = 'ok' | 'unlinked' | 'altered'

/** What is known of the episode before, and how seals are checked. */
export interface JudgeContext {
  /** counter.json: the next counter and the last finished episode. */
  readonly before: { readonly lastHash: string; readonly nextCounter: number } | undefined
  readonly sealHolds?: (seal: Json, hash: string) => boolean
  /** Every receipt must carry a seal. */
  readonly sealed?: boolean
}

/** A judged episode. */
export interface Judgement {
  readonly breaks: readonly OfflineBreak[]
  readonly missing: readonly number[]
  /** By number of the file. */
  readonly integrity: ReadonlyMap<number, Integrity>
  /** Files that are mere copies of an earlier one: not a second sale. */
  readonly copies: ReadonlySet<number>
}

/** Judges all files of an episode. */
export function judgeEpisode(episode: Episode, context: JudgeContext): Judgement {
  const breaks: OfflineBreak[] = []
  const tell = (kind: BreakKind, seq: number, message: string): void =>
    void breaks.push({ kind, episode: episode.id, seq, message })
  judgeHeader(episode, context, tell)
  if (!episode.anchorKnown) tell('ANCHOR_MISMATCH', 0, 'the queue does not hold the record this outage began after')
  const missing = judgeNumbers(episode, tell)
  const walked = walkReceipts(episode, context, tell)
  judgeTail(episode, missing, tell)
  for (const name of episode.foreign) tell('FOREIGN_FILE', 0, `${name} does not belong here`)
  return { breaks, missing, ...walked }
}

type Tell = (kind: BreakKind, seq: number, message: string) => void

function judgeHeader({ header }: Episode, { before }: JudgeContext, tell: Tell): void {
  if (header === undefined) return tell('HEADER_ALTERED', 0, 'the header is missing or cannot be read')
  if (before === undefined) return
  if (header.prevEpisodeHash !== before.lastHash) tell('EPISODE_LINK', 0, 'does not continue the episode before it')
  if (header.counterStart !== before.nextCounter)
    tell('COUNTER_GAP', 0, `begins with counter ${header.counterStart}; ${before.nextCounter} was next`)
}

// A head or a name may claim any number: beyond this many, missing ones are named as a range.
const MOST_LISTED = 10_000

function judgeNumbers({ receipts, heads }: Episode, tell: Tell): number[] {
  const missing: number[] = []
  let expected = 1
  for (const { seq } of receipts) {
    const listed = Math.min(seq, expected + MOST_LISTED)
    for (let number = expected; number < listed; number++) {
      if (missing.length < MOST_LISTED) missing.push(number)
      tell('GAP', number, `file ${receiptName(number)} is missing`)
    }
    if (listed < seq) tell('GAP', listed, `files ${receiptName(listed)} to ${receiptName(seq - 1)} are missing`)
    expected = seq + 1
  }
  const known = Math.max(0, ...heads.map(({ seq }) => seq))
  for (; expected <= known && missing.length < MOST_LISTED; expected++) missing.push(expected)
  return missing
}

interface WalkState {
  readonly integrity: Map<number, Integrity>
  readonly copies: Set<number>
  readonly hashes: Map<string, number>
  readonly counters: Set<number>
  /** Hashes the next receipt may link to; undefined after a loss. */
  links: readonly string[] | undefined
  counter: number | undefined
  seq: number
}

function walkReceipts(episode: Episode, context: JudgeContext, tell: Tell): Pick<Judgement, 'integrity' | 'copies'> {
  const start = episode.headerHash
  const state: WalkState = {
    integrity: new Map(),
    copies: new Set(),
    hashes: new Map(),
    counters: new Set(),
    links: start === undefined ? undefined : [start],
    counter: episode.header === undefined ? undefined : episode.header.counterStart - 1,
    seq: 0,
  }
  for (const receipt of episode.receipts) judgeReceipt(receipt, state, context, tell)
  return { integrity: state.integrity, copies: state.copies }
}

function judgeReceipt(receipt: FoundReceipt, state: WalkState, context: JudgeContext, tell: Tell): void {
  const { seq, content, hash } = receipt
  const jumped = seq !== state.seq + 1
  if (content === undefined || hash === undefined) {
    tell('UNREADABLE', seq, 'the file cannot be read')
    ;[state.links, state.counter, state.seq] = [undefined, undefined, seq]
    return
  }
  const earlier = state.hashes.get(hash)
  if (earlier !== undefined) {
    // A copy takes no place in the chain.
    tell('DUPLICATE', seq, `a copy of ${receiptName(earlier)}`)
    state.copies.add(seq)
    state.seq = seq
    return
  }
  state.hashes.set(hash, seq)
  const altered = content['hash'] !== hash || content['seq'] !== seq
  if (altered) tell('BAD_HASH', seq, 'the content is not the one that was stored')
  const linked = judgeLink(content, seq, jumped, state, tell)
  judgeCounter(content, seq, jumped || altered, state, tell)
  judgeSeal(content, seq, hash, context, tell)
  state.integrity.set(seq, altered ? 'altered' : linked ? 'ok' : 'unlinked')
  const stored = content['hash']
  ;[state.links, state.seq] = [typeof stored === 'string' ? [stored, hash] : [hash], seq]
}

// After a loss the link cannot be judged, so the receipt counts as unlinked, but nothing is blamed on it.
function judgeLink(content: JsonObject, seq: number, jumped: boolean, state: WalkState, tell: Tell): boolean {
  if (state.links === undefined || jumped) return false
  if (state.links.includes(String(content['prev']))) return true
  tell(
    seq === 1 ? 'HEADER_ALTERED' : 'BAD_PREV',
    seq,
    seq === 1 ? 'the header is not the one this receipt was linked to' : 'is not linked to the receipt before it',
  )
  return false
}

function judgeCounter(content: JsonObject, seq: number, unsure: boolean, state: WalkState, tell: Tell): void {
  const counter = content['counter']
  if (typeof counter !== 'number') return
  if (state.counters.has(counter)) tell('DUPLICATE', seq, `counter ${counter} stands twice`)
  else if (!unsure && state.counter !== undefined && counter !== state.counter + 1)
    tell('COUNTER_GAP', seq, `counter ${counter} after ${state.counter}`)
  state.counters.add(counter)
  state.counter = counter
}

function judgeSeal(content: JsonObject, seq: number, hash: string, { sealHolds, sealed }: JudgeContext, tell: Tell): void {
  const seal = content['seal']
  if (seal === undefined) {
    if (sealed === true) tell('BAD_SEAL', seq, 'the seal is missing')
  } else if (!isSeal(seal)) tell('BAD_SEAL', seq, 'the seal is none')
  else if (sealHolds?.(seal, hash) === false) tell('BAD_SEAL', seq, 'the seal is not the till’s over this receipt')
}

function isSeal(seal: Json): boolean {
  return isObject(seal) && ['alg', 'kid', 'sig'].every((name) => typeof seal[name] === 'string')
}

function judgeTail(episode: Episode, missing: readonly number[], tell: Tell): void {
  const last = lastOf(episode)
  for (const { source, seq } of episode.heads) {
    if (seq <= last.seq) continue
    tell(
      'TAIL_MISSING',
      seq,
      `${source} knows ${seq} receipts; the files end at ${last.seq}${missing.length > 0 ? `; missing: ${missing.slice(0, 50).join(', ')}${missing.length > 50 ? ' …' : ''}` : ''}`,
    )
    return
  }
}

/** What the till's next episode continues: 64 zeros and counter 1 for the first. */
export const NOTHING_BEFORE: { readonly lastHash: string; readonly nextCounter: number } = { lastHash: ZERO_HASH, nextCounter: 1 }
