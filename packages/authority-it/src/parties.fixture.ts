// Keys and signers of the parties in tests, without anything of the client's rules: keys take time, and so does loading.
import type { Signer } from '@sigillo/core'
import { generateKey, softwareSigner } from '@sigillo/signer-software'
import type { Authority } from './contract.js'

/** A fresh RSA key of 2048 bits as a signer. */
export async function rsaSigner(): Promise<Signer> {
  return softwareSigner({ key: await generateKey('RS256', { modulusLength: 2048 }) })
}

let shared: Promise<Signer> | undefined

/** One RSA key for all who need none of their own: keys take time. */
export function sharedSigner(): Promise<Signer> {
  return (shared ??= rsaSigner())
}

/** A signer that also says its certificate. */
export function certified(signer: Signer, certificate: Uint8Array): Signer {
  return {
    describe: () => ({ ...signer.describe(), certificates: [certificate] }),
    sign: (request) => signer.sign(request),
    close: () => signer.close(),
  }
}

/** A manufacturer the authority knows. */
export async function manufacturerOf(authority: Authority): Promise<Signer> {
  const signer = await sharedSigner()
  return certified(signer, authority.certifyManufacturer('05550001118', signer.describe().publicKeySpki))
}
