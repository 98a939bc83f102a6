// digests.json, keys.json, signatures.json, state.json, note.json: the small building blocks (FORMAT 2, 3.4, 4, 6.1, 12).
import { base64url, bytesOf, digest, jcs, rootOf, sha256, TAGS } from './bytes.mjs'
import { numbered } from './canonical.mjs'
import { signingInput } from './journal.mjs'
import { ecKey, edKey, K1, K2, rsaKey, thumbprint } from './keys.mjs'
import { ANCHOR, noteOf, workedJournal } from './records.mjs'

const ok = (comment, input, result) => ({ comment, flags: ['valid'], input, result })
const bad = (comment, input, result) => ({ comment, flags: ['invalid'], input, result })

/** Content of digests.json: tagged digests, and others that must not be taken for them. */
export function digestVectors() {
  const payload = { number: 'T-1', total: 1250 }
  const is = (comment, tag, value) => ok(comment, { tag, value }, { digest: digest(tag, value) })
  const not = (comment, tag, value, other) => bad(comment, { tag, value, digest: other }, { accepted: false })
  const tests = [
    is('payload', TAGS.payload, payload),
    is('payload null', TAGS.payload, null),
    is('payload beyond ASCII', TAGS.payload, { customer: 'Müller & Söhne €', sign: '\u007f' }),
    is('request', TAGS.request, { amount: 1250, currency: 'EUR', ref: 'POS1-0001' }),
    is('empty request', TAGS.request, {}),
    not('without the tag', TAGS.payload, payload, sha256(jcs(payload))),
    not('tag without its line feed', TAGS.payload, payload, sha256('sigillo/v1/payload', jcs(payload))),
    not('tag with carriage return', TAGS.payload, payload, sha256('sigillo/v1/payload\r\n', jcs(payload))),
    not('tag of a request', TAGS.payload, payload, digest(TAGS.request, payload)),
    not('tag of a state', TAGS.payload, payload, digest(TAGS.state, payload)),
    not('text not canonical', TAGS.payload, payload, sha256(TAGS.payload, '{"total":1250,"number":"T-1"}')),
    not('pretty text', TAGS.payload, payload, sha256(TAGS.payload, JSON.stringify(payload, null, 1))),
    not('line feed at the end', TAGS.payload, payload, sha256(TAGS.payload, `${jcs(payload)}\n`)),
    not('capital digits', TAGS.payload, payload, digest(TAGS.payload, payload).toUpperCase()),
  ]
  return { comment: 'SHA-256 over tag and canonical text (FORMAT 2).', tests: numbered('digest', tests) }
}

/** Content of keys.json: thumbprints, and keys that are unusable. */
export function keyVectors() {
  const { jwk } = K1
  const [p384, ed, rsa] = [
    ecKey('sigillo test key P-384', 'P-384'),
    edKey('sigillo test key Ed25519'),
    rsaKey('sigillo test key RSA'),
  ]
  const usable = (key, algs) => ok(key.label, { jwk: key.jwk }, { kid: thumbprint(key.jwk), algs })
  const unusable = (comment, value) => bad(comment, { jwk: value }, { usable: false })
  const short = base64url(Buffer.from(jwk.x, 'base64url').subarray(1))
  const tests = [
    usable(K1, ['ES256']),
    usable(K2, ['ES256']),
    usable(p384, ['ES384']),
    usable(ed, ['EdDSA']),
    usable(rsa, ['PS256', 'RS256']),
    unusable('an extra member', { ...jwk, use: 'sig' }),
    unusable('a private member', { ...jwk, d: base64url(bytesOf(sha256('not a key'))) }),
    unusable('a member missing', { crv: jwk.crv, kty: jwk.kty, x: jwk.x }),
    unusable('an unknown curve', { ...jwk, crv: 'secp256k1' }),
    unusable('a curve that is not the coordinates’', { ...jwk, crv: 'P-384' }),
    unusable('an unknown kind', { ...jwk, kty: 'oct' }),
    unusable('kind in small letters', { ...jwk, kty: 'ec' }),
    unusable('a point off the curve', { ...jwk, y: jwk.x }),
    unusable('a short coordinate', { ...jwk, x: short }),
    unusable('padding', { ...jwk, x: `${jwk.x}=` }),
    unusable('standard base64', { ...jwk, y: jwk.y.replaceAll('-', '+').replaceAll('_', '/') }),
    unusable('a number', { ...jwk, x: 5 }),
    unusable('null', null),
    unusable('an array', [jwk]),
    unusable('text', JSON.stringify(jwk)),
    unusable('Ed25519 as EC', { ...ed.jwk, kty: 'EC' }),
    unusable('Ed25519 of 31 bytes', { ...ed.jwk, x: base64url(ed.publicKey.subarray(1)) }),
    unusable('RSA of 1,024 bits', { ...rsa.jwk, n: base64url(Buffer.from(rsa.jwk.n, 'base64url').subarray(128)) }),
    unusable('RSA without exponent', { kty: 'RSA', n: rsa.jwk.n }),
  ]
  return { comment: 'Public keys as JWK (FORMAT 3.4): thumbprint and algorithms, or unusable.', tests: numbered('key', tests) }
}

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** (r, n − s): the other valid signature everybody can make from one. */
export function twinOf(sig) {
  const bytes = Buffer.from(sig, 'base64url')
  const s = ORDER - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  return base64url(Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]))
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The same bytes spelt with unused bits set in the last character. */
export function looseSpelling(sig) {
  return sig.slice(0, -1) + ALPHABET[ALPHABET.indexOf(sig.at(-1)) + 1]
}

function derOf(sig) {
  const bytes = Buffer.from(sig, 'base64url')
  const integer = (part) => {
    const trimmed = Buffer.from(part.toString('hex').replace(/^(00)+/, ''), 'hex')
    const value = trimmed[0] > 0x7f ? Buffer.concat([Buffer.of(0), trimmed]) : trimmed
    return Buffer.concat([Buffer.of(2, value.length), value])
  }
  const content = Buffer.concat([integer(bytes.subarray(0, 32)), integer(bytes.subarray(32))])
  return base64url(Buffer.concat([Buffer.of(0x30, content.length), content]))
}

/** Content of signatures.json: is `sig` a record signature by `jwk` over `body`? */
export function signatureVectors() {
  const keys = [K1, ecKey('sigillo test key P-384', 'P-384'), edKey('sigillo test key Ed25519')]
  const rsa = rsaKey('sigillo test key RSA')
  const { body } = workedJournal().journal.at(1)
  const bodyFor = (key, alg = key.alg) => ({ ...body, alg, kid: key.kid })
  const signed = (key, alg = key.alg) => (key.signers?.[alg] ?? key.sign)(signingInput(bodyFor(key, alg)))
  const input = (key, sig, alg = key.alg) => ({ jwk: key.jwk, body: bodyFor(key, alg), sig })
  const take = (comment, given) => ok(comment, given, { valid: true })
  const refuse = (comment, given) => bad(comment, given, { valid: false })
  const [sig, otherBody] = [signed(K1), { ...bodyFor(K1), seq: 2 }]
  const bytes = Buffer.from(sig, 'base64url')
  const flipped = (key, alg = key.alg) => {
    const changed = Buffer.from(signed(key, alg), 'base64url')
    changed[changed.length >> 1] ^= 1
    return base64url(changed)
  }
  const tests = [
    ...keys.map((key) => take(key.alg, input(key, signed(key)))),
    take('PS256', input(rsa, signed(rsa, 'PS256'), 'PS256')),
    take('RS256', input(rsa, signed(rsa, 'RS256'), 'RS256')),
    take('the twin (r, n − s) is a valid signature; the record hash is what refuses it', input(K1, twinOf(sig))),
    ...keys.map((key) => refuse(`${key.alg}, one bit changed`, input(key, flipped(key)))),
    refuse('PS256, one bit changed', input(rsa, flipped(rsa, 'PS256'), 'PS256')),
    refuse('RS256, one bit changed', input(rsa, flipped(rsa, 'RS256'), 'RS256')),
    refuse('RS256 named PS256', { ...input(rsa, rsa.signers.RS256(signingInput(bodyFor(rsa, 'PS256'))), 'PS256') }),
    refuse('an algorithm the key does not imply', { jwk: K1.jwk, body: { ...bodyFor(K1), alg: 'ES384' }, sig }),
    refuse('another key', { ...input(K1, sig), jwk: K2.jwk }),
    refuse('another body', { jwk: K1.jwk, body: otherBody, sig }),
    refuse('another queue', { jwk: K1.jwk, body: { ...bodyFor(K1), queue: '01939c2e-7a10-7000-8000-000000000002' }, sig }),
    refuse('over the body alone', input(K1, K1.sign(jcs(bodyFor(K1))))),
    refuse(
      'over a header without typ',
      input(K1, K1.sign(`${base64url(jcs({ alg: 'ES256', kid: K1.kid }))}.${base64url(jcs(bodyFor(K1)))}`)),
    ),
    refuse('over the possession tag', input(K1, K1.sign(TAGS.possession + jcs(bodyFor(K1))))),
    refuse('DER instead of r‖s', input(K1, derOf(sig))),
    refuse('unused bits set', input(K1, looseSpelling(sig))),
    refuse('padding', input(K1, `${sig}==`)),
    refuse('standard base64', input(K1, bytes.toString('base64').replace(/=+$/, ''))),
    refuse('cut', input(K1, base64url(bytes.subarray(0, 63)))),
    refuse('too long', input(K1, base64url(Buffer.concat([bytes, Buffer.of(0)])))),
    refuse('empty', input(K1, '')),
    refuse('r = 0', input(K1, base64url(Buffer.concat([Buffer.alloc(32), bytes.subarray(32)])))),
    refuse('s = 0', input(K1, base64url(Buffer.concat([bytes.subarray(0, 32), Buffer.alloc(32)])))),
    refuse('all zero', input(K1, base64url(Buffer.alloc(64)))),
    refuse('s + n', input(K1, base64url(Buffer.concat([bytes.subarray(0, 32), Buffer.alloc(32, 0xff)])))),
  ]
  return {
    comment: 'Record signatures (FORMAT 3.4) over the signing input of `body`, whose alg decides.',
    tests: numbered('signature', tests),
  }
}

/** Content of state.json. */
export function stateVectors() {
  const { state } = workedJournal()
  const is = (comment, value) => ok(comment, { state: value }, { digest: digest(TAGS.state, value) })
  const expected = digest(TAGS.state, state)
  const not = (comment, value) => bad(comment, { state: value, digest: expected }, { accepted: false })
  const [a, b] = state.frontier
  const tests = [
    is('the worked example', state),
    is('profile NONE', { ...state, totals: {} }),
    not('other totals', { ...state, totals: { EUR: { gross: '11351' } } }),
    not('totals as a number', { ...state, totals: { EUR: { gross: 11350 } } }),
    not('another epoch', { ...state, epoch: 1 }),
    not('another head', { ...state, head: { hash: a, seq: 6 } }),
    not('another seq', { ...state, head: { ...state.head, seq: 7 } }),
    not('frontier the wrong way round', { ...state, frontier: [...state.frontier].reverse() }),
    not('frontier cut', { ...state, frontier: [a, b] }),
    not('root instead of frontier', { ...state, frontier: [rootOf(workedJournal().journal.hashes.slice(0, 7))] }),
    not('the old key', { ...state, kid: K1.kid }),
    not('the last instead of the highest time', { ...state, lastTs: '2026-11-23T08:59:59.000Z' }),
    not('a type missing', { ...state, types: { ticket: state.types.ticket } }),
    not('an extra member', { ...state, v: 1 }),
  ]
  return { comment: 'State digests (FORMAT 12).', tests: numbered('state', tests) }
}

/** Content of note.json: signed notes, read with one verifier key. */
export function noteVectors() {
  const { journal } = workedJournal()
  const origin = `journal.example/${journal.queue}`
  const root = rootOf(journal.hashes)
  const { note, text, id, signature, verifierKey } = noteOf(origin, 8, root)
  const line = (name, ...parts) => `— ${name} ${Buffer.concat(parts).toString('base64')}\n`
  const own = line(origin, id, signature)
  const stranger = noteOf(origin, 8, root, edKey('sigillo test stranger'))
  const cosigner = line('witness.example/w1', Buffer.of(1, 2, 3, 4), Buffer.alloc(72, 7))
  const take = (comment, given, size = 8, at = root) =>
    ok(comment, { note: given, verifierKey }, { accepted: true, origin, size, root: at })
  const refuse = (comment, given, by = verifierKey) => bad(comment, { note: given, verifierKey: by }, { accepted: false })
  const flipped = Buffer.from(signature)
  flipped[5] ^= 1
  const resigned = (changed) => `${changed}\n${line(origin, id, Buffer.from(ANCHOR.sign(changed), 'base64url'))}`
  const base64 = bytesOf(root).toString('base64')
  const tests = [
    take('the worked example', note),
    take('size 1', noteOf(origin, 1, journal.hashes[0]).note, 1, journal.hashes[0]),
    take('with a cosignature by an unknown witness', `${text}\n${own}${cosigner}`),
    take('cosignature first', `${text}\n${cosigner}${own}`),
    refuse('signature altered', `${text}\n${line(origin, id, flipped)}`),
    refuse('size altered', note.replace('\n8\n', '\n9\n')),
    refuse('root altered', note.replace(base64, bytesOf(journal.hashes[0]).toString('base64'))),
    refuse('origin altered', note.replaceAll('journal.example', 'journal.invalid')),
    refuse('by a stranger', stranger.note),
    refuse('by a stranger under our key id', `${text}\n${line(origin, id, stranger.signature)}`),
    refuse('wrong key id', `${text}\n${line(origin, Buffer.of(0, 0, 0, 0), signature)}`),
    refuse('no signature', text),
    refuse('no empty line', `${text}${own}`),
    refuse('only strangers', `${text}\n${cosigner}`),
    refuse('hyphen for the dash', note.replace('— ', '- ')),
    refuse('no line feed at the end', note.slice(0, -1)),
    refuse('carriage returns', note.replaceAll('\n', '\r\n')),
    refuse('leading zero in the size', resigned(text.replace('\n8\n', '\n08\n'))),
    refuse('negative size', resigned(text.replace('\n8\n', '\n-8\n'))),
    refuse('root in hex', resigned(text.replace(base64, root))),
    refuse('root of 31 bytes', resigned(text.replace(base64, bytesOf(root).subarray(1).toString('base64')))),
    refuse('an extension line', resigned(`${text}extension\n`)),
    refuse('empty', ''),
    refuse('a verifier key whose id is not its own', note, verifierKey.replace(/\+[0-9a-f]{8}\+/, '+00000000+')),
    refuse(
      'a verifier key of another kind',
      note,
      verifierKey.replace(/[^+]*$/, Buffer.concat([Buffer.of(2), ANCHOR.publicKey]).toString('base64')),
    ),
  ]
  return { comment: 'Signed notes (FORMAT 6.1): accepted with the head they state, or refused.', tests: numbered('note', tests) }
}
