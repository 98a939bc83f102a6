// Keys of the corpus, derived from labels, for tests only. One key serves the queue as a signer and the forger as a pen.
import { createECDH, createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { thumbprint, toBase64url, type PublicJwk, type RecordAlg } from '@sigillo/core'
import { softwareSigner, type PrivateJwk } from '@sigillo/signer-software'

/** A key that signs whatever it is handed. */
export interface CorpusKey {
  readonly alg: RecordAlg
  readonly kid: string
  readonly jwk: PublicJwk
  sign(message: string): string
  signer(): ReturnType<typeof softwareSigner>
}

/** The key of a label. */
export function corpusKey(label: string, alg: 'ES256' | 'ES384' | 'EdDSA' = 'ES256'): CorpusKey {
  const secret = alg === 'EdDSA' ? edwards(label) : weierstrass(label, alg)
  const { d: _, ...jwk } = secret as PrivateJwk & { readonly d: string }
  const key = createPrivateKey({ key: secret, format: 'jwk' })
  const digest = { ES256: 'sha256', ES384: 'sha384', EdDSA: null }[alg]
  return {
    alg,
    kid: thumbprint(jwk as PublicJwk),
    jwk: jwk as PublicJwk,
    sign: (message) => toBase64url(sign(digest, new TextEncoder().encode(message), { key, dsaEncoding: 'ieee-p1363' })),
    signer: () => softwareSigner({ jwk: secret, alg }),
  }
}

function weierstrass(label: string, alg: 'ES256' | 'ES384'): PrivateJwk {
  const [crv, name, size] = alg === 'ES256' ? (['P-256', 'prime256v1', 32] as const) : (['P-384', 'secp384r1', 48] as const)
  const pair = createECDH(name)
  const d = createHash(alg === 'ES256' ? 'sha256' : 'sha384')
    .update(label)
    .digest()
  pair.setPrivateKey(d)
  const point = pair.getPublicKey()
  return {
    kty: 'EC',
    crv,
    d: toBase64url(d),
    x: toBase64url(point.subarray(1, 1 + size)),
    y: toBase64url(point.subarray(1 + size)),
  }
}

const ED25519_PKCS8 = '302e020100300506032b657004220420'

function edwards(label: string): PrivateJwk {
  const seed = createHash('sha256').update(label).digest()
  const key = createPrivateKey({ key: Buffer.concat([Buffer.from(ED25519_PKCS8, 'hex'), seed]), format: 'der', type: 'pkcs8' })
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  return { kty: 'OKP', crv: 'Ed25519', d: toBase64url(seed), x: x as string }
}
