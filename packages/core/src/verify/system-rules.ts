// Rules of the journal's own records (FORMAT 5.5, 10–14).
import { fromBase64url } from '../bytes.js'
import type { JsonObject } from '../canonical.js'
import type { PublicJwk } from '../crypto-contract.js'
import { ENDORSEMENT_TAG, POSSESSION_TAG, stateDigest } from '../digest.js'
import { algsOf, usableJwk } from '../keys.js'
import { possessionMessage } from '../queue/system.js'
import type { ParsedLine } from '../read-line.js'
import { rootOf } from '../tree.js'
import { importPublicKey } from '#crypto'
import type { Fail } from './content.js'
import { isObject, payloadFault } from './payload-forms.js'
import type { VerifyState } from './state.js'

/** What the rules need besides record and state. */
export interface SystemContext {
  readonly fail: Fail
  readonly endorsers: readonly PublicJwk[]
  /** The country's totals before this record; undefined when nobody here can know them. */
  totals(): JsonObject | undefined
  redacted(payload: JsonObject): void
}

/** Rule 10. */
export function judgeGenesis(record: ParsedLine, fail: Fail): void {
  const { body } = record
  const isGenesis = body.type === 'sys.genesis'
  if (body.seq !== 0) {
    if (isGenesis) fail('GENESIS_WRONG', 'body.type', 'a genesis stands inside the journal')
    return
  }
  if (!isGenesis) return fail('GENESIS_WRONG', 'body.type', 'the first record is no genesis')
  if (body.ref !== undefined || body.more !== undefined)
    return fail('GENESIS_WRONG', 'body', 'genesis stands alone and answers nobody')
  const fault = record.payloadMatches ? payloadFault(record.payload, body) : undefined
  if (fault !== undefined) fail('GENESIS_WRONG', `payload.${fault}`, 'the content of genesis is not in form')
}

/** Rules 11–14, and the places where a checkpoint must stand. */
export function judgeSystem(record: ParsedLine, state: VerifyState, context: SystemContext): void {
  const { body } = record
  const { segBits } = state
  const place = segBits !== undefined && (body.seq + 1) % 2 ** segBits === 0
  if (place && !mayEndSegment(record))
    context.fail('CHECKPOINT_WRONG', 'body.type', 'the last place of a segment holds no checkpoint')
  if (!record.payloadMatches) return
  const rule = rules[body.type]
  if (rule === undefined) return
  const fault = payloadFault(record.payload, body)
  const code = codes[body.type]
  if (fault !== undefined || !isObject(record.payload)) {
    if (code !== undefined) context.fail(code, `payload.${fault ?? ''}`, `the content of ${body.type} is not in form`)
    if (body.type === 'sys.key') reportRecovery(record, state, context)
    return
  }
  rule(record, record.payload, state, context)
}

// What may stand in place of the checkpoint after a request: the next tenure's opening, when the power failed in between; the recovery,
// when the key that should have signed it was lost in between.
function mayEndSegment({ body: { type }, payload, payloadMatches }: ParsedLine): boolean {
  if (type !== 'sys.key') return type === 'sys.checkpoint' || type === 'sys.open'
  return payloadMatches && isObject(payload) && payload['mode'] === 'recovery'
}

const codes = {
  'sys.key': 'KEY_CHANGE_WRONG',
  'sys.checkpoint': 'CHECKPOINT_WRONG',
  'sys.purge': 'CHECKPOINT_WRONG',
  'sys.close': 'CLOSE_WRONG',
  'sys.redact': 'REDACT_WRONG',
} as Readonly<Record<string, 'KEY_CHANGE_WRONG' | 'CHECKPOINT_WRONG' | 'CLOSE_WRONG' | 'REDACT_WRONG'>>

const rules: Readonly<
  Record<string, (record: ParsedLine, payload: JsonObject, state: VerifyState, context: SystemContext) => void>
> = {
  'sys.key': judgeKey,
  'sys.checkpoint': judgeCheckpoint,
  'sys.purge': judgePurge,
  'sys.close': judgeClose,
  'sys.redact': judgeRedact,
}

function judgeKey(record: ParsedLine, payload: JsonObject, state: VerifyState, context: SystemContext): void {
  const wrong = (where: string, message: string): void => context.fail('KEY_CHANGE_WRONG', where, message)
  const statement = statementOf(record, payload, state)
  if (payload['kid'] === statement.prevKid) wrong('payload.kid', 'names the key it replaces')
  else if (!proven(payload['possession'], payload['key'], statement, POSSESSION_TAG)) {
    wrong('payload.possession', 'whoever brought the new key has not shown to hold it')
  }
  reportRecovery(record, state, context)
}

function reportRecovery(record: ParsedLine, state: VerifyState, { fail, endorsers }: SystemContext): void {
  const { payload } = record
  if (!isObject(payload) || payload['mode'] !== 'recovery') return
  const statement = statementOf(record, payload, state)
  const endorsed = endorsers.some((jwk) =>
    proven(payload['endorsement'], jwk as unknown as JsonObject, statement, ENDORSEMENT_TAG),
  )
  const message = `the key changed to ${String(payload['kid'])} without the old key’s signature`
  fail('KEY_RECOVERY', 'payload.mode', message, endorsed ? 'warning' : 'error')
}

interface KeyStatement {
  readonly kid: string
  readonly prevKid: string
  readonly queue: string
  readonly seq: number
}

// In a rollover the old key is the one that signed, known or not; in a recovery it is the one valid so far.
function statementOf({ body }: ParsedLine, payload: JsonObject, state: VerifyState): KeyStatement {
  const prevKid = payload['mode'] === 'rollover' ? body.kid : (state.kid ?? '')
  return { kid: String(payload['kid']), prevKid, queue: body.queue, seq: body.seq }
}

function proven(signature: unknown, key: JsonObject[string] | undefined, statement: KeyStatement, tag: string): boolean {
  const jwk = usableJwk(key)
  const bytes = typeof signature === 'string' ? fromBase64url(signature) : undefined
  if (jwk === undefined || bytes === undefined) return false
  const verifier = importPublicKey(jwk)
  return algsOf(jwk).some((alg) => verifier.verify(alg, possessionMessage(statement, tag), bytes))
}

function judgeCheckpoint({ body }: ParsedLine, payload: JsonObject, state: VerifyState, context: SystemContext): void {
  const wrong = (where: string, message: string): void => context.fail('CHECKPOINT_WRONG', where, message)
  if (payload['size'] !== body.seq) return wrong('payload.size', `${String(payload['size'])} at record ${body.seq}`)
  if (state.tree !== undefined && payload['root'] !== rootOf(state.tree))
    return wrong('payload.root', 'the tree over the records before it has another root')
  const totals = context.totals()
  if (totals !== undefined && payload['state'] !== stateDigest(stateBefore(state, totals))) {
    wrong('payload.state', 'the state worked out from the records before it has another digest')
  }
}

// The seven members of FORMAT 12, as they stand behind the record before.
function stateBefore(state: VerifyState, totals: JsonObject): JsonObject {
  const types = Object.fromEntries([...state.heads].map(([type, { hash, tseq }]) => [type, { hash, tseq }]))
  const lastTs = state.high === undefined ? '' : new Date(state.high).toISOString()
  const head = { hash: state.last?.hash ?? '', seq: state.g }
  return { epoch: state.epoch ?? 0, frontier: [...(state.tree?.roots ?? [])], head, kid: state.kid ?? '', lastTs, totals, types }
}

function judgePurge({ body }: ParsedLine, payload: JsonObject, state: VerifyState, { fail }: SystemContext): void {
  const fault = faultOfPurge(payload, body.seq, state.segBits)
  if (fault !== undefined) fail('CHECKPOINT_WRONG', ...fault)
}

/** Where and why floor, root and frontier of a `sys.purge` in form do not fit together; undefined when they do. */
export function faultOfPurge(
  payload: JsonObject,
  seq: number,
  segBits: number | undefined,
): readonly [where: string, message: string] | undefined {
  const floor = payload['floor'] as number
  const frontier = payload['frontier'] as readonly string[]
  if (floor > seq) return ['payload.floor', 'lies beyond this record']
  if (segBits !== undefined && floor % 2 ** segBits !== 0) return ['payload.floor', 'is no boundary of a segment']
  const ones = [...floor.toString(2)].filter((bit) => bit === '1').length
  if (frontier.length !== ones || payload['root'] !== rootOf({ size: floor, roots: frontier }))
    return ['payload.root', 'does not follow from the frontier']
  return undefined
}

function judgeClose({ body }: ParsedLine, payload: JsonObject, state: VerifyState, { fail }: SystemContext): void {
  if (payload['size'] !== body.seq) return fail('CLOSE_WRONG', 'payload.size', `${String(payload['size'])} at record ${body.seq}`)
  if (state.tree !== undefined && payload['root'] !== rootOf(state.tree))
    fail('CLOSE_WRONG', 'payload.root', 'the tree over the records before it has another root')
}

function judgeRedact({ body }: ParsedLine, payload: JsonObject, _state: VerifyState, { fail, redacted }: SystemContext): void {
  const { seq, from, to } = payload as { readonly seq?: number; readonly from?: number; readonly to?: number }
  const good = seq !== undefined ? seq < body.seq : (from as number) <= (to as number) && (to as number) < body.seq
  if (!good)
    return fail('REDACT_WRONG', seq === undefined ? 'payload.to' : 'payload.seq', 'names records that do not lie before it')
  redacted(payload)
}
