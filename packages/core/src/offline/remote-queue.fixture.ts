// What tests of the off-line log stand on: rules without a law, and a queue that remembers keys and looks at what a degraded receipt says of
// itself, as France's does, without its chains.
import { fixedClock, type FixedClock, type MemoryOfflineStore } from '@sigillo/testing'
import type { JsonObject } from '../canonical.js'
import { FiscalError } from '../errors.js'
import type { Connection, Reply } from './connection.js'
import type { OfflineRules } from './rules.js'
import { openTill, type Till, type TillOptions, type TillOutcome } from './till.js'

/** Rules of no country. */
export const rules: OfflineRules = {
  kind: 'xx.degraded',
  outage: ({ episode, reason, opened }) => ({ type: 'outage', episode, reason: reason.slice(0, 200), opened }),
  finish: ({ header, count, breaks, missing }) => ({
    type: 'zero',
    episode: header.episode,
    count,
    breaks: breaks.length,
    missing,
  }),
  unreadable: ({ name, sha256, base64 }) => ({ type: 'defect', name, sha256, base64 }),
  acknowledge: ({ episode }, reason) => ({ type: 'acknowledge', episode, reason }),
  print: ({ counter, hash }) => [{ kind: 'title', text: `PROVISIONAL ${counter} ${hash.slice(0, 8)}` }],
}

/** A queue somewhere else. */
export interface Remote {
  /** Requests it registered, in order. */
  readonly sales: JsonObject[]
  /** What happens to the next calls, by turns; nothing for a good answer. */
  plan: ('reset' | 'refuse' | 'corrupt' | undefined)[]
  down: boolean
  /** The next request is registered and its answer lost. */
  loseNext: boolean
  connect(): Promise<Connection>
}

/** Starts one. */
export function remoteQueue(): Remote {
  const known = new Map<string, { readonly text: string; readonly seq: number }>()
  const remote: Remote = {
    sales: [],
    plan: [],
    down: false,
    loseNext: false,
    connect: () =>
      remote.down ? Promise.reject(new Error('refused')) : Promise.resolve({ record, close: () => Promise.resolve() }),
  }
  const record = async (request: JsonObject): Promise<Reply> => {
    const next = remote.plan.shift()
    if (remote.down || next === 'reset') throw new Error('connection reset')
    const { degraded, ...content } = request as JsonObject & { readonly degraded?: JsonObject }
    const refusal = next === 'corrupt' ? refused('JOURNAL_CORRUPT') : refusalOf(content, degraded)
    if (refusal !== undefined || next === 'refuse') return refusal ?? refused('REQUEST_INVALID')
    const [key, text] = [String(request['key']), JSON.stringify(content)]
    if ((known.get(key)?.text ?? text) !== text) return refused('KEY_REUSED')
    if (!known.has(key)) known.set(key, { text, seq: remote.sales.push(request) })
    const { seq } = known.get(key) as { seq: number }
    const lost = remote.loseNext
    remote.loseNext = false
    if (lost) throw new Error('answer lost')
    return { outcome: 'registered', queue: 'q', seq, hash: seq.toString(16).padStart(64, '0'), reply: {} }
  }
  return remote
}

function refused(code: string): Reply {
  return { outcome: 'rejected', error: new FiscalError(code, { message: 'not acceptable' }) }
}

function refusalOf(content: JsonObject, degraded: JsonObject | undefined): Reply | undefined {
  const bad = degraded !== undefined && (!Number.isSafeInteger(degraded['counter']) || (degraded['seq'] as number) < 1)
  const long = String(degraded?.['reason'] ?? '').length > 200
  return bad || long || content['amount'] === 'wrong' ? refused('REQUEST_INVALID') : undefined
}

/** Opens a till before that queue. */
export function tillOn(
  remote: Remote,
  store: MemoryOfflineStore,
  more: Partial<TillOptions['offline']> = {},
  clock: FixedClock = fixedClock(),
): Promise<Till> {
  const offline = { store, probeMs: 0, timeoutMs: 500, ...more }
  return openTill({ connect: remote.connect, till: 'T1', queue: 'q', rules, clock, offline })
}

/** A sale. */
export const sale = (key: string, amount: number | string = 1): object => ({ type: 'ticket', key, amount })

/** An outcome in a word: its name, or its error's code. */
export const word = (outcome: TillOutcome): string =>
  outcome.outcome === 'rejected' || outcome.outcome === 'indeterminate' ? outcome.error.code : outcome.outcome
