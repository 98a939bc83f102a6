// Codes of the incumbent middleware's French receipts, as its public documentation and source show them: receipt case, charge item
// case and pay item case, low words, and what each becomes here.

/** What a receipt case becomes. `loss` says what the translation cannot keep. */
export interface CaseRow {
  readonly name: string
  readonly request?: Readonly<Record<string, string>>
  readonly loss?: string
}

/** Receipt cases by low word. */
export const receiptCases: Readonly<Record<number, CaseRow>> = {
  0x00: { name: 'unknown', request: { type: 'ticket', op: 'sale' } },
  0x01: { name: 'ticket', request: { type: 'ticket', op: 'sale' } },
  0x02: { name: 'payment proof', request: { type: 'payment', op: 'collection' } },
  0x03: { name: 'invoice', request: { type: 'invoice', op: 'invoice' } },
  0x04: { name: 'shift closing', request: { type: 'closing', kind: 'shift' } },
  0x05: { name: 'daily closing', request: { type: 'closing', kind: 'day' } },
  0x06: { name: 'monthly closing', request: { type: 'closing', kind: 'month' } },
  0x07: { name: 'yearly closing', request: { type: 'closing', kind: 'year' } },
  0x08: { name: 'bill', request: { type: 'note', op: 'note' } },
  0x09: { name: 'delivery note', request: { type: 'note', op: 'delivery' }, loss: 'was not signed there; is a signed note here' },
  0x0a: { name: 'cash in', request: { type: 'payment', op: 'cash-in' } },
  0x0b: { name: 'cash out', request: { type: 'payment', op: 'cash-out' } },
  0x0c: { name: 'payment transfer', request: { type: 'payment', op: 'transfer' } },
  0x0d: { name: 'internal', loss: 'internal documents are not recorded here' },
  0x0e: { name: 'foreign sales', request: { type: 'note', op: 'note' }, loss: 'becomes a note' },
  0x0f: { name: 'zero receipt', request: { type: 'zero' } },
  0x10: { name: 'start', request: { type: 'start' } },
  0x11: { name: 'stop', request: { type: 'stop' } },
  0x12: { name: 'technical event', request: { type: 'event' } },
  0x13: { name: 'accounting event', request: { type: 'event' } },
  0x14: { name: 'custom protocol', loss: 'custom protocols are not recorded here' },
  0x15: { name: 'archive', loss: 'archives are made by createArchive, which writes the container as well' },
  0x16: { name: 'copy', request: { type: 'copy' } },
}

/** Flags OR-ed to the receipt case. */
export const receiptFlags: Readonly<Record<'failed' | 'training' | 'reverse' | 'handwritten' | 'receiptRequest', bigint>> = {
  failed: 0x10000n,
  training: 0x20000n,
  reverse: 0x40000n,
  handwritten: 0x80000n,
  receiptRequest: 0x0000_8000_0000_0000n,
}

const cash = 'ESP'
/** Payment mode by low word of the pay item case; anything else is AUT. */
export const payModes: Readonly<Record<number, string>> = {
  0x00: cash,
  0x01: cash,
  0x02: cash,
  0x03: 'CHQ',
  0x04: 'CB',
  0x05: 'CB',
  0x06: 'AVO',
  0x07: 'LIG',
  0x08: 'AUT',
  0x09: 'CB',
  0x0a: 'CB',
  0x0b: 'CRE',
  0x0c: 'PRE',
  0x0d: 'VIR',
  0x0e: 'INT',
  0x0f: 'INT',
  0x10: 'INT',
  0x11: 'INT',
  0x12: cash,
}

/** Nature of a line by low word of the charge item case. */
export function natureOf(itemCase: number): string {
  if (itemCase === 0x07 || itemCase === 0x21 || itemCase === 0x22) return 'O'
  if (itemCase >= 0x1c && itemCase <= 0x20) return 'D'
  return itemCase >= 0x0d && itemCase <= 0x16 ? 'S' : 'B'
}

/** True for the case of reverse charge. */
export function isReverseCharge(itemCase: number): boolean {
  return itemCase === 0x06
}
