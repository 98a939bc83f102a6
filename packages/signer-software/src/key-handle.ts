// A key made in this process, as applications see it: which key it is, and nothing that signs. Signing is the guarded signer's alone
// (signing specification 9.2).
import type { PublicJwk, RecordAlg } from '@sigillo/core'
import { generateKey as makeKey } from '#keys'
import { signerError } from '@sigillo/core'
import type { GenerateOptions, SoftwareKey } from './key-contract.js'

/** A fresh key for one signer or one key file. */
export interface KeyHandle {
  readonly alg: RecordAlg
  readonly publicJwk: PublicJwk
}

const keys = new WeakMap<KeyHandle, SoftwareKey>()

/** A fresh key from the system's random source, for `softwareSigner`. @throws FiscalError CONFIG_INVALID for an RSA length out of range */
export async function generateKey(alg: RecordAlg = 'ES256', options: GenerateOptions = {}): Promise<KeyHandle> {
  return handleOf(await makeKey(alg, options))
}

/** A handle for a key of this process; not for applications. */
export function handleOf(key: SoftwareKey): KeyHandle {
  const handle = Object.freeze({ alg: key.alg, publicJwk: Object.freeze({ ...key.publicJwk }) })
  keys.set(handle, key)
  return handle
}

/** The key behind a handle, handed over: the handle holds nothing afterwards. @throws FiscalError CONFIG_INVALID when it does not */
export function takeKey(handle: KeyHandle): SoftwareKey {
  const key = keys.get(handle)
  keys.delete(handle)
  if (key === undefined)
    throw signerError('CONFIG_INVALID', { message: 'the key was handed over already', reason: 'key-unusable' })
  return key
}
