// A signer that fails on request around a real one (signing specification 3.4, 25): refuses, loses the answer, hangs, or returns
// a wrong signature. Every call is counted.
import { signerError } from '@sigillo/core'
import type { Signer, SignerCode, SignOutcome, SignRequest, SignResult } from '@sigillo/core'

/** One failure wanted. */
export interface SignerFault {
  /** The n-th signature from now on, from 1; default 1. */
  readonly nth?: number
  /** How many in a row; default 1. */
  readonly times?: number
  /**
   * `refuse`: nothing is signed. `lose`: it is signed, and the answer is lost. `wrong`: one bit of the signature is turned.
   * `hang`: no answer until the caller aborts or the signer is closed.
   */
  readonly how: 'refuse' | 'lose' | 'wrong' | 'hang'
  /** Code of the error for `refuse` and `lose`; default DEVICE_FAULT. */
  readonly code?: SignerCode
}

/** A signer with faults. It has no `signNow`: like a device, it answers only by promise. */
export interface FaultySigner extends Omit<Signer, 'signNow'> {
  /** Calls of `sign` so far. */
  readonly calls: () => number
  /** Signatures the real signer made. */
  readonly signed: () => number
  /** Adds a failure; counting starts now. */
  fail(fault: SignerFault): void
  /** Takes every failure back that has not happened. */
  heal(): void
}

/** Puts faults around a signer. */
export function faultySigner(signer: Signer, plan: readonly SignerFault[] = []): FaultySigner {
  let armed = plan.map((fault) => ({ fault, seen: 0 }))
  let calls = 0
  let signed = 0
  const closed = new AbortController()
  const due = (): SignerFault | undefined => {
    let first: SignerFault | undefined
    for (const entry of armed) {
      const { nth = 1, times = 1 } = entry.fault
      entry.seen += 1
      if (entry.seen >= nth && entry.seen < nth + times) first ??= entry.fault
    }
    return first
  }
  const sign = async (request: SignRequest, options: { readonly signal?: AbortSignal } = {}): Promise<SignResult> => {
    calls += 1
    const fault = due()
    if (fault?.how === 'hang') return hang(options.signal, closed.signal)
    if (fault?.how === 'refuse') throw failure(fault, 'not-signed')
    const result = await signer.sign(request, options)
    signed += 1
    if (fault?.how === 'lose') throw failure(fault, 'unknown')
    return fault === undefined ? result : { ...result, signature: turned(result.signature) }
  }
  return {
    calls: () => calls,
    signed: () => signed,
    fail: (fault) => void armed.push({ fault, seen: 0 }),
    heal: () => {
      armed = []
    },
    describe: () => signer.describe(),
    sign,
    close: async () => {
      closed.abort()
      await signer.close()
    },
  }
}

function failure({ code = 'DEVICE_FAULT', how }: SignerFault, outcome: SignOutcome): Error {
  return signerError(code, { message: `failed on request: ${how}`, outcome })
}

function turned(signature: Uint8Array): Uint8Array {
  const wrong = signature.slice()
  const last = wrong.length - 1
  wrong[last] = (wrong[last] as number) ^ 1
  return wrong
}

function hang(signal: AbortSignal | undefined, closed: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (code: 'ABORTED' | 'CLOSED'): void =>
      reject(signerError(code, { message: 'the device never answered', outcome: 'unknown' }))
    if (signal?.aborted === true || closed.aborted) end(closed.aborted ? 'CLOSED' : 'ABORTED')
    signal?.addEventListener('abort', () => end('ABORTED'), { once: true })
    closed.addEventListener('abort', () => end('CLOSED'), { once: true })
  })
}
