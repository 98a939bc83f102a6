// What a vendor's protocol must say of itself so that one engine (till.ts) can drive it: where the device stands, how a document is
// written, what an answer means, and whether a document whose outcome is unknown is in the device.
import type { DeviceDocument, ReadDocument } from './document.js'

/** Where a till stands: as the device tells it, or as the till has gone on by itself. JSON. */
export interface Position {
  /** Number of the last closing. */
  readonly z: number
  /** Number of the last document since then. */
  readonly n: number
  /** What the next document's seal builds on; empty where the device does not chain. */
  readonly head: string
  /** Cents the protocol carries on: sales since birth, or of the day. */
  readonly running: number
  /** Whether documents are taken without opening first. */
  readonly open: boolean
  /** A secret of the device for sealing; empty where there is none. */
  readonly secret: string
  /** Amount of the last document, cents, where the device tells it. */
  readonly lastAmount?: number
}

/** A document written for the wire. Its bytes never change; a new start on the chain is a new one. JSON. */
export interface Prepared {
  readonly key: string
  readonly document: DeviceDocument
  /** Body of the message. */
  readonly body: string
  readonly z: number
  readonly n: number
  /** The seal printed on the document; empty where the device gives none beforehand. */
  readonly seal: string
  readonly amount: number
  readonly before: Position
  readonly after: Position
}

/** How an answer is to be met. */
export type Verdict =
  /** The device holds the document. `n`, `z` and `seal` are given where only the device knows them. */
  | {
      readonly is: 'accepted'
      readonly code: string
      readonly warnings: readonly string[]
      readonly z?: number
      readonly n?: number
      readonly seal?: string
    }
  /** The device refused it for what it says. */
  | { readonly is: 'refused'; readonly code: string; readonly message: string }
  /** Number, chain or totals differ from what the device has. */
  | { readonly is: 'outOfStep'; readonly code: string }
  /** Not now: the same again after a pause. */
  | { readonly is: 'busy'; readonly code: string }
  /** The device itself must be closed before it takes anything. */
  | { readonly is: 'closeFirst'; readonly code: string }
  /** No answer to believe. */
  | { readonly is: 'unknown'; readonly problem: string; readonly left: boolean }

/** Where a document of unknown outcome is. `elsewhere`: something else stands in its place. */
export type Whereabouts = 'registered' | 'absent' | 'elsewhere'

/** A protocol. Every member may reject with a transmission error of the Transport port. */
export interface Dialect {
  /** True when the till numbers and seals by itself and may go on without the device. */
  readonly chains: boolean
  /** Asks the device where this till stands. */
  ask(): Promise<Position>
  /** Opens the day; the position afterwards. */
  open(atMs: number): Promise<Position>
  /** Reads a document by the device's rules. @throws FiscalError with a code of 16.6 */
  read(document: DeviceDocument): ReadDocument
  /** Writes a document that follows a position. Pure. */
  prepare(key: string, document: DeviceDocument, position: Position, atMs: number): Prepared
  /** Sends a document once. Transport errors are told as `unknown`. */
  send(prepared: Prepared): Promise<Verdict>
  /** Asks whether a document is in the device, and says where the till stands when that came with the answer. */
  find(prepared: Prepared): Promise<{ readonly where: Whereabouts; readonly position?: Position }>
  /** Closes the period once. */
  close(position: Position, atMs: number): Promise<Verdict>
  /** Closes what must be closed before the till may go on (`closeFirst`), where there is such a thing. */
  closeDevice?(): Promise<Verdict>
  /** What the device says of its health, by the field's own names. */
  status(): Promise<Readonly<Record<string, string>>>
}
