// What a running test authority can be asked and told; the control interface offers the same over HTTP.
import type { Style } from './answers.js'
import type { Device, DeviceKind, DeviceState, State } from './effects.js'
import type { FaultPlan } from './faults.js'
import type { Duplicates } from './judge.js'
import type { Entry } from './ledger.js'
import type { Hours } from './server.js'
import type { Route } from './tables.js'

/** Policies that may change while it runs. */
export interface Policies {
  readonly style?: Style
  readonly hours?: Hours
  readonly duplicates?: Duplicates
  readonly duplicatesOf?: Partial<Record<Route, Duplicates>>
  readonly progressive?: 'log' | 'refuseGap' | 'refuseRegression'
}

/** A device of which the authority learns without an enrolment; one it knows begins anew. */
export interface Adoption {
  /** PEM or DER; its common name is the serial number. */
  readonly certificate: string | Uint8Array
  readonly kind: DeviceKind
  readonly state?: DeviceState
  readonly merchant?: string
  /** A sending module on an older register. */
  readonly oldRegister?: boolean
}

/** Which lines of the ledger. */
export interface EntryFilter {
  readonly route?: Route
  readonly sender?: string
  readonly accepted?: boolean
  /** From this line on. */
  readonly from?: number
}

/** A running test authority. */
export interface Authority {
  /** Address for devices, as `https://127.0.0.1:40001`; operations lie below `/v1/dispositivi`. */
  readonly url: string
  /** Address of the control interface, when one is open. */
  readonly controlUrl: string | undefined
  /** Roots, PEM: of device certificates, of answers, of the server. */
  readonly roots: { readonly device: string; readonly answers: string; readonly tls: string }
  readonly devices: readonly Readonly<Device>[]
  entries(filter?: EntryFilter): readonly Entry[]
  /** Exact bytes of a line, as they came and as they were answered. */
  bytes(n: number): { readonly request: Uint8Array | undefined; readonly answer: Uint8Array | undefined }
  /** What became of each lottery document, in order. */
  lottery(): State['lottery']
  /** A manufacturer's certificate over this public key (SPKI DER, or PEM), DER. */
  certifyManufacturer(vat: string, publicKey: string | Uint8Array): Uint8Array
  /** Trusts another root for devices and manufacturers, PEM. @throws Error when there is no certificate */
  trust(root: string): void
  adopt(device: Adoption): void
  /** @throws RangeError for an unknown device or state */
  setState(matricola: string, state: DeviceState): void
  /** Its clock against the source, milliseconds. */
  readonly clockOffsetMs: number
  /** Moves the clock by so much against its source. */
  setClock(offsetMs: number): void
  now(): number
  /** @throws RangeError for an unknown policy or value */
  setPolicies(policies: Policies): void
  readonly policies: Required<Policies>
  /** @throws RangeError for an unknown fault */
  inject(plan: FaultPlan): void
  clearFaults(): void
  readonly faults: readonly FaultPlan[]
  /** Text of a device's QR code, as the portal would give it out. @throws RangeError for a device without merchant */
  qrText(matricola: string): string
  /** An accepted day as the portal gives it back, rewritten; undefined when that line is none. */
  portalFile(n: number): { readonly name: string; readonly xml: string } | undefined
  /** Drops everything as it stands: connections, port, files. The folder can be opened again. */
  crash(): void
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
