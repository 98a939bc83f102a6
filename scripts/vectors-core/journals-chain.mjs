// Mistakes of a writer who holds the key: everything is sealed, but a rule of the chain is broken (FORMAT 5.5, rules 1 to 9).
import { digest, TAGS } from './bytes.mjs'
import { blanked } from './damage.mjs'
import { Journal } from './journal.mjs'

const HEX = 'ab'.repeat(32)

/** A journal of genesis and two tickets, then one record, then a ticket that follows it rightly. */
function withThird(options, { type = 'ticket', payload = { number: 'T-3', total: 1 } } = {}) {
  const journal = start()
  journal.put(type, payload, { ref: 'POS-3', ...options })
  return journal
}

function start() {
  const journal = new Journal()
  journal.genesis()
  journal.ticket(100)
  journal.ticket(200)
  return journal
}

/** Adds the cases. */
export function chainCases(cases) {
  const third = (comment, options, findings) => {
    const journal = withThird(options)
    journal.ticket(300)
    cases.add(comment, journal.lines, findings)
  }
  cases.group('links')
  third('prev names another record', { body: { prev: HEX } }, ['3 PREV_WRONG'])
  third('prev names the one before the last', { body: { prev: start().at(1).hash } }, ['3 PREV_WRONG'])
  third('prev zeros', { body: { prev: '0'.repeat(64) } }, ['3 PREV_WRONG'])
  third('tprev names genesis instead of the last ticket', { body: { tprev: start().at(0).hash } }, ['3 TPREV_WRONG'])
  third('tprev zeros', { body: { tprev: '0'.repeat(64) } }, ['3 TPREV_WRONG'])
  third('tseq skips a number', { body: { tseq: 4 } }, ['3 TSEQ_WRONG'])
  third('tseq repeats a number', { body: { tseq: 2 } }, ['3 TSEQ_WRONG'])
  third('tprev and tseq', { body: { tprev: HEX, tseq: 9 } }, ['3 TPREV_WRONG', '3 TSEQ_WRONG'])
  third('the first of a type does not name genesis', { body: { type: 'invoice', tprev: HEX, tseq: 1 } }, ['3 TPREV_WRONG'])
  third('the first of a type starts at 2', { body: { type: 'invoice', tprev: start().at(0).hash, tseq: 2 } }, ['3 TSEQ_WRONG'])
  third('seq skips a number, sealed so', { body: { seq: 4 }, base: 4 }, ['3 RECORD_MISSING', '4 RECORD_REPEATED'])
  genesisLinks(cases)
  cases.group('epoch')
  epochCases(cases, third)
  cases.group('batch')
  batchCases(cases, third)
  cases.group('request')
  requestCases(cases, third)
  cases.group('clock')
  clockCases(cases, third)
  cases.group('payload')
  payloadCases(cases)
}

function genesisLinks(cases) {
  const one = (comment, body, findings) => {
    const journal = new Journal()
    journal.genesis({}, { body })
    journal.ticket(100)
    cases.add(comment, journal.lines, findings)
  }
  one('genesis names a record before it', { prev: HEX }, ['0 PREV_WRONG'])
  one('genesis names one of its type', { tprev: HEX }, ['0 TPREV_WRONG'])
  one('genesis is the second of its type', { tseq: 2 }, ['0 TSEQ_WRONG'])
  one('genesis in epoch 2', { epoch: 2 }, ['0 EPOCH_WRONG'])
  one('genesis in a batch begun later', { base: 1 }, ['0 BASE_WRONG'])
}

function epochCases(cases, third) {
  third('a new epoch without sys.open', { body: { epoch: 2 } }, ['3 EPOCH_WRONG'])
  const back = start()
  back.open()
  back.put('ticket', { total: 1 }, { body: { epoch: 1 } })
  cases.add('an epoch goes back', back.lines, ['4 EPOCH_WRONG'])
  const opened = (comment, payload, options, findings = ['3 EPOCH_WRONG']) => {
    const journal = start()
    journal.open(payload, options)
    journal.ticket(300)
    cases.add(comment, journal.lines, findings)
  }
  opened('epochs may be skipped', {}, { body: { epoch: 9 } }, [])
  opened('dead bytes stated', { dead: { bytes: 17, sha256: HEX }, reason: 'write-error' }, {}, [])
  opened('members beside the required ones', { extra: { anything: true } }, {}, [])
  opened('sys.open in the same epoch', {}, { body: { epoch: 1 } })
  opened(
    'sys.open announces more',
    {},
    { more: 1 },
    ['3 EPOCH_WRONG', '4 BASE_WRONG', '4 MORE_WRONG'].slice(0, 1).concat('4 MORE_WRONG'),
  )
  opened('adopts another hash', { adopted: { epoch: 1, hash: HEX, seq: 2 } }, {})
  opened('adopts another seq', { adopted: { epoch: 1, hash: start().at(2).hash, seq: 1 } }, {})
  opened('adopts another epoch', { adopted: { epoch: 2, hash: start().at(2).hash, seq: 2 } }, {})
  opened('adopts nothing', { adopted: null }, {})
  opened('an unknown reason', { reason: 'because' }, {})
  opened('dead bytes without digest', { dead: { bytes: 17 } }, {})
  opened('a short nonce', { nonce: '00' }, {})
  opened('no host', { host: 5 }, {})
  opened('no software', { software: null }, {})
}

function batchCases(cases, third) {
  third('base beyond seq', { base: 4 }, ['3 BASE_WRONG'])
  third('base of a batch that does not exist', { base: 1 }, ['3 BASE_WRONG'])
  third('base of the record before: one batch', { base: 2 }, [])
  const afterOpen = start()
  afterOpen.open()
  afterOpen.ticket(1, { base: 3 })
  cases.add('a record in the batch of sys.open', afterOpen.lines, ['4 BASE_WRONG'])
  const withGenesis = new Journal()
  withGenesis.genesis()
  withGenesis.ticket(1, { base: 0 })
  cases.add('a record in the batch of genesis', withGenesis.lines, ['1 BASE_WRONG'])
  const openInBatch = start()
  openInBatch.open({}, { base: 2 })
  cases.add('sys.open in the batch before it', openInBatch.lines, ['3 BASE_WRONG'])
}

function requestCases(cases, third) {
  const request = (comment, parts, findings) => {
    const journal = start()
    for (const options of parts) journal.put('part', { n: journal.seq }, { base: 3, ...options })
    cases.add(comment, journal.lines, findings)
  }
  request('three records, whole', [{ more: 2 }, { more: 1 }, {}], [])
  request('two requests in one batch', [{ more: 1 }, {}, { more: 1 }, {}], [])
  request('cut at the end', [{ more: 2 }, { more: 1 }], ['4 MORE_WRONG'])
  request('counts wrongly', [{ more: 3 }, { more: 1 }, {}], ['4 MORE_WRONG'])
  request('ends too early', [{ more: 2 }, {}, {}], ['4 MORE_WRONG'])
  request('counts up', [{ more: 1 }, { more: 2 }, { more: 1 }, {}], ['4 MORE_WRONG'])
  request('over two batches', [{ more: 1 }, { base: 4 }], ['4 MORE_WRONG'])
  request('more than 199 announced', [{ more: 200 }, { base: 4 }], ['3 MORE_WRONG', '4 MORE_WRONG'])
  third('a reference used before', { ref: 'POS-1' }, ['3 REF_REPEATED'])
  third('a reference without digest', { body: { req: undefined } }, ['3 REQ_WRONG'])
  third('a digest without reference', { ref: undefined, body: { req: HEX } }, ['3 REQ_WRONG'])
  third('no reference', { ref: undefined }, [])
}

function clockCases(cases, third) {
  const ts = (text) => `2026-11-23T${text}Z`
  third('a step back, stated', { ts: ts('07:00:00.000'), tsBack: 3602000 }, [])
  third('a step back, not stated', { ts: ts('07:00:00.000') }, ['3 CLOCK_WRONG'])
  third('a step back, stated wrongly', { ts: ts('07:00:00.000'), tsBack: 1 }, ['3 CLOCK_WRONG'])
  third('a step back of nothing', { tsBack: 5 }, ['3 CLOCK_WRONG'])
  third('the same millisecond', { ts: ts('08:00:02.000') }, [])
  third('a leap day', { ts: '2028-02-29T23:59:59.999Z', body: {} }, ['4 CLOCK_WRONG'])
  const long = start()
  long.ticket(1, { ts: ts('09:00:00.000') })
  long.ticket(1, { ts: ts('08:00:00.000'), tsBack: 3600000 })
  long.ticket(1, { ts: ts('08:30:00.000'), tsBack: 1800000 })
  long.ticket(1, { ts: ts('09:00:00.001') })
  cases.add('behind the highest, though ahead of the last', long.lines, [])
  const lost = long.lines.toSpliced(3, 1)
  cases.add('the highest lost: the next record tells', lost, ['3 RECORD_MISSING'])
  const genesis = new Journal()
  genesis.genesis({}, { tsBack: 5 })
  cases.add('genesis steps back', genesis.lines, ['0 CLOCK_WRONG'])
}

function payloadCases(cases) {
  const journal = start()
  journal.put('ticket', { number: 'T-3', salt: '000102030405060708090a0b0c0d0e0f', total: 5 }, { ref: 'POS-3' })
  journal.put('invoice', { number: 'I-1', total: 5 }, { ref: 'POS-4' })
  const target = journal.at(3)
  const tail = (payload) => {
    const made = start()
    made.put('ticket', target.payload, { ref: 'POS-3' })
    made.put('invoice', { number: 'I-1', total: 5 }, { ref: 'POS-4' })
    made.put('sys.redact', payload)
    return made
  }
  const range = (more) => ({ archive: 'A-1', from: 0, reason: 'retention', to: 4, types: ['ticket'], ...more })
  const single = { pay: target.body.pay, reason: 'request', seq: 3 }
  const blank = (made, ...seqs) => made.lines.map((line, seq) => (seqs.includes(seq) ? blanked(made.at(seq)) : line))
  cases.add('blanked, and said so', blank(tail(single), 3), [])
  cases.add('said so, not blanked', tail(single).lines, [])
  cases.add('blanked by range and type', blank(tail(range()), 1, 2, 3), [])
  cases.add('blanked, and never said', blank(journal, 3), ['3 REDACT_WRONG'])
  cases.add('blanked, and never said, but the journal continues', blank(journal, 3), ['3 REDACT_WRONG?'], { continues: true })
  cases.add('blanked, another seq said', blank(tail({ ...single, seq: 2 }), 3), ['3 REDACT_WRONG'])
  cases.add('blanked, another digest said', blank(tail({ ...single, pay: HEX }), 3), ['3 REDACT_WRONG'])
  cases.add('blanked, outside the range', blank(tail(range({ to: 2 })), 3), ['3 REDACT_WRONG'])
  cases.add('blanked, another type said', blank(tail(range()), 4), ['4 REDACT_WRONG'])
  cases.add('blanked, and the record that says so removed', blank(tail(single), 3).toSpliced(2, 1), ['2 RECORD_MISSING'])
  cases.add('redact of a later record', tail({ ...single, seq: 9 }).lines, ['5 REDACT_WRONG'])
  cases.add('redact of itself', tail({ ...single, seq: 5 }).lines, ['5 REDACT_WRONG'])
  cases.add('redact without digest', tail({ reason: 'request', seq: 3 }).lines, ['5 REDACT_WRONG'])
  cases.add('redact without reason', tail({ pay: HEX, seq: 3 }).lines, ['5 REDACT_WRONG'])
  cases.add('redact of no type', tail(range({ types: [] })).lines, ['5 REDACT_WRONG'])
  cases.add('redact of a range the wrong way round', tail(range({ from: 4, to: 3 })).lines, ['5 REDACT_WRONG'])
  cases.add('genesis blanked: its key is gone', blank(tail(single), 0), ['0 KEY_WRONG', '1 KEY_WRONG?'])
  cases.add('the record that says so blanked', blank(tail(single), 3, 5), ['3 REDACT_WRONG', '5 REDACT_WRONG'])
  const empty = start()
  empty.put('ticket', null, { ref: 'POS-3' })
  cases.add('a payload that was null from the start', empty.lines, [])
  const wrong = start()
  wrong.put('ticket', { total: 1 }, { ref: 'POS-3', body: { pay: digest(TAGS.request, { total: 1 }) } })
  wrong.ticket(1)
  cases.add('payload digest under another tag', wrong.lines, ['3 PAY_WRONG'])
}
