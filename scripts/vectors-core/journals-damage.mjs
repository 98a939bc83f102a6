// Damage after writing: bytes changed, lines removed, doubled, swapped, merged, split, foreign (FORMAT 5.2 to 5.4, 5.8).
import * as damage from './damage.mjs'
import { Journal } from './journal.mjs'
import { ecKey, K1 } from './keys.mjs'
import { AT, shop } from './shop.mjs'

const STRANGER = ecKey('sigillo test stranger')

/** Adds the cases. */
export function damageCases(cases) {
  const journal = shop()
  const lines = journal.lines
  const changed = (seq, line) => lines.with(seq, line)
  cases.group('sound')
  cases.add('an ordinary journal', lines, [])
  for (const length of [1, 2, 3, 4, 5, 6, 7]) cases.add(`its first ${length} lines`, lines.slice(0, length), [])
  cases.add('nothing at all', [], ['0 RECORD_MISSING'])
  cases.group('line')
  for (const [comment, line] of brokenLines(journal.at(AT.ticket1)))
    cases.add(comment, changed(AT.ticket1, line), ['1 LINE_MALFORMED'])
  cases.group('member')
  for (const [comment, members] of brokenMembers(journal)) {
    cases.add(comment, changed(AT.ticket1, damage.bodyForged(journal.at(AT.ticket1), members)), [
      '1 RECORD_MALFORMED',
      '2 PREV_WRONG',
    ])
  }
  cases.group('changed')
  changedCases(cases, journal)
  cases.group('moved')
  movedCases(cases, lines)
  cases.group('foreign')
  foreignCases(cases, journal)
}

function brokenLines(record) {
  const { line } = record
  const without = (member) => line.replace(new RegExp(`"${member}":("[^"]*"|\\d+),?`), '')
  const tooLong = damage.payloadChanged(record, { text: 'x'.repeat(1_048_576) })
  return [
    ['an empty line', ''],
    ['a cut line', line.slice(0, -1)],
    ['half a line', line.slice(0, line.length >> 1)],
    ['a space at the end', `${line} `],
    ['a carriage return', `${line}\r`],
    ['a space inside', line.replace('"v":1', '"v": 1')],
    ['a repeated member', line.replace('"v":1', '"v":1,"v":1')],
    ['members out of order', line.replace('"type":"ticket","v":1', '"v":1,"type":"ticket"')],
    ['an unneeded escape', line.replace('T-1', '\\u0054-1')],
    ['a whole number with a fraction', line.replace('"total":1250', '"total":1250.0')],
    ['an exponent', line.replace('"total":1250', '"total":125e1')],
    ['an unknown member of the body', line.replace('"v":1', '"v":1,"w":1')],
    ['a member of the body missing', without('epoch')],
    ['an unknown member of the line', line.replace(/}$/, ',"z":1}')],
    ['a member of the line missing', line.replace(/,"sig":"[^"]*"/, '')],
    ['a hash of 63 digits', line.replace(/("hash":"[0-9a-f]{63})[0-9a-f]/, '$1')],
    ['a hash in capitals', line.replace(/"hash":"([0-9a-f]+)"/, (_, hash) => `"hash":"${hash.toUpperCase()}"`)],
    ['a signature with padding', line.replace(/"}$/, '=="}')],
    ['a body that is an array', line.replace(/"body":{.*?},"hash"/, '"body":[],"hash"')],
    ['a byte that is no UTF-8', Buffer.concat([Buffer.from(line.slice(0, 300)), Buffer.of(0xff), Buffer.from(line.slice(301))])],
    ['a byte order mark', Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), Buffer.from(line)])],
    ['only zeros', Buffer.alloc(64)],
    ['an array', '[]'],
    ['a payload nested too deep', damage.payloadChanged(record, JSON.parse(`${'['.repeat(33)}${']'.repeat(33)}`))],
    ['a body of more than 8 KiB', damage.bodyChanged(record, { ref: 'x'.repeat(8200) })],
    ...(tooLong.length > 1_048_576 ? [] : [['unreachable', tooLong]]),
  ]
}

function brokenMembers(journal) {
  const { kid, pay, queue } = journal.at(AT.ticket1).body
  return [
    ['alg unknown', { alg: 'none' }],
    ['alg symmetric', { alg: 'HS256' }],
    ['base negative', { base: -1 }],
    ['epoch 0', { epoch: 0 }],
    ['kid of 42 characters', { kid: kid.slice(1) }],
    ['kid with padding', { kid: `${kid.slice(1)}=` }],
    ['more 0', { more: 0 }],
    ['pay in capitals', { pay: pay.toUpperCase() }],
    ['prev as a number', { prev: 0 }],
    ['queue in capitals', { queue: queue.toUpperCase() }],
    ['queue without hyphens', { queue: queue.replaceAll('-', '') }],
    ['ref empty', { ref: '' }],
    ['ref with a space', { ref: 'a b' }],
    ['ref of 129 characters', { ref: 'r'.repeat(129) }],
    ['ref beyond ASCII', { ref: 'é' }],
    ['req cut', { req: pay.slice(1) }],
    ['seq as text', { seq: '1' }],
    ['tprev empty', { tprev: '' }],
    ['ts without milliseconds', { ts: '2026-11-23T08:00:01Z' }],
    ['ts with an offset', { ts: '2026-11-23T08:00:01.000+00:00' }],
    ['ts on 30 February', { ts: '2026-02-30T08:00:01.000Z' }],
    ['ts on 29 February of a common year', { ts: '2100-02-29T08:00:01.000Z' }],
    ['ts at 24:00', { ts: '2026-11-23T24:00:00.000Z' }],
    ['ts in a leap second', { ts: '2026-12-31T23:59:60.000Z' }],
    ['tsBack 0', { tsBack: 0 }],
    ['tseq 0', { tseq: 0 }],
    ['type in capitals', { type: 'Ticket' }],
    ['type with a digit in front', { type: '1ticket' }],
    ['type of 65 characters', { type: `t${'x'.repeat(64)}` }],
    ['an unknown type of the journal’s own', { type: 'sys.unknown' }],
    ['v 2', { v: 2 }],
    ['x nested', { x: { a: {} } }],
    ['x as an array', { x: [] }],
    ['x with a member hash', { x: { hash: 'a' } }],
    ['x with a member sig', { x: { sig: 'a' } }],
    ['x with a long name', { x: { abcdefghijklmnopq: 1 } }],
    ['x with a capital name', { x: { Ds: 'a' } }],
    ['x with a boolean', { x: { a: true } }],
    ['x of more than 2 KiB', { x: { a: 'x'.repeat(2041) } }],
  ]
}

function changedCases(cases, journal) {
  const lines = journal.lines
  const one = (comment, seq, make, findings) => cases.add(comment, lines.with(seq, make(journal.at(seq))), findings)
  one('payload', AT.ticket1, (r) => damage.replaced(r, '"total":1250}', '"total":1251}'), ['1 PAY_WRONG'])
  one('payload of the last record', AT.last, (r) => damage.replaced(r, '"total":900}', '"total":901}'), ['12 PAY_WRONG'])
  one('payload, and its digest, and the hash', AT.ticket1, (r) => damage.payloadForged(r, { number: 'T-1', total: 1 }), [
    '1 SIGNATURE_WRONG',
    '2 PREV_WRONG',
  ])
  one('stored hash', AT.ticket1, damage.hashChanged, ['1 HASH_WRONG'])
  one('stored hash of genesis', AT.genesis, damage.hashChanged, ['0 HASH_WRONG'])
  one('stored hash of the checkpoint', AT.checkpoint, damage.hashChanged, ['9 HASH_WRONG'])
  one('stored hash of the last record', AT.last, damage.hashChanged, ['12 HASH_WRONG'])
  one('signature', AT.ticket2, damage.sigChanged, ['3 SIGNATURE_WRONG'])
  one('signature, spelt with unused bits', AT.ticket2, damage.loose, ['3 SIGNATURE_WRONG'])
  one('the twin of a signature', AT.ticket2, damage.twin, ['3 HASH_WRONG'])
  one('the twin with its own hash', AT.ticket2, damage.twinRehashed, ['4 PREV_WRONG', '6 TPREV_WRONG', '9 CHECKPOINT_WRONG'])
  one('amount in x', AT.ticket1, (r) => damage.replaced(r, '"gt":"1250"', '"gt":"1251"'), ['1 SIGNATURE_WRONG'])
  one('amount in x, hash computed again', AT.ticket1, (r) => damage.bodyForged(r, { x: { ds: '2000:1250,1250', gt: '0' } }), [
    '1 SIGNATURE_WRONG',
    '2 PREV_WRONG',
  ])
  one('seq, far away', AT.ticket1, (r) => damage.bodyChanged(r, { seq: 900 }), ['1 SIGNATURE_WRONG'])
  one('seq, to one seen', AT.ticket2, (r) => damage.bodyForged(r, { seq: 1 }), ['3 SIGNATURE_WRONG', '4 PREV_WRONG'])
  one('type', AT.ticket2, (r) => damage.bodyChanged(r, { type: 'tickea' }), ['3 SIGNATURE_WRONG'])
  one('type, to one of the journal’s own', AT.ticket2, (r) => damage.bodyChanged(r, { type: 'sys.close' }), ['3 SIGNATURE_WRONG'])
  one('clock', AT.back, (r) => damage.bodyChanged(r, { ts: '2026-11-23T09:00:00.000Z' }), ['6 SIGNATURE_WRONG'])
  one('epoch of sys.open', AT.open, (r) => damage.bodyChanged(r, { epoch: 7 }), ['4 SIGNATURE_WRONG'])
  one('queue', AT.invoice, (r) => damage.bodyChanged(r, { queue: r.body.queue.replace('0193', '0194') }), ['2 QUEUE_WRONG'])
  one('kid', AT.invoice, (r) => damage.bodyChanged(r, { kid: `A${r.body.kid.slice(1)}` }), ['2 KEY_WRONG'])
  one('alg', AT.invoice, (r) => damage.bodyChanged(r, { alg: 'RS256' }), ['2 KEY_WRONG'])
  one('queue, hash computed again', AT.invoice, (r) => damage.bodyForged(r, { queue: r.body.queue.replace('0193', '0194') }), [
    '2 QUEUE_WRONG',
    '3 PREV_WRONG',
  ])
  one('kid, hash computed again', AT.invoice, (r) => damage.bodyForged(r, { kid: `A${r.body.kid.slice(1)}` }), [
    '2 KEY_WRONG',
    '3 PREV_WRONG',
  ])
  one('alg, hash computed again', AT.invoice, (r) => damage.bodyForged(r, { alg: 'RS256' }), ['2 KEY_WRONG', '3 PREV_WRONG'])
  one('prev, in capitals', AT.invoice, (r) => damage.bodyChanged(r, { prev: r.body.prev.toUpperCase() }), ['2 RECORD_MALFORMED'])
  one('first record of a request', AT.closing, damage.sigChanged, ['7 SIGNATURE_WRONG'])
  one('last record of a request', AT.checkpoint, damage.sigChanged, ['9 SIGNATURE_WRONG'])
  one('genesis', AT.genesis, damage.sigChanged, ['0 SIGNATURE_WRONG'])
  one('payload of genesis', AT.genesis, (r) => damage.replaced(r, '"software":"test/0"', '"software":"test/1"'), ['0 PAY_WRONG'])
  one('segBits of genesis', AT.genesis, (r) => damage.replaced(r, '"segBits":6', '"segBits":7'), ['0 PAY_WRONG'])
  one('key of genesis', AT.genesis, (r) => damage.replaced(r, '"y":"va', '"y":"vb'), ['0 KEY_WRONG', '1 KEY_WRONG?'])
  one('payload of sys.open', AT.open, (r) => damage.replaced(r, '"host":"host-a"', '"host":"host-b"'), ['4 PAY_WRONG'])
  one('root in a checkpoint', AT.checkpoint, (r) => damage.replaced(r, r.payload.root, damage.otherDigit(r.payload.root)), [
    '9 PAY_WRONG',
  ])
  one('the last record', AT.last, damage.sigChanged, ['12 SIGNATURE_WRONG'])
  const two = lines
    .with(AT.ticket1, damage.hashChanged(journal.at(AT.ticket1)))
    .with(AT.note, damage.payloadChanged(journal.at(AT.note), {}))
  cases.add('two records, far apart', two, ['1 HASH_WRONG', '11 PAY_WRONG'])
  const both = lines
    .with(AT.ticket1, damage.sigChanged(journal.at(AT.ticket1)))
    .with(AT.invoice, damage.sigChanged(journal.at(AT.invoice)))
  cases.add('two neighbours', both, ['1 SIGNATURE_WRONG', '2 SIGNATURE_WRONG'])
  const again = damage.payloadForged(journal.at(AT.ticket4), { number: 'T-4', total: 1 })
  cases.add(
    'payload forged, and the stored hash of the next record',
    lines.with(AT.ticket4, again).with(AT.note, damage.hashChanged(journal.at(AT.note))),
    ['10 SIGNATURE_WRONG', '11 HASH_WRONG', '11 PREV_WRONG'],
  )
}

function movedCases(cases, lines) {
  const without = (...seqs) => lines.filter((_, seq) => !seqs.includes(seq))
  const swapped = (a, b) => lines.with(a, lines[b]).with(b, lines[a])
  const bytes = (text) => Buffer.from(text)
  cases.add('genesis removed', without(0), ['0 RECORD_MISSING', '1 KEY_WRONG?'])
  cases.add('ticket removed', without(AT.ticket1), ['1 RECORD_MISSING'])
  cases.add('last of a batch removed', without(AT.ticket2), ['3 RECORD_MISSING'])
  cases.add('sys.open removed', without(AT.open), ['4 RECORD_MISSING'])
  cases.add('sys.key removed', without(AT.key), ['5 RECORD_MISSING', '6 KEY_WRONG?'])
  cases.add('sys.key removed, the key known from elsewhere', without(AT.key), ['5 RECORD_MISSING'], {
    keys: [JSON.parse(lines[AT.key]).payload.key],
  })
  cases.add('first of a request removed', without(AT.closing), ['7 RECORD_MISSING'])
  cases.add('checkpoint of a request removed', without(AT.checkpoint), ['9 RECORD_MISSING'])
  cases.add('three neighbours removed', without(1, 2, 3), ['1 RECORD_MISSING'])
  cases.add('two apart removed', without(2, 8), ['2 RECORD_MISSING', '8 RECORD_MISSING'])
  cases.add('the beginning removed', lines.slice(6), ['0 RECORD_MISSING', '6 KEY_WRONG?'])
  cases.add('the end removed, within a request', lines.slice(0, 9), ['8 MORE_WRONG'])
  cases.add('the end removed, between requests: nothing can tell', lines.slice(0, 10), [])
  cases.add('ticket twice', lines.toSpliced(2, 0, lines[1]), ['1 RECORD_REPEATED'])
  cases.add('ticket twice, the second time at the end', [...lines, lines[AT.ticket1]], ['1 RECORD_REPEATED'])
  cases.add('genesis twice', [lines[0], ...lines], ['0 RECORD_REPEATED'])
  cases.add('sys.key twice', lines.toSpliced(AT.key, 0, lines[AT.key]), ['5 RECORD_REPEATED'])
  cases.add('last record twice', [...lines, lines[AT.last]], ['12 RECORD_REPEATED'])
  cases.add(
    'the whole journal twice',
    [...lines, ...lines],
    lines.map((_, seq) => `${seq} RECORD_REPEATED`),
  )
  cases.add('neighbours swapped', swapped(1, 2), ['1 RECORD_MISSING', '1 SEQ_WRONG'])
  cases.add('last two swapped', swapped(11, 12), ['11 RECORD_MISSING', '11 SEQ_WRONG'])
  cases.add('sys.key and its successor swapped', swapped(5, 6), ['5 RECORD_MISSING', '5 SEQ_WRONG', '6 KEY_WRONG?'])
  cases.add('first two swapped', swapped(0, 1), ['0 RECORD_MISSING', '0 SEQ_WRONG', '1 KEY_WRONG?'])
  cases.add('two far apart swapped', swapped(1, 10), [
    '1 RECORD_MISSING',
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((seq) => `${seq} SEQ_WRONG`),
    '10 KEY_WRONG?',
  ])
  cases.add('a record moved to the end', [...without(AT.invoice), lines[AT.invoice]], ['2 RECORD_MISSING', '2 SEQ_WRONG'])
  cases.add('line feed altered: two lines become one', lines.toSpliced(1, 2, `${lines[1]}*${lines[2]}`), [
    '1 LINE_MALFORMED',
    '2 RECORD_MISSING',
  ])
  cases.add('a byte became a line feed', lines.toSpliced(1, 1, lines[1].slice(0, 99), lines[1].slice(100)), [
    '1 LINE_MALFORMED',
    '1 LINE_MALFORMED',
  ])
  cases.add('an empty line between', lines.toSpliced(5, 0, ''), ['5 LINE_MALFORMED'])
  cases.add('an empty line at the end', [...lines, ''], ['13 LINE_MALFORMED'])
  cases.add('garbage at the end', [...lines, bytes('garbage'), bytes('more')], ['13 LINE_MALFORMED', '14 LINE_MALFORMED'])
  cases.add('garbage in front', ['garbage', ...lines], ['0 LINE_MALFORMED'])
  cases.add('garbage for a record and another missing', lines.toSpliced(2, 2, 'garbage'), [
    '2 LINE_MALFORMED',
    '3 RECORD_MISSING',
  ])
  cases.add('only garbage', ['garbage'], ['0 LINE_MALFORMED'])
}

function foreignCases(cases, journal) {
  const lines = journal.lines
  const after = (seq, ...added) => lines.toSpliced(seq + 1, 0, ...added)
  const other = new Journal({ queue: '01939c2e-7a10-7000-8000-000000000002' })
  other.genesis()
  for (let i = 0; i < 4; i++) other.ticket(1)
  cases.add('a line of another queue, by the same key', after(1, other.lines[2]), ['2 QUEUE_WRONG'])
  cases.add('another queue’s record in place of ours', lines.with(2, other.lines[2]), ['2 QUEUE_WRONG', '3 PREV_WRONG'])
  cases.add('another queue’s genesis at the end', [...lines, other.lines[0]], ['13 QUEUE_WRONG'])
  cases.add('a forged line put in', after(1, damage.bodyForged(journal.at(1), { seq: 2 })), ['2 SIGNATURE_WRONG'])
  cases.add(
    'a line by a stranger’s key put in',
    after(1, damage.resealed(journal.at(1), { seq: 2, prev: journal.at(1).hash }, STRANGER)),
    ['2 KEY_WRONG'],
  )
  cases.add('a stranger’s line in place of ours', lines.with(2, damage.resealed(journal.at(2), {}, STRANGER)), [
    '2 KEY_WRONG',
    '3 PREV_WRONG',
  ])
  cases.add(
    'a stranger’s line at the end',
    [...lines, damage.resealed(journal.at(12), { seq: 13, prev: journal.at(12).hash }, STRANGER)],
    ['13 KEY_WRONG'],
  )
  cases.add('a line by the old key after the change', lines.with(6, damage.resealed(journal.at(6), {}, K1)), [
    '6 KEY_WRONG',
    '7 PREV_WRONG',
  ])
}
