// What this signer needs of a card reader, as a port: tests pass a state machine, applications the PC/SC binding of binding.ts.

/** Why a card or reader did not answer; `lost` when the connection itself is gone, with the card where it was. */
export type CardTrouble = 'removed' | 'reset' | 'busy' | 'no-service' | 'lost' | 'other'

/** A failure below the card's own status words. */
export class CardFailure extends Error {
  override readonly name = 'CardFailure'
  readonly trouble: CardTrouble
  /** The binding's own word for it. */
  readonly code: string | undefined
  constructor(trouble: CardTrouble, code?: string) {
    super(`card ${trouble}`)
    this.trouble = trouble
    this.code = code
  }
}

/** A connection to the card in one reader. Every call throws CardFailure. */
export interface CardConnection {
  readonly atr: Uint8Array
  readonly protocol: 'T0' | 'T1'
  /** One command, one answer; never interleaved by this signer. */
  transmit(command: Uint8Array): Promise<Uint8Array>
  /** Keeps other processes off the card; only called on shared connections. */
  begin(): Promise<void>
  end(how: 'leave' | 'reset'): Promise<void>
  /** Takes the handle up again after a reset by another process. */
  reconnect(how: 'leave' | 'reset'): Promise<void>
  disconnect(how: 'leave' | 'reset' | 'unpower'): Promise<void>
}

/** Card readers of this machine. */
export interface CardReaders {
  list(): Promise<readonly string[]>
  connect(reader: string, mode: 'exclusive' | 'shared'): Promise<CardConnection>
  close(): Promise<void>
}
