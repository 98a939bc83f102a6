// The journal's own records: genesis, checkpoints, segments, purge, end (FORMAT 4, 5.5 rules 9 to 13).
import { frontierOf, rootOf } from './bytes.mjs'
import { Journal } from './journal.mjs'
import { ecKey, K2 } from './keys.mjs'

const ENDORSER = ecKey('sigillo test organisation')
const HEX = 'ab'.repeat(32)

function start(options = {}) {
  const journal = new Journal(options)
  journal.genesis()
  journal.ticket(100)
  journal.ticket(200)
  return journal
}

/** Adds the cases. */
export function ownRecordCases(cases) {
  cases.group('genesis')
  genesisCases(cases)
  cases.group('checkpoint')
  checkpointCases(cases)
  cases.group('segment')
  segmentCases(cases)
  cases.group('purge')
  purgeCases(cases)
  cases.group('close')
  closeCases(cases)
}

function genesisCases(cases) {
  const one = (comment, payload, findings = ['0 GENESIS_WRONG'], options = {}) => {
    const journal = new Journal()
    journal.genesis(payload, options)
    journal.ticket(100)
    cases.add(comment, journal.lines, findings)
  }
  one('with a name and certificates', { name: 'paris-01', x5c: ['MAo='] }, [])
  one(
    'with a predecessor',
    { predecessor: { hash: HEX, queue: '01939c2e-7a10-7000-8000-000000000009', root: HEX, size: 77 } },
    [],
  )
  one('another digest', { digest: 'SHA-512' })
  one('no nonce', { nonce: null })
  one('a nonce in capitals', { nonce: '000102030405060708090A0B0C0D0E0F' })
  one('a predecessor without root', { predecessor: { hash: HEX, queue: '01939c2e-7a10-7000-8000-000000000009', size: 77 } })
  one('no predecessor member', { predecessor: undefined })
  one('a profile in small letters', { profile: 'fr' })
  one('segments too small', { segBits: 5 })
  one('segments too large', { segBits: 17 })
  one('segBits as text', { segBits: '12' })
  one('no software', { software: undefined })
  one('a reference', {}, ['0 GENESIS_WRONG'], { ref: 'POS-0' })
  one('a key that is not the signer’s', { key: K2.jwk }, ['0 KEY_WRONG', '1 KEY_WRONG?'])
  one('a key with a member more', { key: { ...new Journal().key.jwk, use: 'sig' } }, ['0 KEY_WRONG', '1 KEY_WRONG?'])
  const second = start()
  second.genesis()
  cases.add('a second genesis', second.lines, ['3 GENESIS_WRONG'])
  const predecessor = { hash: HEX, queue: '01939c2e-7a10-7000-8000-000000000009', root: HEX, size: 77 }
  one('with a predecessor and the reason', { predecessor: { ...predecessor, reason: 'key lost' } }, [])
  one('a reason that is no text', { predecessor: { ...predecessor, reason: 5 } })
}

function checkpointCases(cases) {
  const one = (comment, payload, findings = ['3 CHECKPOINT_WRONG']) => {
    const journal = start()
    journal.checkpoint('manual', payload)
    journal.ticket(300)
    cases.add(comment, journal.lines, findings)
  }
  const before = start()
  one('right', {}, [])
  one('another root', { root: HEX })
  one('the root with itself', { root: rootOf([...before.hashes, HEX]) })
  one('the root of one less', { root: rootOf(before.hashes.slice(0, 2)) })
  one('another size', { size: 4 })
  one('size as text', { size: '3' })
  one('another state', { state: HEX })
  one('no state', { state: undefined })
  one('an unknown reason', { reason: 'weekly' })
  const totals = start({ totals: { EUR: '300' } })
  totals.checkpoint()
  cases.add('totals in profile NONE', totals.lines, ['3 CHECKPOINT_WRONG'])
  const unknown = new Journal({ totals: { EUR: '300' } })
  unknown.genesis({ profile: 'XX' })
  unknown.ticket(300)
  unknown.checkpoint()
  cases.add('totals of an unknown profile are not judged', unknown.lines, [])
  const form = new Journal()
  form.genesis({ profile: 'XX' })
  form.checkpoint('manual', { state: 'none' })
  cases.add('but the form of the state is', form.lines, ['1 CHECKPOINT_WRONG'])
  const lossy = start()
  lossy.ticket(300)
  lossy.checkpoint()
  lossy.checkpoint('manual', { root: HEX })
  cases.add('one record lost: the tree is known all the same', lossy.lines.toSpliced(1, 1), [
    '1 RECORD_MISSING',
    '5 CHECKPOINT_WRONG',
  ])
  cases.add('two lost: the tree is unknown', lossy.lines.toSpliced(1, 2), ['1 RECORD_MISSING'])
}

function fill(journal, upTo) {
  while (journal.seq < upTo) journal.put('tick', { n: journal.seq }, {})
  return journal
}

function segmentCases(cases) {
  const whole = fill(start(), 63)
  whole.checkpoint('segment')
  whole.ticket(300)
  whole.checkpoint()
  cases.add('a segment ends with its checkpoint', whole.lines, [])
  const none = fill(start(), 65)
  none.checkpoint()
  cases.add('a segment ends without one', none.lines, ['63 CHECKPOINT_WRONG'])
  const over = fill(start(), 63)
  over.checkpoint('segment')
  over.put('tick', { n: 64 }, { base: 63 })
  cases.add('a batch over two segments', over.lines, ['64 BASE_WRONG'])
  const filled = fill(start(), 60)
  for (let i = 0; i < 4; i++) filled.checkpoint('segment')
  filled.ticket(300)
  cases.add('places filled with checkpoints', filled.lines, [])
  const opened = fill(start(), 63)
  opened.open()
  opened.ticket(300)
  cases.add('an opening in the last place, after a loss of power', opened.lines, [])
  const closed = fill(start(), 63)
  closed.end()
  cases.add('the end in the last place of a segment', closed.lines, ['63 CHECKPOINT_WRONG'])
  const larger = new Journal()
  larger.genesis({ segBits: 7 })
  fill(larger, 70)
  cases.add('larger segments', larger.lines, [])
  const recovered = fill(start(), 63)
  recovered.recovery(K2, ENDORSER)
  recovered.ticket(300)
  recovered.checkpoint()
  cases.add('a recovery in the last place, the key lost before its checkpoint', recovered.lines, ['63 KEY_RECOVERY?'], {
    endorsers: [ENDORSER.jwk],
  })
  const rolled = fill(start(), 63)
  rolled.rollover(K2)
  rolled.ticket(300)
  cases.add('a rollover there', rolled.lines, ['63 CHECKPOINT_WRONG'])
}

function purgeCases(cases) {
  const base = () => {
    const journal = fill(start(), 63)
    journal.checkpoint('segment')
    return fill(journal, 66)
  }
  const one = (comment, changes, findings = ['66 CHECKPOINT_WRONG'], cut = 0, given = {}) => {
    const journal = base()
    const below = journal.hashes.slice(0, 64)
    const payload = {
      archive: { name: 'A-1.zip', sha256: HEX },
      floor: 64,
      frontier: frontierOf(below),
      last: below[63],
      root: rootOf(below),
    }
    journal.put('sys.purge', { ...payload, ...changes })
    journal.checkpoint('manual')
    cases.add(comment, journal.lines.slice(cut), findings, given(journal, payload))
  }
  const nothing = () => ({})
  const known = (journal, payload) => ({
    keys: [journal.key.jwk],
    purge: { floor: 64, frontier: payload.frontier, last: payload.last },
  })
  one('announced, nothing removed yet', {}, [], 0, nothing)
  one('removed below the floor', {}, [], 64, known)
  one('removed, the keys not known', {}, ['64 KEY_WRONG?'], 64, (journal, payload) => ({ purge: known(journal, payload).purge }))
  one('more removed than announced', {}, ['64 RECORD_MISSING'], 65, known)
  one('a floor inside a segment', { floor: 63 }, ['66 CHECKPOINT_WRONG'], 0, nothing)
  one('a floor not reached', { floor: 128 }, ['66 CHECKPOINT_WRONG'], 0, nothing)
  one('another root', { root: HEX }, ['66 CHECKPOINT_WRONG'], 0, nothing)
  one('frontier cut', { frontier: [] }, ['66 CHECKPOINT_WRONG'], 0, nothing)
  one('no archive', { archive: null }, ['66 CHECKPOINT_WRONG'], 0, nothing)
}

function closeCases(cases) {
  const one = (comment, payload, findings = ['3 CLOSE_WRONG']) => {
    const journal = start()
    journal.end(payload)
    cases.add(comment, journal.lines, findings)
  }
  one('right', {}, [])
  one('with a successor', { successor: '01939c2e-7a10-7000-8000-000000000002' }, [])
  one('another root', { root: HEX })
  one('another size', { size: 2 })
  one('a successor that is no UUID', { successor: 'next' })
  one('no successor member', { successor: undefined })
  const after = start()
  after.end()
  after.ticket(300)
  after.ticket(400)
  cases.add('records after the end', after.lines, ['4 CLOSE_WRONG', '5 CLOSE_WRONG'])
}
