// A signer over a kit's key: what the kits give a real queue.
import { thumbprint, utf8 } from '@sigillo/core'
import type { Signer, SignerDescription } from '@sigillo/core'
import { fromBase64url, signerError } from '@sigillo/core'
import type { KitKey } from './kit-journal.js'

/** The signer. */
export function kitSigner(key: KitKey): Signer {
  const description: SignerDescription = {
    signerId: 'kit',
    kind: 'software',
    keyId: thumbprint(key.jwk),
    alg: 'ES256',
    suites: ['es256'],
    publicJwk: key.jwk,
    publicKeySpki: spkiOf(key),
    certificates: [],
    limits: { maxConcurrent: 1, maxQueue: 1000, maxMessageBytes: 1_048_576 },
    capabilities: {
      acceptsDigest: false,
      acceptsMessage: true,
      hardwareProtected: false,
      extractable: true,
      deterministic: false,
      perUseAuthentication: false,
      countsSignatures: false,
      batchAuthorisation: false,
      canGenerateKey: false,
      canAttest: false,
      offline: true,
      documentMode: false,
      qualifiedDevice: false,
      cancellable: 'queued',
    },
  }
  return {
    describe: () => description,
    sign: async ({ input }) => {
      if (!('message' in input)) throw signerError('REQUEST_INVALID', { message: 'this signer takes messages' })
      const signature = fromBase64url(await key.sign(new TextDecoder().decode(input.message)))
      return { signature: signature as Uint8Array }
    },
    close: async () => undefined,
  }
}

// SubjectPublicKeyInfo of an uncompressed P-256 point (RFC 5480): the prefix is constant.
const P256_PREFIX = '3059301306072a8648ce3d020106082a8648ce3d030107034200'

function spkiOf({ jwk }: KitKey): Uint8Array {
  const { x, y } = jwk as { readonly x: string; readonly y: string }
  const prefix = Uint8Array.from(P256_PREFIX.match(/../g) ?? [], (hex) => Number.parseInt(hex, 16))
  return Uint8Array.from([...prefix, 4, ...(fromBase64url(x) ?? utf8('')), ...(fromBase64url(y) ?? utf8(''))])
}
