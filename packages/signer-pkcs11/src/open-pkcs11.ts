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
  const accepted = acceptedNames(acceptedWeaknesses ?? guard?.policy?.acceptedWeaknesses, (guard?.clock ?? systemClock).now())
  const device =
    isolate === false
      ? await openDevice({ ...rest, accepted })
      : await openIsolated(isolatable({ ...rest, accepted }), isolate === true ? {} : isolate)
  return guardSigner(device, { ...guard, audit: options.audit })
}

function isolatable(options: DeviceOptions): DeviceOptions {
  if (options.cryptoki === undefined) return options
  throw signerError('CONFIG_INVALID', { message: 'a port handed in cannot move to another process', reason: 'isolate' })
}
