// The signers of an open queue: its own and those that a change of key brought. The key of the next record is the one the chain names: a
// change holds from where its record stands, also within a batch, and for as long as that record does.
import type { FiscalError } from '../errors.js'
import type { Signer } from '../signer.js'

/** A signer that has failed since it signed last. */
export interface SignerFailures {
  readonly count: number
  /** When it failed first. */
  readonly since: string
  readonly code: string
}

/** Signers by the thumbprint of their key. */
export class QueueSigners {
  readonly #known = new Map<string, Signer>()
  readonly #first: Signer
  /** Set while the signer fails: what the country may want to journal once it is back. */
  failures: SignerFailures | undefined

  constructor(first: Signer) {
    this.#first = first
    this.know(first)
  }

  know(signer: Signer): void {
    this.#known.set(signer.describe().keyId, signer)
  }

  of(kid: string): Signer {
    return this.#known.get(kid) ?? this.#first
  }

  /** A signature was made, or not. */
  note(error: FiscalError | undefined, now: () => string): void {
    if (error === undefined) {
      this.failures = undefined
      return
    }
    const { count = 0, since = now() } = this.failures ?? {}
    this.failures = { count: count + 1, since, code: String(error.details['signerCode'] ?? error.code) }
  }
}
