// The walk along a journal: every rule that needs neighbours (FORMAT 5). It goes on after a break and blames only the damaged
// record: a link is good when it equals what the record before it says its hash is, or what that hash really is.
import type { JsonObject } from '../canonical.js'
import type { CountryAuditor } from '../country.js'
import type { PublicJwk } from '../crypto-contract.js'
import { ZERO_HASH } from '../digest.js'
import { parsePublicJwk, thumbprint } from '../keys.js'
import type { ParsedLine } from '../record.js'
import { EMPTY_FRONTIER, pushLeaf, type Frontier } from '../tree.js'
import type { Finding, FindingCode } from './finding.js'
import { HASH_DIFFERS, KEY_UNKNOWN, PAYLOAD_DIFFERS, signatureHolds, SIGNATURE_FAILS, type KeyRing } from './line-check.js'
import { judgeSystem } from './system-rules.js'
import { importPublicKey } from '#crypto'

/** Hashes by which the next record may link: the stored one and the recomputed one. */
type LinkHashes = readonly string[]

/** The newest record of a type. */
export interface TypeHead {
  tseq: number
  hashes: LinkHashes
}

/** Where a line comes from. */
export interface LinePlace {
  readonly file?: string | undefined
  readonly offset?: number | undefined
}

/** All that a verifier carries from one record to the next. */
export interface WalkState {
  queue: string
  genesis: string
  segBits: number
  profile: string
  /** Number expected next. */
  next: number
  /** Lines that could not be read since the last record. */
  unread: number
  /** Records not seen although later ones were, as ranges with both ends. */
  gaps: (readonly [number, number])[]
  /** Hashes the next record may name in `prev`; undefined after a loss. */
  links: LinkHashes | undefined
  /** Hash taken as the leaf of the last record. */
  hash: string
  types: Map<string, TypeHead>
  /** Records lost so far: a type's count may lag by as many. */
  lost: number
  epoch: number
  base: number
  /** Further records the request of the last record still owes. */
  owed: number
  lastTs: string
  kid: string
  key: PublicJwk | undefined
  /** Undefined once a loss made the tree unknowable. */
  frontier: Frontier | undefined
  closed: boolean
  records: number
}

/** State before the first record. */
export function startOfJournal(): WalkState {
  return {
    queue: '',
    genesis: ZERO_HASH,
    segBits: 12,
    profile: '',
    next: 0,
    unread: 0,
    gaps: [],
    links: [ZERO_HASH],
    hash: ZERO_HASH,
    types: new Map(),
    lost: 0,
    epoch: 0,
    base: 0,
    owed: 0,
    lastTs: '',
    kid: '',
    key: undefined,
    frontier: EMPTY_FRONTIER,
    closed: false,
    records: 0,
  }
}

/** Remembers references without keeping them; true when the reference was added before. */
export interface ReferenceMemory {
  seen(ref: string): boolean
}

/** What a walk works with. */
export interface WalkTools {
  readonly ring: KeyRing
  readonly refs: ReferenceMemory
  readonly auditor: CountryAuditor | undefined
  report(finding: Finding): void
  /** Blanked payloads that a later `sys.redact` has to name. */
  blanked(seq: number, type: string): void
  redacted(payload: JsonObject): void
}

/** One walk over one journal. */
export class Walk {
  readonly state: WalkState
  readonly #tools: WalkTools
  #place: LinePlace = {}
  #auditing: boolean

  constructor(state: WalkState, tools: WalkTools) {
    this.state = state
    this.#tools = tools
    this.#auditing = tools.auditor !== undefined
  }

  /** A line that is no record. It may stand for the record expected here. */
  unreadable(where: string, message: string, place: LinePlace): void {
    this.#place = place
    this.#report(this.state.next + this.state.unread, where === 'line' ? 'LINE_MALFORMED' : 'RECORD_MALFORMED', where, message)
    this.state.unread += 1
  }

  /** The next record, with the flags of its own check. */
  record(record: ParsedLine, flags: number, place: LinePlace): void {
    this.#place = place
    const { state } = this
    const { body } = record
    if (!this.#inOrder(body.seq)) return
    state.records += 1
    const fail: Fail = (code, where, message, severity) => this.#report(body.seq, code, where, message, severity)
    if (state.closed) fail('CLOSE_WRONG', 'line', 'a record follows sys.close')
    this.#identity(record, fail)
    this.#links(record, fail)
    this.#batch(record, fail)
    this.#clock(record, fail)
    this.#content(record, flags, fail)
    const signed = this.#signature(record, flags, fail)
    judgeSystem(record, state, { ring: this.#tools.ring, totals: () => this.#totals(), fail, redacted: (payload) => this.#tools.redacted(payload) })
    this.#advance(record, flags, signed)
    this.#audit(record)
  }

  /** Nothing follows. */
  end(): void {
    const { state } = this
    if (state.owed > 0) this.#report(state.next - 1, 'MORE_WRONG', 'body.more', `the request still owes ${state.owed} records`)
  }

  #report(seq: number, code: string, where: string, message: string, severity: Finding['severity'] = 'error'): void {
    const { file, offset } = this.#place
    this.#tools.report({ seq, code, where, message, severity, ...(file !== undefined && { file }), ...(offset !== undefined && { offset }) })
  }

  #inOrder(seq: number): boolean {
    const { state } = this
    if (seq < state.next) {
      const missing = state.gaps.some(([first, last]) => seq >= first && seq <= last)
      if (missing) this.#report(seq, 'SEQ_WRONG', 'body.seq', `stands after record ${state.next - 1}`)
      else this.#report(seq, 'RECORD_REPEATED', 'body.seq', `record ${seq} was already read`)
      return false
    }
    const skipped = seq - state.next
    if (skipped > state.unread) {
      const first = state.next + state.unread
      this.#report(first, 'RECORD_MISSING', 'line', first === seq - 1 ? `record ${first} is missing` : `records ${first} to ${seq - 1} are missing`)
    }
    if (skipped > 0) this.#loseRecords(state.next, seq - 1)
    state.unread = 0
    return true
  }

  #loseRecords(first: number, last: number): void {
    const { state } = this
    state.gaps.push([first, last])
    state.lost += last - first + 1
    state.links = undefined
    state.frontier = undefined
    state.owed = -1
    this.#auditing = false
  }

  #identity({ body }: ParsedLine, fail: Fail): void {
    const { state } = this
    if (state.queue === '') state.queue = body.queue
    if (body.queue !== state.queue) fail('QUEUE_WRONG', 'body.queue', `queue ${body.queue}, not ${state.queue}`)
    if (body.ref !== undefined && this.#tools.refs.seen(body.ref)) fail('REF_REPEATED', 'body.ref', `reference ${body.ref} was used before`)
  }

  #links({ body }: ParsedLine, fail: Fail): void {
    const { state } = this
    if (state.links !== undefined && !state.links.includes(body.prev)) fail('PREV_WRONG', 'body.prev', `does not name record ${body.seq - 1}`)
    const head = state.types.get(body.type)
    const first = body.type === 'sys.genesis' ? ZERO_HASH : state.genesis
    const step = body.tseq - (head?.tseq ?? 0)
    // Lost records may have been of this type: a jump of as many is theirs, and their hashes are not known.
    if (step > 1 && step <= 1 + state.lost) return
    if (step !== 1) fail('TSEQ_WRONG', 'body.tseq', `number ${body.tseq} of its type follows ${head?.tseq ?? 0}`)
    else if (!(head?.hashes ?? [first]).includes(body.tprev)) fail('TPREV_WRONG', 'body.tprev', `does not name number ${body.tseq - 1} of type ${body.type}`)
  }

  #batch({ body }: ParsedLine, fail: Fail): void {
    const { state } = this
    const starts = body.base === body.seq
    if (body.base > body.seq || (!starts && state.links !== undefined && body.base !== state.base)) {
      fail('BASE_WRONG', 'body.base', `${body.base} at record ${body.seq}, in the batch of ${state.base}`)
    }
    const more = body.more ?? 0
    if (state.owed > 0 && (starts || more !== state.owed - 1)) fail('MORE_WRONG', 'body.more', `${more} where ${state.owed - 1} must stand`)
    this.#epoch(body, starts, fail)
  }

  #epoch(body: ParsedLine['body'], starts: boolean, fail: Fail): void {
    const { state } = this
    if (state.epoch === 0 && body.seq > 0) return
    if (body.epoch < state.epoch) fail('EPOCH_WRONG', 'body.epoch', `epoch ${body.epoch} after ${state.epoch}`)
    const opener = body.epoch > state.epoch && state.epoch > 0
    if (opener && state.links !== undefined && body.type !== 'sys.open') fail('EPOCH_WRONG', 'body.type', 'a new epoch begins without sys.open')
    if (body.type === 'sys.open' && (!opener || !starts)) fail('EPOCH_WRONG', 'body.epoch', 'sys.open without a new epoch or inside a batch')
  }

  #clock({ body }: ParsedLine, fail: Fail): void {
    const { state } = this
    if (state.links === undefined || state.lastTs === '') return
    const back = state.lastTs > body.ts ? Date.parse(state.lastTs) - Date.parse(body.ts) : 0
    if ((body.tsBack ?? 0) !== back) fail('CLOCK_WRONG', 'body.tsBack', `${body.tsBack ?? 0} where the times give ${back}`)
  }

  #content(record: ParsedLine, flags: number, fail: Fail): void {
    if ((flags & PAYLOAD_DIFFERS) !== 0) fail('PAY_WRONG', 'payload', 'the content does not match body.pay')
    if (record.payloadText === 'null') this.#tools.blanked(record.body.seq, record.body.type)
  }

  // A changed body or signature breaks hash and signature alike; a changed stored hash leaves the signature good.
  #signature(record: ParsedLine, flags: number, fail: Fail): boolean {
    const { state } = this
    const { body } = record
    if (state.key === undefined && body.type === 'sys.genesis') return this.#genesisSignature(record, flags, fail)
    const recovery = body.type === 'sys.key' && (record.payload as JsonObject | null)?.['mode'] === 'recovery'
    if (state.key !== undefined && body.kid !== state.kid && !recovery) {
      fail('KEY_WRONG', 'body.kid', `signed with ${body.kid}; valid here is ${state.kid}`)
      return false
    }
    let holds = (flags & SIGNATURE_FAILS) === 0
    if ((flags & KEY_UNKNOWN) !== 0) holds = this.#checkNow(record, recovery)
    if (!holds) fail('SIGNATURE_WRONG', 'sig', 'the signature is not the key’s over this body')
    else if ((flags & HASH_DIFFERS) !== 0) fail('HASH_WRONG', 'hash', 'the stored hash is not the record’s')
    return holds
  }

  #genesisSignature(record: ParsedLine, flags: number, fail: Fail): boolean {
    const jwk = parsePublicJwk((record.payload as JsonObject | null)?.['key'])
    const holds = jwk !== undefined && thumbprint(jwk) === record.body.kid && signatureHolds(record, importPublicKey(jwk))
    if (!holds) fail('SIGNATURE_WRONG', 'sig', 'genesis is not signed by the key it names')
    else if ((flags & HASH_DIFFERS) !== 0) fail('HASH_WRONG', 'hash', 'the stored hash is not the record’s')
    return holds
  }

  #checkNow(record: ParsedLine, recovery: boolean): boolean {
    const jwk = recovery ? parsePublicJwk((record.payload as JsonObject)['key']) : this.state.key
    if (jwk === undefined || thumbprint(jwk) !== record.body.kid) return false
    const key = this.#tools.ring.get(record.body.kid) ?? importPublicKey(jwk)
    this.#tools.ring.set(record.body.kid, key)
    return signatureHolds(record, key)
  }

  #totals(): JsonObject | undefined {
    return this.#auditing ? this.#tools.auditor?.totals() : undefined
  }

  #advance(record: ParsedLine, flags: number, signed: boolean): void {
    const { state } = this
    const { body } = record
    const intact = (flags & HASH_DIFFERS) === 0
    const leaf = intact || !signed ? record.hash : record.recomputedHash
    const links = intact ? [record.hash] : [record.hash, record.recomputedHash]
    if (body.seq === 0) state.genesis = leaf
    state.next = body.seq + 1
    state.links = links
    state.hash = leaf
    state.types.set(body.type, { tseq: body.tseq, hashes: links })
    state.epoch = Math.max(state.epoch, body.epoch)
    state.base = body.base
    state.owed = body.more ?? 0
    if (body.ts > state.lastTs) state.lastTs = body.ts
    if (state.frontier !== undefined) state.frontier = pushLeaf(state.frontier, leaf)
  }

  #audit(record: ParsedLine): void {
    if (!this.#auditing) return
    for (const { seq, code, where, message } of this.#tools.auditor?.next(record) ?? []) this.#report(Number(seq), code, where, message)
  }
}

/** Reports a finding at the record under judgement. */
export type Fail = (code: FindingCode, where: string, message: string, severity?: Finding['severity']) => void
