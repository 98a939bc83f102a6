// records.json: the worked examples of FORMAT 7, from parts to seal, with tree, proofs, state and note.
import { base64url, consistencyProof, digest, inclusionProof, jcs, rootOf, sha256, TAGS } from './bytes.mjs'
import { Journal, leafOf, signingInput } from './journal.mjs'
import { edKey, K1, K2 } from './keys.mjs'

/** The journal of the worked examples: genesis, tickets, a batch of two, re-opening, change of key, clock set back, checkpoint. */
export function workedJournal() {
  const journal = new Journal({ totals: { EUR: { gross: '11350' } } })
  const request = (n, amount, more = {}) => ({ amount, currency: 'EUR', ref: `POS1-000${n}`, ...more })
  const sale = (type, number, asked, options) => {
    journal.put(type, { number, request: asked, total: asked.amount }, { ref: asked.ref, request: asked, ...options })
  }
  const at = (time) => `2026-11-23T${time}Z`
  journal.genesis({ profile: 'XX', segBits: 12 }, { ts: at('08:00:00.000') })
  sale('ticket', 'T-1', request(1, 1250), { ts: at('08:00:05.000'), x: { ds: '2000:1250,1250', gt: '1250' } })
  sale('invoice', 'I-1', request(2, 9900, { customer: 'Müller & Söhne €' }), { ts: at('08:00:06.000') })
  sale('ticket', 'T-2', request(3, -300), { ts: at('08:00:06.002'), base: 2 })
  journal.open({}, { ts: at('08:30:00.000') })
  journal.rollover(K2, {}, { ts: at('09:00:00.000') })
  sale('ticket', 'T-3', request(4, 500), { ts: at('08:59:59.000'), tsBack: 1000 })
  const state = journal.state()
  journal.checkpoint('closing', {}, { ts: at('20:00:00.000') })
  return { journal, state }
}

const ANCHOR = edKey('sigillo test anchor key')

/** A signed note over a tree head by the anchor key. */
export function noteOf(origin, size, root, key = ANCHOR) {
  const text = `${origin}\n${size}\n${Buffer.from(root, 'hex').toString('base64')}\n`
  const id = Buffer.from(sha256(`${origin}\n`, Buffer.of(1), key.publicKey).slice(0, 8), 'hex')
  const signature = Buffer.from(key.sign(text), 'base64url')
  const verifierKey = `${origin}+${id.toString('hex')}+${Buffer.concat([Buffer.of(1), key.publicKey]).toString('base64')}`
  return { text, id, signature, verifierKey, note: `${text}\n— ${origin} ${Buffer.concat([id, signature]).toString('base64')}\n` }
}

/** Content of records.json. */
export function recordVectors() {
  const { journal, state } = workedJournal()
  const { hashes, records } = journal
  const origin = `journal.example/${journal.queue}`
  const { note, verifierKey } = noteOf(origin, 8, rootOf(hashes))
  return {
    comment:
      'The worked examples of FORMAT 7. TEST KEYS ONLY; ES256 signatures are RFC 6979. `parts` become `line` byte for byte.',
    keys: [K1, K2].map(({ label, d, jwk, kid }) => ({ label, d, jwk, kid })),
    tests: records.map((record) => ({
      id: `record-${record.body.seq}`,
      comment: record.body.type,
      flags: ['valid'],
      input: { body: record.body, payload: record.payload },
      result: {
        line: record.line,
        signingInput: signingInput(record.body),
        signingInputSha256: sha256(signingInput(record.body)),
        seal: `${signingInput(record.body)}.${record.sig}`,
        leaf: leafOf(record.bodyText, record.sig),
        sig: record.sig,
        hash: record.hash,
      },
    })),
    roots: hashes.map((_, i) => rootOf(hashes.slice(0, i + 1))),
    inclusion: { seq: 3, size: 8, path: inclusionProof(3, hashes) },
    consistency: { from: 3, to: 8, proof: consistencyProof(3, hashes) },
    checkpointState: { state, jcs: jcs(state), digest: digest(TAGS.state, state) },
    anchorNote: { label: ANCHOR.label, seed: ANCHOR.seed, verifierKey, note },
  }
}

export { ANCHOR, base64url }
