// The rules of content (FORMAT 5.5, 1–9): links, types, epoch, batch, request, payload, reference, clock, end. Every rule is
// applied, whatever the others found.
import { ZERO_HASH } from '../digest.js'
import type { ParsedLine } from '../read-line.js'
import { pushLeaf } from '../tree.js'
import type { FindingCode } from './finding.js'
import { isObject, payloadFault } from './payload-forms.js'
import type { VerifyState } from './state.js'

/** Reports a finding at the record under judgement. */
export type Fail = (code: FindingCode, where: string, message: string, severity?: 'error' | 'warning') => void

/** A line put aside, as far as the next record's link needs it. */
export interface PendingHash {
  readonly hash: string
  readonly recomputed: string
}

/** Where a record stands, seen from the one before it. */
export interface Position {
  /** Places between the record before and this one. */
  readonly m: number
  /** Lines put aside between them. */
  readonly k: number
  /** The last of those lines, when it could be read. */
  readonly before: PendingHash | undefined
  /** m = 0 and the record before is known as a record. */
  readonly near: boolean
}

/** Rule 1, and the settling of the hash of the record before. */
export function judgePrev({ body }: ParsedLine, state: VerifyState, { m, k, before }: Position, fail: Fail): void {
  const { last } = state
  const named = last === undefined ? [ZERO_HASH] : last.hash === '' ? undefined : [last.hash, last.recomputed]
  const near = m === 0 ? named : undefined
  const far = m >= 1 && k === m && before !== undefined ? [before.hash, before.recomputed] : undefined
  const good = (near ?? far)?.includes(body.prev)
  if (good === false) fail('PREV_WRONG', 'body.prev', `does not name record ${body.seq - 1}`)
  settle(state, near !== undefined && good === true ? body.prev : undefined)
}

/** The leaf of a single lost place is what its successor says its hash was. */
export function adoptLostLeaf({ body }: ParsedLine, state: VerifyState, { m }: Position): void {
  if (m === 1 && state.tree !== undefined) state.tree = pushLeaf(state.tree, body.prev)
}

/** Settles the hash of the last record: what its successor names when that is one of its two, else the recomputed one. */
export function settle(state: VerifyState, named: string | undefined): void {
  const { last } = state
  if (last?.record === undefined || state.settled) return
  const hash = named ?? last.recomputed
  last.hash = hash
  if (last.record.seq === 0) state.genesis = hash
  const head = state.heads.get(last.record.type)
  if (head !== undefined) head.hash = hash
  if (state.tree !== undefined) state.tree = pushLeaf(state.tree, hash)
  state.settled = true
}

/** Rule 2. */
export function judgeType({ body }: ParsedLine, state: VerifyState, fail: Fail): void {
  const head = state.heads.get(body.type)
  if (head === undefined ? state.losses > 0 : head.losses !== state.losses) return
  const link = head?.hash ?? (body.seq === 0 ? ZERO_HASH : state.genesis)
  if (link !== undefined && body.tprev !== link) fail('TPREV_WRONG', 'body.tprev', `does not name the ${body.type} before it`)
  const expected = (head?.tseq ?? 0) + 1
  if (body.tseq !== expected) fail('TSEQ_WRONG', 'body.tseq', `${body.tseq} where ${expected} follows`)
}

/** Rule 3. */
export function judgeEpoch(record: ParsedLine, state: VerifyState, { m }: Position, fail: Fail): void {
  const { body } = record
  const known = state.epoch
  const wrong = (where: string, message: string): void => fail('EPOCH_WRONG', where, message)
  if (body.seq === 0 && body.epoch !== 1) return wrong('body.epoch', 'a queue begins with epoch 1')
  if (known !== undefined && body.epoch < known) return wrong('body.epoch', `epoch ${body.epoch} after ${known}`)
  if (known !== undefined && body.epoch > known && body.type !== 'sys.open' && m === 0)
    return wrong('body.epoch', 'an epoch begins without sys.open')
  if (body.type !== 'sys.open') return
  if (known !== undefined && body.epoch <= known) return wrong('body.epoch', 'sys.open without a new epoch')
  if (body.more !== undefined) return wrong('body.more', 'sys.open stands alone')
  if (record.payloadMatches) judgeAdopted(record, known, m, wrong)
}

function judgeAdopted(
  { body, payload }: ParsedLine,
  known: number | undefined,
  m: number,
  wrong: (where: string, message: string) => void,
): void {
  const fault = payloadFault(payload, body)
  if (fault !== undefined || !isObject(payload)) return wrong(`payload.${fault ?? ''}`, 'the content of sys.open is not in form')
  const adopted = payload['adopted'] as { readonly epoch: number; readonly seq: number; readonly hash: string }
  if (adopted.seq !== body.seq - 1 || adopted.hash !== body.prev)
    return wrong('payload.adopted', 'does not name the record before')
  if (m === 0 && known !== undefined && adopted.epoch !== known)
    wrong('payload.adopted', `names epoch ${adopted.epoch}, not ${known}`)
}

/** Rule 4. */
export function judgeBase({ body }: ParsedLine, state: VerifyState, { near }: Position, fail: Fail): void {
  const { segBits } = state
  const otherSegment = segBits !== undefined && Math.floor(body.base / 2 ** segBits) !== Math.floor(body.seq / 2 ** segBits)
  if (body.base > body.seq || otherSegment)
    return fail('BASE_WRONG', 'body.base', `${body.base} cannot be the batch of record ${body.seq}`)
  if (body.base === body.seq) return
  const last = state.last?.record
  const same = last !== undefined && body.base === last.base && body.epoch === last.epoch
  const good = near
    ? same && last.type !== 'sys.genesis' && last.type !== 'sys.open'
    : body.base > state.g || last === undefined || same
  if (!good) fail('BASE_WRONG', 'body.base', `${body.base} is not the batch of the record before`)
}

/** Rule 5. */
export function judgeMore({ body }: ParsedLine, state: VerifyState, { near }: Position, fail: Fail): void {
  const more = body.more ?? 0
  if (more > 199) return fail('MORE_WRONG', 'body.more', 'a request has at most 200 records')
  const last = state.last?.record
  if (!near || last === undefined || last.more === 0) return
  if (more !== last.more - 1 || body.base !== last.base)
    fail('MORE_WRONG', 'body.more', `the record before announces ${last.more} more of its request`)
}

/** Rule 8. */
export function judgeClock({ body }: ParsedLine, state: VerifyState, { m }: Position, fail: Fail): void {
  const ts = Date.parse(body.ts)
  const stated = body.tsBack ?? 0
  const { high } = state
  const back = high === undefined ? 0 : Math.max(0, high - ts)
  const exact = m === 0 && (high !== undefined || body.seq === 0)
  const good = exact ? stated === back : stated >= back
  if (!good) fail('CLOCK_WRONG', 'body.tsBack', `${stated} where the times give ${back}`)
  state.high = Math.max(high ?? Number.NEGATIVE_INFINITY, good && !exact ? ts + stated : ts)
}
