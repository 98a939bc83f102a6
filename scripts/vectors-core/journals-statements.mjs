// What others know: witnesses, notes, starts of ranges (FORMAT 5.1, 5.7, 21).
import { frontierOf, rootOf } from './bytes.mjs'
import { sigChanged } from './damage.mjs'
import { K2 } from './keys.mjs'
import { shop } from './shop.mjs'

const HEX = 'ab'.repeat(32)

/** Adds the cases. */
export function statementCases(cases) {
  const journal = shop()
  const { hashes, lines, queue } = journal
  const witness = (seq, hash = hashes[seq]) => ({ witness: { hash, queue, seq } })
  const note = (size, root = rootOf(hashes.slice(0, size))) => ({ notes: [{ root, size }] })
  cases.group('witness')
  cases.add('at the head', lines, [], witness(12))
  cases.add('behind', lines, [], witness(3))
  cases.add('another history', lines, ['3 FORK'], witness(3, HEX))
  cases.add('another head', lines, ['12 FORK'], witness(12, HEX))
  cases.add('ahead: the last record removed', lines.slice(0, 12), ['12 TAIL_MISSING'], witness(12))
  cases.add('ahead: three removed', lines.slice(0, 10), ['10 TAIL_MISSING'], witness(12))
  cases.add('ahead, but the journal continues', lines.slice(0, 10), [], { ...witness(12), continues: true })
  cases.add('the last record damaged', lines.with(12, sigChanged(journal.at(12))), ['12 SIGNATURE_WRONG'], witness(12))
  cases.add('of another queue', lines, ['-1 QUEUE_WRONG'], {
    witness: { hash: hashes[12], queue: '01939c2e-7a10-7000-8000-000000000002', seq: 12 },
  })
  cases.group('note')
  cases.add('at the head', lines, [], note(13))
  cases.add('of size 1', lines, [], note(1))
  cases.add('in the middle', lines, [], note(6))
  cases.add('another root', lines, ['5 FORK'], note(6, HEX))
  cases.add('larger than the journal', lines.slice(0, 10), ['10 TAIL_MISSING'], note(13))
  cases.add('after two lost records its root cannot be judged', lines.toSpliced(1, 2), ['1 RECORD_MISSING'], note(13, HEX))
  cases.group('start')
  startCases(cases)
}

function startCases(cases) {
  const journal = shop()
  const { lines } = journal
  const state = stateAfter(journal, 6)
  const given = (changes = {}, keys = [K2.jwk]) => ({
    keys,
    start: { genesis: journal.hashes[0], segBits: 6, profile: 'NONE', state: { ...state, ...changes } },
  })
  const range = lines.slice(7)
  cases.add('a range with its start', range, [], given())
  cases.add('a start without totals', range, [], {
    ...given(),
    start: { ...given().start, state: { ...state, totals: undefined } },
  })
  cases.add('another head', range, ['7 PREV_WRONG'], given({ head: { hash: HEX, seq: 6 } }))
  cases.add(
    'the head of an earlier record',
    range,
    ['6 RECORD_MISSING'],
    given({ head: { hash: journal.hashes[5], seq: 5 }, frontier: frontierOf(journal.hashes.slice(0, 6)) }),
  )
  cases.add('another frontier', range, ['9 CHECKPOINT_WRONG'], given({ frontier: [HEX, ...state.frontier.slice(1)] }))
  cases.add(
    'another head of a type',
    range,
    ['10 TPREV_WRONG', '9 CHECKPOINT_WRONG'],
    given({ types: { ...state.types, ticket: { hash: HEX, tseq: 3 } } }),
  )
  cases.add(
    'another number of a type',
    range,
    ['10 TSEQ_WRONG', '9 CHECKPOINT_WRONG'],
    given({ types: { ...state.types, ticket: { ...state.types.ticket, tseq: 8 } } }),
  )
  cases.add('totals that cannot be', range, ['9 CHECKPOINT_WRONG'], given({ totals: { EUR: '1' } }))
  cases.add(
    'a later clock',
    range,
    [...[7, 8, 9, 10, 11, 12].map((seq) => `${seq} CLOCK_WRONG`), '9 CHECKPOINT_WRONG'],
    given({ lastTs: '2027-01-01T00:00:00.000Z' }),
  )
  cases.add(
    'another key',
    range,
    ['7 KEY_WRONG', '8 KEY_WRONG?'],
    given({ kid: journal.at(0).body.kid }, [journal.at(0).payload.key]),
  )
  cases.add('the key not known', range, ['7 KEY_WRONG?'], given({}, []))
}

// The state after an earlier record: heads, clock and key as they were there.
function stateAfter(journal, seq) {
  const records = journal.records.slice(0, seq + 1)
  const types = {}
  for (const { body, hash } of records) types[body.type] = { hash, tseq: body.tseq }
  const lastTs = records
    .map(({ body }) => body.ts)
    .sort()
    .at(-1)
  const { body, hash } = records.at(-1)
  return {
    epoch: body.epoch,
    frontier: frontierOf(records.map((record) => record.hash)),
    head: { hash, seq },
    kid: K2.kid,
    lastTs,
    totals: {},
    types,
  }
}
