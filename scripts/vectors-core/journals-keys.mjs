// Changes of key, and all algorithms (FORMAT 3.4, 4 `sys.key`, 5.3, 5.5 rule 11).
import { jcs, TAGS } from './bytes.mjs'
import { hashChanged, payloadChanged, replaced, sigChanged } from './damage.mjs'
import { Journal } from './journal.mjs'
import { ecKey, edKey, K1, K2, rsaKey } from './keys.mjs'

const ENDORSER = ecKey('sigillo test organisation')
const STRANGER = ecKey('sigillo test stranger')
const K3 = ecKey('sigillo test key 3')

function start() {
  const journal = new Journal()
  journal.genesis()
  journal.ticket(100)
  return journal
}

/** Adds the cases. */
export function keyCases(cases) {
  cases.group('algorithm')
  for (const key of [
    ecKey('sigillo test key P-384', 'P-384'),
    edKey('sigillo test key Ed25519'),
    rsaKey('sigillo test key RSA'),
  ]) {
    const journal = new Journal({ key })
    journal.genesis()
    journal.ticket(100)
    journal.rollover(K2)
    journal.rollover(key)
    journal.ticket(200)
    cases.add(`${key.alg} from genesis on, and after two changes`, journal.lines, [])
    cases.add(`${key.alg}, a signature altered`, journal.lines.with(1, sigChanged(journal.at(1))), ['1 SIGNATURE_WRONG'])
  }
  const rsa = rsaKey('sigillo test key RSA')
  const both = new Journal({ key: rsa })
  both.genesis()
  both.ticket(100, { body: { alg: 'PS256' } })
  both.ticket(200)
  cases.add('an RSA key may use either of its algorithms', both.lines, [])
  cases.group('rollover')
  rolloverCases(cases)
  cases.group('recovery')
  recoveryCases(cases)
}

function rolloverCases(cases) {
  const change = (comment, overrides, findings, options = {}) => {
    const journal = start()
    journal.rollover(K2, typeof overrides === 'function' ? overrides(journal) : overrides, options)
    journal.ticket(200)
    cases.add(comment, journal.lines, findings)
  }
  const signed = (key, statement) => key.sign(TAGS.possession + jcs(statement))
  const statement = { kid: K2.kid, prevKid: K1.kid, queue: new Journal().queue, seq: 2 }
  change('a change of key', {}, [])
  change('no possession', { possession: undefined }, ['2 KEY_CHANGE_WRONG'])
  change('possession by the old key', { possession: signed(K1, statement) }, ['2 KEY_CHANGE_WRONG'])
  change('possession for another seq', { possession: signed(K2, { ...statement, seq: 3 }) }, ['2 KEY_CHANGE_WRONG'])
  change(
    'possession for another queue',
    { possession: signed(K2, { ...statement, queue: '01939c2e-7a10-7000-8000-000000000002' }) },
    ['2 KEY_CHANGE_WRONG'],
  )
  change('possession after another key', { possession: signed(K2, { ...statement, prevKid: K3.kid }) }, ['2 KEY_CHANGE_WRONG'])
  change('possession under the tag of an endorsement', { possession: K2.sign(TAGS.endorsement + jcs(statement)) }, [
    '2 KEY_CHANGE_WRONG',
  ])
  change('possession without a tag', { possession: K2.sign(jcs(statement)) }, ['2 KEY_CHANGE_WRONG'])
  change('an unknown mode', { mode: 'swap' }, ['2 KEY_CHANGE_WRONG'])
  change('no reason', { reason: undefined }, ['2 KEY_CHANGE_WRONG'])
  change('kid that is not the key’s', { kid: K3.kid }, ['2 KEY_CHANGE_WRONG', '3 KEY_WRONG?'])
  change('an unusable key', { key: { ...K2.jwk, use: 'sig' } }, ['2 KEY_CHANGE_WRONG', '3 KEY_WRONG?'])
  change('no key', { key: undefined }, ['2 KEY_CHANGE_WRONG', '3 KEY_WRONG?'])
  const signedByNew = start()
  signedByNew.rollover(K2, {}, { key: K2 })
  signedByNew.ticket(200)
  cases.add('signed by the new key', signedByNew.lines, ['2 KEY_WRONG'])
  const sameKey = start()
  sameKey.rollover(K1)
  sameKey.ticket(200)
  cases.add('to the key in use', sameKey.lines, ['2 KEY_CHANGE_WRONG'])
  const oldKey = start()
  oldKey.rollover(K2)
  oldKey.ticket(200, { key: K1 })
  oldKey.ticket(300)
  cases.add('the old key signs on', oldKey.lines, ['3 KEY_WRONG'])
  const early = start()
  early.ticket(200, { key: K2 })
  early.rollover(K2)
  early.ticket(300)
  cases.add('the new key signs too early', early.lines, ['2 KEY_WRONG'])
  const sound = start()
  sound.rollover(K2)
  sound.ticket(200)
  sound.checkpoint()
  cases.add('stored hash of sys.key altered', sound.lines.with(2, hashChanged(sound.at(2))), ['2 HASH_WRONG'])
  cases.add('signature of sys.key altered', sound.lines.with(2, sigChanged(sound.at(2))), ['2 SIGNATURE_WRONG'])
  cases.add('reason of sys.key altered', sound.lines.with(2, replaced(sound.at(2), 'scheduled', 'scheduler')), ['2 PAY_WRONG'])
  cases.add(
    'key in sys.key replaced',
    sound.lines.with(2, payloadChanged(sound.at(2), { ...sound.at(2).payload, key: K3.jwk, kid: K3.kid })),
    ['2 PAY_WRONG', '3 KEY_WRONG?'],
  )
  cases.add(
    'the same, the true key known from elsewhere',
    sound.lines.with(2, payloadChanged(sound.at(2), { ...sound.at(2).payload, key: K3.jwk, kid: K3.kid })),
    ['2 PAY_WRONG'],
    { keys: [K2.jwk] },
  )
}

function recoveryCases(cases) {
  const recover = (comment, overrides, findings, given = { endorsers: [ENDORSER.jwk] }, options = {}) => {
    const journal = start()
    journal.recovery(K2, options.endorser ?? ENDORSER, overrides)
    journal.ticket(200)
    cases.add(comment, journal.lines, findings, given)
  }
  recover('endorsed by somebody the verifier trusts', {}, ['2 KEY_RECOVERY?'])
  recover('endorsed, but the verifier trusts nobody', {}, ['2 KEY_RECOVERY'], {})
  recover('endorsed, but the verifier trusts another one', {}, ['2 KEY_RECOVERY'], { endorsers: [STRANGER.jwk] })
  recover('endorsed by a stranger', {}, ['2 KEY_RECOVERY'], { endorsers: [ENDORSER.jwk] }, { endorser: STRANGER })
  recover('endorsed by the new key itself', {}, ['2 KEY_RECOVERY'], { endorsers: [ENDORSER.jwk] }, { endorser: K2 })
  recover('no endorsement', { endorsement: undefined }, ['2 KEY_CHANGE_WRONG', '2 KEY_RECOVERY'])
  recover('no possession', { possession: '' }, ['2 KEY_CHANGE_WRONG', '2 KEY_RECOVERY?'])
  recover('the possession as endorsement', { endorsement: ENDORSER.sign(`${TAGS.possession}{}`) }, ['2 KEY_RECOVERY'])
  recover('kid that is not the key’s', { kid: K3.kid }, ['2 KEY_WRONG'])
  const oldKey = start()
  oldKey.recovery(K2, ENDORSER)
  oldKey.ticket(200, { key: K1 })
  oldKey.ticket(300)
  cases.add('the lost key signs on', oldKey.lines, ['2 KEY_RECOVERY?', '3 KEY_WRONG'], { endorsers: [ENDORSER.jwk] })
  const forged = start()
  forged.recovery(STRANGER, STRANGER)
  forged.ticket(200)
  forged.checkpoint()
  cases.add('a thief continues with a key of his own', forged.lines, ['2 KEY_RECOVERY'], { endorsers: [ENDORSER.jwk] })
}
