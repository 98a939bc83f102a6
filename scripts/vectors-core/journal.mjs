// Writes small journals record by record, right ones and, by overriding members, wrong ones that are nevertheless sealed and
// linked on (FORMAT 3, 4, 12).
import { base64url, digest, frontierOf, jcs, rootOf, sha256, TAGS, ZERO } from './bytes.mjs'
import { K1 } from './keys.mjs'

/** base64url(header) "." base64url(body). */
export function signingInput(body, bodyText = jcs(body)) {
  return `${base64url(jcs({ alg: body.alg, kid: body.kid, typ: 'sigillo-record+jws' }))}.${base64url(bodyText)}`
}

export const leafOf = (bodyText, sig) => `{"body":${bodyText},"sig":"${sig}"}`
export const recordHash = (bodyText, sig) => sha256(Buffer.of(0), leafOf(bodyText, sig))

/** A sealed record from its body and payload. */
export function seal(body, payload, key) {
  const bodyText = jcs(body)
  const sig = (key.signers?.[body.alg] ?? key.sign)(signingInput(body, bodyText))
  return assemble({ body, bodyText, payload, payloadText: jcs(payload), sig, hash: recordHash(bodyText, sig) })
}

/** The line again after a part was changed. */
export function assemble(record) {
  const { bodyText, hash, payloadText, sig } = record
  return { ...record, line: `{"body":${bodyText},"hash":"${hash}","payload":${payloadText},"sig":"${sig}"}` }
}

export const QUEUE = '01939c2e-7a10-7000-8000-000000000001'

/** The writer of one journal. */
export class Journal {
  records = []
  heads = {}
  epoch = 1
  high = ''
  key = K1
  queue = QUEUE
  totals = {}

  constructor(options = {}) {
    Object.assign(this, options)
  }

  get seq() {
    return this.records.length
  }
  get hashes() {
    return this.records.map(({ hash }) => hash)
  }
  get lines() {
    return this.records.map(({ line }) => line)
  }
  at(seq) {
    return this.records.at(seq)
  }

  /** Appends a record. `body` overrides members before sealing; undefined removes one. */
  put(type, payload, { ts, ref, request, more, base, tsBack, x, body = {}, key = this.key } = {}) {
    const before = this.heads[type] ?? { tseq: 0, hash: this.records[0]?.hash ?? ZERO }
    const moment = ts ?? this.tick()
    const made = {
      alg: key.alg,
      base: base ?? this.seq,
      epoch: this.epoch,
      kid: key.kid,
      ...(more && { more }),
      pay: digest(TAGS.payload, payload),
      prev: this.records.at(-1)?.hash ?? ZERO,
      queue: this.queue,
      ...(ref && { ref, req: digest(TAGS.request, request ?? { ref }) }),
      seq: this.seq,
      tprev: before.hash,
      ts: moment,
      ...(tsBack && { tsBack }),
      tseq: before.tseq + 1,
      type,
      v: 1,
      ...(x && { x }),
      ...body,
    }
    const record = seal(Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined)), payload, key)
    this.records.push(record)
    this.heads[record.body.type] = { tseq: record.body.tseq, hash: record.hash }
    this.epoch = record.body.epoch
    if (moment > this.high) this.high = moment
    return record
  }

  tick() {
    return new Date(Date.parse('2026-11-23T08:00:00.000Z') + this.seq * 1000).toISOString()
  }

  genesis(overrides = {}, options = {}) {
    const payload = { digest: 'SHA-256', key: this.key.jwk, nonce: '000102030405060708090a0b0c0d0e0f', predecessor: null }
    return this.put('sys.genesis', { ...payload, profile: 'NONE', segBits: 6, software: 'test/0', ...overrides }, options)
  }

  /** A new writer: the epoch grows, `sys.open` names the record before it. */
  open(overrides = {}, options = {}) {
    const adopted = { epoch: this.epoch, hash: this.at(-1).hash, seq: this.seq - 1 }
    this.epoch += 1
    const payload = {
      adopted,
      dead: null,
      host: 'host-a',
      nonce: '101112131415161718191a1b1c1d1e1f',
      reason: 'start',
      software: 'test/0',
    }
    return this.put('sys.open', { ...payload, ...overrides }, options)
  }

  /** Statement a new key signs about itself. */
  statement(key, prevKid = this.key.kid) {
    return jcs({ kid: key.kid, prevKid, queue: this.queue, seq: this.seq })
  }

  rollover(key, overrides = {}, options = {}) {
    const possession = key.sign(TAGS.possession + this.statement(key))
    const record = this.put(
      'sys.key',
      { key: key.jwk, kid: key.kid, mode: 'rollover', possession, reason: 'scheduled', ...overrides },
      options,
    )
    this.key = key
    return record
  }

  recovery(key, endorser, overrides = {}, options = {}) {
    const statement = this.statement(key)
    const payload = { endorsement: endorser.sign(TAGS.endorsement + statement), key: key.jwk, kid: key.kid, mode: 'recovery' }
    const possession = key.sign(TAGS.possession + statement)
    const record = this.put('sys.key', { ...payload, possession, reason: 'lost', ...overrides }, { ...options, key })
    this.key = key
    return record
  }

  /** The state after the newest record (FORMAT 12). */
  state() {
    const { hash, body } = this.at(-1)
    return {
      epoch: this.epoch,
      frontier: frontierOf(this.hashes),
      head: { hash, seq: body.seq },
      kid: this.key.kid,
      lastTs: this.high,
      totals: this.totals,
      types: structuredClone(this.heads),
    }
  }

  checkpoint(reason = 'manual', overrides = {}, options = {}) {
    const payload = { reason, root: rootOf(this.hashes), size: this.seq, state: digest(TAGS.state, this.state()) }
    return this.put('sys.checkpoint', { ...payload, ...overrides }, options)
  }

  end(overrides = {}, options = {}) {
    return this.put('sys.close', { root: rootOf(this.hashes), size: this.seq, successor: null, ...overrides }, options)
  }

  ticket(total, options = {}) {
    const n = (this.heads.ticket?.tseq ?? 0) + 1
    return this.put('ticket', { number: `T-${n}`, total }, { ref: `POS-${this.seq}`, ...options })
  }
}
