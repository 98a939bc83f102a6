// The ordinary journal most cases damage: two epochs, two keys, a batch of two, a closing of three records, a clock set back.
import { Journal } from './journal.mjs'
import { K2 } from './keys.mjs'

/** Seqs of the shop's records, by what they are. */
export const AT = {
  genesis: 0,
  ticket1: 1,
  invoice: 2,
  ticket2: 3,
  open: 4,
  key: 5,
  back: 6,
  closing: 7,
  event: 8,
  checkpoint: 9,
  ticket4: 10,
  note: 11,
  last: 12,
}

/** Writes the shop's journal. */
export function shop() {
  const journal = new Journal()
  journal.genesis()
  journal.ticket(1250, { x: { ds: '2000:1250,1250', gt: '1250' } })
  journal.put('invoice', { customer: 'Müller & Söhne €', number: 'I-1', total: 9900 }, { ref: 'POS-2', base: 2 })
  journal.ticket(-300, { base: 2 })
  journal.open()
  journal.rollover(K2)
  journal.ticket(500, { ts: '2026-11-23T08:00:04.000Z', tsBack: 1000 })
  journal.put('closing', { kind: 'day', total: 11350 }, { ref: 'DAY-1', more: 2 })
  journal.put('event', { code: 50 }, { base: 7, more: 1 })
  journal.checkpoint('closing', {}, { base: 7 })
  journal.ticket(700)
  journal.put('note', { text: 'x' }, {})
  journal.ticket(900)
  return journal
}
