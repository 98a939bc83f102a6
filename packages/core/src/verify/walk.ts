// The walk along a journal by the procedure of FORMAT 5: form, origin, place, content, taking in, end. It goes on after every
// break; damage to one record is blamed on that record alone; a line that is not genuine changes nothing.
import type { JsonObject } from '../canonical.js'
import type { CountryAuditor } from '../country.js'
import type { PublicJwk } from '../crypto-contract.js'
import { thumbprint, usableJwk } from '../keys.js'
import type { ParsedLine, ReadLine } from '../read-line.js'
import {
  adoptLostLeaf,
  judgeBase,
  judgeClock,
  judgeEpoch,
  judgeMore,
  judgePrev,
  judgeType,
  settle,
  type Fail,
  type PendingHash,
  type Position,
} from './content.js'
import type { Finding, FindingCode } from './finding.js'
import type { KeyRing } from './line-check.js'
import { judgeOrigin, type Origin } from './origin.js'
import { isObject } from './payload-forms.js'
import type { Redactions } from './redactions.js'
import type { VerifyState } from './state.js'
import { judgeGenesis, judgeSystem } from './system-rules.js'

/** Where a line comes from. */
export interface LinePlace {
  readonly file?: string | undefined
  readonly offset?: number | undefined
}

/** Remembers references without keeping their text; true when the reference was there before. */
export interface ReferenceMemory {
  seen(ref: string): boolean
}

/** What a walk works with. */
export interface WalkTools {
  readonly ring: KeyRing
  readonly offered: Map<string, PublicJwk>
  readonly endorsers: readonly PublicJwk[]
  readonly refs: ReferenceMemory
  readonly redactions: Redactions
  readonly auditor: CountryAuditor | undefined
  report(finding: Finding): void
  /** Told of each record that was placed, and of the settled hash of each. */
  placed(record: ParsedLine): void
  settled(seq: number, hash: string): void
  /** Told when the leaf of a lost place was adopted. */
  grown(): void
}

type Unplaced = Omit<Finding, 'seq'>

interface Pending {
  readonly findings: readonly Unplaced[]
  readonly hash: PendingHash | undefined
}

/** One walk over one journal. */
export class Walk {
  readonly state: VerifyState
  readonly #tools: WalkTools
  readonly #warnedKids = new Set<string>()
  #pending: Pending[] = []
  #place: LinePlace = {}
  /** The country's totals follow from the records read. */
  #totalsKnown: boolean

  constructor(state: VerifyState, tools: WalkTools) {
    this.state = state
    this.#tools = tools
    this.#totalsKnown = state.g < 0
  }

  /** Lines waiting for the next believed record. */
  get waiting(): number {
    return this.#pending.length
  }

  /** 5.2: a line that cannot be read at all. */
  unreadable(message: string, place: LinePlace): void {
    this.#place = place
    this.#putAside([this.#unplaced('LINE_MALFORMED', 'line', message)], undefined)
  }

  /** 5.2 to 5.6 for a line that can be read. */
  line({ record, fault }: ReadLine, flags: number, place: LinePlace): void {
    this.#place = place
    if (fault !== undefined) {
      this.#offerKey(record)
      this.#putAside([this.#unplaced('RECORD_MALFORMED', `body.${fault}`, `the member ${fault} breaks its form`)], record)
      return
    }
    const origin = judgeOrigin(record, flags, {
      state: this.state,
      offered: this.#tools.offered,
      ring: this.#tools.ring,
      pending: this.#pending.length > 0,
    })
    const faults = origin.faults.filter((one) => one.warning !== true || !this.#warnedBefore(record.body.kid))
    const findings = faults.map(({ code, where, message, warning }) =>
      this.#unplaced(code, where, message, warning === true ? 'warning' : 'error'),
    )
    if (!origin.believed) {
      this.#offerKey(record)
      this.#putAside(findings, record)
      return
    }
    for (const finding of findings) this.#tools.report({ seq: record.body.seq, ...finding })
    if (this.#inPlace(record)) this.#takeIn(record, origin)
  }

  #warnedBefore(kid: string): boolean {
    if (this.#warnedKids.has(kid)) return true
    this.#warnedKids.add(kid)
    return false
  }

  #unplaced(code: string, where: string, message: string, severity: Finding['severity'] = 'error'): Unplaced {
    const { file, offset } = this.#place
    return { code, where, message, severity, ...(file !== undefined && { file }), ...(offset !== undefined && { offset }) }
  }

  #putAside(findings: readonly Unplaced[], record: ParsedLine | undefined): void {
    this.#pending.push({
      findings,
      hash: record === undefined ? undefined : { hash: record.hash, recomputed: record.recomputedHash },
    })
  }

  // A thumbprint ties key and kid: offering a key makes nothing believed that it did not sign.
  #offerKey({ body, payload }: ParsedLine): void {
    if (body.type !== 'sys.genesis' && body.type !== 'sys.key') return
    const jwk = isObject(payload) ? usableJwk(payload['key']) : undefined
    if (jwk !== undefined) this.#tools.offered.set(thumbprint(jwk), jwk)
  }

  // 5.4: false when the place is taken or was passed.
  #inPlace(record: ParsedLine): boolean {
    const { state } = this
    const { seq } = record.body
    if (seq > state.g) return true
    this.#offerKey(record)
    const gap = state.gaps.findIndex(([first, last]) => seq >= first && seq <= last)
    const code: FindingCode = gap >= 0 ? 'SEQ_WRONG' : 'RECORD_REPEATED'
    const message = gap >= 0 ? `stands behind record ${state.g}` : 'its place has its record already'
    this.#tools.report({ seq, ...this.#unplaced(code, 'body.seq', message) })
    if (gap >= 0) {
      const [first, last] = state.gaps[gap] as [number, number]
      const rest: [number, number][] = [
        [first, seq - 1],
        [seq + 1, last],
      ]
      state.gaps.splice(gap, 1, ...rest.filter(([from, to]) => from <= to))
    }
    return false
  }

  #takeIn(record: ParsedLine, origin: Origin): void {
    const { state } = this
    const { body } = record
    const position = this.#position(body.seq)
    const broken = position.m > 0 || !record.payloadMatches
    const reported = new Set<string>()
    const fail: Fail = (code, where, message, severity) => {
      if (reported.has(code)) return
      reported.add(code)
      this.#tools.report({ seq: body.seq, ...this.#unplaced(code, where, message, severity) })
    }
    const before = state.g
    judgePrev(record, state, position, fail)
    if (before >= 0 && state.last !== undefined) this.#tools.settled(before, state.last.hash)
    adoptLostLeaf(record, state, position)
    if (position.m === 1) this.#tools.grown()
    judgeType(record, state, fail)
    judgeEpoch(record, state, position, fail)
    judgeBase(record, state, position, fail)
    judgeMore(record, state, position, fail)
    this.#judgePayload(record, fail)
    this.#judgeRef(record, fail)
    const { high } = state
    judgeClock(record, state, position, fail)
    if (state.closed) fail('CLOSE_WRONG', 'line', 'a record follows sys.close')
    judgeGenesis(record, fail)
    // A checkpoint speaks of the state before it: the clock as it stood then.
    const after = state.high
    state.high = high
    judgeSystem(record, state, {
      fail,
      endorsers: this.#tools.endorsers,
      totals: () => this.#totals(),
      redacted: (payload) => this.#tools.redactions.redacted(payload, body.seq),
    })
    state.high = after
    this.#become(record, origin)
    this.#audit(record, broken)
    this.#tools.placed(record)
  }

  // 5.4, 2–4: places for the lines put aside, and losses.
  #position(seq: number): Position {
    const { state } = this
    const m = seq - state.g - 1
    const k = this.#pending.length
    const before = this.#pending.at(-1)?.hash
    this.#pending.forEach(({ findings }, i) => {
      const at = Math.min(state.g + i + 1, Math.max(state.g + 1, seq - 1))
      for (const finding of findings) this.#tools.report({ seq: at, ...finding })
    })
    this.#pending = []
    if (k < m) {
      const first = state.g + k + 1
      const message = first === seq - 1 ? `record ${first} is missing` : `records ${first} to ${seq - 1} are missing`
      this.#tools.report({ seq: first, ...this.#unplaced('RECORD_MISSING', 'line', message) })
      state.gaps.push([first, seq - 1])
    }
    const near = m === 0 && state.last?.record !== undefined
    if (m >= 1) {
      state.losses += 1
      state.stateKnown = false
      if (m >= 2) {
        settle(state, undefined)
        state.tree = undefined
      }
    }
    return { m, k, before, near }
  }

  #judgePayload(record: ParsedLine, fail: Fail): void {
    const { body, payloadText, payloadMatches } = record
    if (payloadMatches) return
    if (body.type === 'sys.genesis' || body.type === 'sys.key') this.#offerKey(record)
    if (payloadText !== 'null') fail('PAY_WRONG', 'payload', 'the content is not the one that was signed')
    else if (body.type.startsWith('sys.')) fail('REDACT_WRONG', 'payload', 'a record of the journal itself is never blanked')
    else this.#tools.redactions.blanked(body.seq, body.type, body.pay)
  }

  #judgeRef({ body }: ParsedLine, fail: Fail): void {
    if ((body.ref === undefined) !== (body.req === undefined))
      fail('REQ_WRONG', 'body.req', 'reference and request digest do not stand together')
    if (body.ref !== undefined && this.#tools.refs.seen(body.ref))
      fail('REF_REPEATED', 'body.ref', `reference ${body.ref} was used before`)
  }

  // 5.6
  #become(record: ParsedLine, { key, unproven }: Origin): void {
    const { state } = this
    const { body } = record
    state.queue ??= body.queue
    if (unproven) state.doubt = true
    else if (key !== undefined) this.#makeValid(body.kid, key, false)
    if (body.type === 'sys.genesis' && record.payloadMatches && isObject(record.payload)) {
      const { profile, segBits } = record.payload as { profile?: unknown; segBits?: unknown }
      if (typeof profile === 'string') state.profile ??= profile
      if (typeof segBits === 'number' && segBits >= 6 && segBits <= 16) state.segBits ??= segBits
    }
    if (body.type === 'sys.key') this.#changeKey(record)
    if (body.type === 'sys.close') state.closed = true
    state.last = {
      hash: record.hash,
      recomputed: record.recomputedHash,
      record: { type: body.type, epoch: body.epoch, base: body.base, more: body.more ?? 0, seq: body.seq },
    }
    state.settled = false
    state.heads.set(body.type, { tseq: body.tseq, hash: record.hash, losses: state.losses })
    state.epoch = Math.max(state.epoch ?? 0, body.epoch)
    state.g = body.seq
    state.count += 1
  }

  #makeValid(kid: string, jwk: PublicJwk, announced: boolean): void {
    const { state } = this
    if (state.kid !== undefined && state.kid !== kid && state.key !== undefined) state.former.set(state.kid, state.key)
    state.kid = kid
    state.key = jwk
    if (!announced) state.doubt = false
  }

  #changeKey(record: ParsedLine): void {
    const payload = record.payloadMatches && isObject(record.payload) ? record.payload : undefined
    const jwk = usableJwk(payload?.['key'])
    if (jwk !== undefined && thumbprint(jwk) === payload?.['kid']) {
      this.#makeValid(payload['kid'], jwk, false)
      return
    }
    this.state.doubt = true
    this.state.stateKnown = false
  }

  #totals(): JsonObject | undefined {
    const { state } = this
    if (!state.stateKnown) return undefined
    if (state.profile === 'NONE') return state.startTotals ?? {}
    return this.#totalsKnown ? this.#tools.auditor?.totals() : undefined
  }

  #audit(record: ParsedLine, broken: boolean): void {
    const { auditor } = this.#tools
    if (auditor === undefined) return
    if (broken) {
      auditor.broken()
      this.#totalsKnown = false
    }
    if (!record.payloadMatches && record.payloadText !== 'null') return
    for (const { seq, code, where, message } of auditor.next(record))
      this.#tools.report({ seq: Number(seq), ...this.#unplaced(code, where, message) })
  }

  /** 5.7, 1–2: nothing follows. */
  end(): void {
    const { state } = this
    this.#pending.forEach(({ findings }, i) => {
      for (const finding of findings) this.#tools.report({ seq: state.g + i + 1, ...finding })
    })
    const owed = state.last?.record?.more ?? 0
    if (this.#pending.length === 0 && owed > 0) {
      this.#tools.report({
        seq: state.g,
        code: 'MORE_WRONG',
        where: 'body.more',
        message: `announces ${owed} more records that are not there`,
        severity: 'error',
      })
    }
    settle(state, undefined)
    if (state.last?.record !== undefined) this.#tools.settled(state.g, state.last.hash)
  }
}
