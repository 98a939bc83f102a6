// Public keys and certificates as PEM, for the folder `certificats` of an archive: any tool can read them.
import { FiscalError, type PublicJwk } from '@sigillo/core'

type Algorithm = Readonly<Record<string, unknown>> & { readonly name: string }

/** PEM of a public key (SubjectPublicKeyInfo), made by the platform's own WebCrypto. */
export async function publicKeyPem(jwk: PublicJwk): Promise<string> {
  try {
    const key = await crypto.subtle.importKey('jwk', jwk as unknown as JsonWebKey, algorithmOf(jwk) as never, true, ['verify'])
    return pem('PUBLIC KEY', new Uint8Array(await crypto.subtle.exportKey('spki', key)))
  } catch (cause) {
    throw new FiscalError('FORMAT_UNSUPPORTED', { message: 'this platform cannot write the public key of the queue', cause })
  }
}

function algorithmOf(jwk: PublicJwk): Algorithm {
  if (jwk.kty === 'EC') return { name: 'ECDSA', namedCurve: jwk.crv }
  if (jwk.kty === 'OKP') return { name: 'Ed25519' }
  return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
}

/** PEM of a certificate given as base64 of its DER. */
export function certificatePem(base64: string): string {
  return wrap('CERTIFICATE', base64)
}

function pem(label: string, der: Uint8Array): string {
  return wrap(label, btoa(String.fromCharCode(...der)))
}

function wrap(label: string, base64: string): string {
  return `-----BEGIN ${label}-----\n${base64.replace(/(.{64})/g, '$1\n').replace(/\n$/, '')}\n-----END ${label}-----\n`
}
