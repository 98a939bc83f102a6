// Rules of the journal's own records (FORMAT 4): genesis, open, key, checkpoint, close, redact.
import { fromBase64url } from '../bytes.js'
import type { JsonObject } from '../canonical.js'
import { POSSESSION_TAG, stateDigest } from '../digest.js'
import { algsOf, parsePublicJwk, thumbprint } from '../keys.js'
import type { ParsedLine } from '../record.js'
import { possessionMessage } from '../queue/system.js'
import { rootOf } from '../tree.js'
import { importPublicKey } from '#crypto'
import type { KeyRing } from './line-check.js'
import type { Fail, WalkState } from './walk.js'

/** What the rules need besides record and state. */
export interface SystemTools {
  readonly ring: KeyRing
  readonly fail: Fail
  /** The country's totals before this record, when they are known. */
  totals(): JsonObject | undefined
  redacted(payload: JsonObject): void
}

type Rule = (record: ParsedLine, payload: JsonObject, state: WalkState, tools: SystemTools) => void

const rules: Readonly<Record<string, Rule>> = {
  'sys.genesis': judgeGenesis,
  'sys.open': judgeOpen,
  'sys.key': judgeKey,
  'sys.checkpoint': judgeCheckpoint,
  'sys.close': judgeClose,
  'sys.redact': (_record, payload, _state, tools) => tools.redacted(payload),
}

/** Judges one record by the rules of its type, and takes what it changes into the state. */
export function judgeSystem(record: ParsedLine, state: WalkState, tools: SystemTools): void {
  const { body } = record
  if ((body.seq === 0) !== (body.type === 'sys.genesis')) tools.fail('GENESIS_WRONG', 'body.type', `type ${body.type} at record ${body.seq}`)
  const segmentEnd = (body.seq + 1) % 2 ** state.segBits === 0
  if (segmentEnd && body.type !== 'sys.checkpoint') tools.fail('CHECKPOINT_WRONG', 'body.type', 'the last place of a segment must hold a checkpoint')
  const rule = Object.hasOwn(rules, body.type) ? rules[body.type] : undefined
  if (rule === undefined) return
  const { payload } = record
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    tools.fail('RECORD_MALFORMED', 'payload', `a ${body.type} needs its content`)
    return
  }
  rule(record, payload as JsonObject, state, tools)
}

function judgeGenesis(record: ParsedLine, payload: JsonObject, state: WalkState, tools: SystemTools): void {
  const { body } = record
  const jwk = parsePublicJwk(payload['key'])
  const segBits = payload['segBits']
  const fault =
    body.epoch !== 1
      ? 'body.epoch'
      : jwk === undefined || thumbprint(jwk) !== body.kid || !algsOf(jwk).includes(body.alg)
        ? 'payload.key'
        : typeof segBits !== 'number' || segBits < 6 || segBits > 16
          ? 'payload.segBits'
          : payload['digest'] !== 'SHA-256'
            ? 'payload.digest'
            : undefined
  if (fault !== undefined) tools.fail('GENESIS_WRONG', fault, 'genesis breaks its rule')
  if (typeof segBits === 'number' && segBits >= 6 && segBits <= 16) state.segBits = segBits
  state.profile = String(payload['profile'])
  if (jwk !== undefined) adopt(state, tools.ring, jwk)
}

function adopt(state: WalkState, ring: KeyRing, jwk: NonNullable<WalkState['key']>): void {
  state.key = jwk
  state.kid = thumbprint(jwk)
  if (!ring.has(state.kid)) ring.set(state.kid, importPublicKey(jwk))
}

function judgeOpen({ body }: ParsedLine, payload: JsonObject, state: WalkState, tools: SystemTools): void {
  const adopted = payload['adopted'] as JsonObject | undefined
  if (adopted?.['seq'] !== body.seq - 1 || adopted['hash'] !== body.prev) {
    tools.fail('EPOCH_WRONG', 'payload.adopted', 'sys.open does not name the record before it')
  } else if (state.links !== undefined && adopted['epoch'] !== state.epoch) {
    tools.fail('EPOCH_WRONG', 'payload.adopted.epoch', `names epoch ${String(adopted['epoch'])}, the record before is of ${state.epoch}`)
  }
}

function judgeKey({ body }: ParsedLine, payload: JsonObject, state: WalkState, tools: SystemTools): void {
  const jwk = parsePublicJwk(payload['key'])
  const mode = payload['mode']
  const fail = (where: string, message: string): void => tools.fail('KEY_CHANGE_WRONG', where, message)
  if (jwk === undefined || thumbprint(jwk) !== payload['kid']) {
    fail('payload.key', 'the new key and its thumbprint do not fit')
    return
  }
  if (mode !== 'rollover' && mode !== 'recovery') fail('payload.mode', 'neither rollover nor recovery')
  const statement = { kid: String(payload['kid']), prevKid: state.kid, queue: body.queue, seq: body.seq }
  const possession = typeof payload['possession'] === 'string' ? fromBase64url(payload['possession']) : undefined
  const message = possessionMessage(statement, POSSESSION_TAG)
  const key = importPublicKey(jwk)
  if (possession === undefined || !algsOf(jwk).some((alg) => key.verify(alg, message, possession))) {
    fail('payload.possession', 'the new key’s holder is not proven')
  }
  if (mode === 'recovery') {
    if (body.kid !== payload['kid']) fail('body.kid', 'a recovery is signed by the new key')
    tools.fail('KEY_RECOVERY', 'payload.mode', `key ${state.kid} was given up for ${String(payload['kid'])} without its signature`, 'warning')
  }
  adopt(state, tools.ring, jwk)
}

function judgeCheckpoint({ body }: ParsedLine, payload: JsonObject, state: WalkState, tools: SystemTools): void {
  if (payload['size'] !== body.seq) tools.fail('CHECKPOINT_WRONG', 'payload.size', `${String(payload['size'])} at record ${body.seq}`)
  if (state.frontier === undefined) return
  if (payload['root'] !== rootOf(state.frontier)) tools.fail('CHECKPOINT_WRONG', 'payload.root', 'the tree over the records before it has another root')
  const totals = tools.totals()
  if (totals !== undefined && payload['state'] !== stateDigest(stateBefore(state, totals))) {
    tools.fail('CHECKPOINT_WRONG', 'payload.state', 'the state recomputed from the records has another digest')
  }
}

function stateBefore(state: WalkState, totals: JsonObject): JsonObject {
  const types = Object.fromEntries([...state.types].map(([type, { tseq, hashes }]) => [type, { hash: hashes.at(-1) as string, tseq }]))
  const { epoch, kid, lastTs, hash } = state
  return { epoch, frontier: [...(state.frontier?.roots ?? [])], head: { hash, seq: state.next - 1 }, kid, lastTs, totals, types }
}

function judgeClose({ body }: ParsedLine, payload: JsonObject, state: WalkState, tools: SystemTools): void {
  state.closed = true
  if (payload['size'] !== body.seq) tools.fail('CLOSE_WRONG', 'payload.size', `${String(payload['size'])} at record ${body.seq}`)
  if (state.frontier !== undefined && payload['root'] !== rootOf(state.frontier)) {
    tools.fail('CLOSE_WRONG', 'payload.root', 'the tree over the records before it has another root')
  }
}
