// The factory applications call: the device, in this process or in one of its own, behind core's guard.
import { guardSigner, signerError, systemClock, type GuardedSigner } from '@sigillo/core'
import { acceptedNames } from './find-key.js'
import { openIsolated } from './isolated-device.js'
import { openDevice } from './open.js'
import type { DeviceOptions, Pkcs11Options } from './options.js'

/**
 * Opens a signer for one key on a PKCS#11 token.
 * @throws FiscalError of kind signer: CONFIG_INVALID, TOKEN_REMOVED, KEY_NOT_FOUND, KEY_AMBIGUOUS, KEY_MISMATCH, MECHANISM_UNSUPPORTED, or of class pin
 * @example const signer = await openPkcs11({ module: '/usr/lib/softhsm/libsofthsm2.so', uri: 'pkcs11:token=till;object=record', pin, audit })
 */
export async function openPkcs11(options: Pkcs11Options): Promise<GuardedSigner> {
  const { guard, acceptedWeaknesses, isolate = false, ...rest } = options
  // Where a policy is in force its list is the only one: a caller's own would be a way round it.
  const named = guard?.policy === undefined ? acceptedWeaknesses : guard.policy.acceptedWeaknesses
  const accepted = acceptedNames(named, (guard?.clock ?? systemClock).now())
  const device =
    isolate === false
      ? await openDevice({ ...rest, accepted })
      : await openIsolated(isolatable({ ...rest, accepted }), isolate === true ? {} : isolate)
  try {
    return guardSigner(device, { ...guard, audit: options.audit })
  } catch (error) {
    // A policy that does not fit leaves no token logged in behind it.
    await device.close()
    throw error
  }
}

function isolatable(options: DeviceOptions): DeviceOptions {
  if (options.cryptoki === undefined) return options
  throw signerError('CONFIG_INVALID', { message: 'a port handed in cannot move to another process', reason: 'isolate' })
}
