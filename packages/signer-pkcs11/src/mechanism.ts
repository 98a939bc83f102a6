// Which mechanism signs a suite on this token (signing specification 6.4): chosen once, when the token is opened. Raw mechanisms over our own
// digest come first: they are what practically every token has.
import { signerError, suiteOfAlg, suites, type PublicJwk, type RecordAlg, type SignRequest, type SuiteId } from '@sigillo/core'
import { concat, fromHex } from '@sigillo/core'
import { CK, type Mechanism } from './cryptoki.js'

/** The one way a key signs here. */
export interface Choice {
  readonly alg: RecordAlg
  readonly suite: SuiteId
  readonly mechanism: Mechanism
  /** What the token is given: our digest, DigestInfo around it, or the message. */
  readonly form: 'digest' | 'digestInfo' | 'message'
}

const SHA256_INFO = fromHex('3031300d060960864801650304020105000420') as Uint8Array
const PSS = { hash: CK.CKM_SHA256, mgf: CK.CKG_MGF1_SHA256, saltBytes: 32 } as const

const WAYS: Readonly<Record<Exclude<SuiteId, 'ed25519'>, readonly Omit<Choice, 'alg' | 'suite'>[]>> = {
  es256: [
    { mechanism: { type: CK.CKM_ECDSA }, form: 'digest' },
    { mechanism: { type: CK.CKM_ECDSA_SHA256 }, form: 'message' },
  ],
  es384: [
    { mechanism: { type: CK.CKM_ECDSA }, form: 'digest' },
    { mechanism: { type: CK.CKM_ECDSA_SHA384 }, form: 'message' },
  ],
  rs256: [
    { mechanism: { type: CK.CKM_RSA_PKCS }, form: 'digestInfo' },
    { mechanism: { type: CK.CKM_SHA256_RSA_PKCS }, form: 'message' },
  ],
  ps256: [
    { mechanism: { type: CK.CKM_RSA_PKCS_PSS, pss: PSS }, form: 'digest' },
    { mechanism: { type: CK.CKM_SHA256_RSA_PKCS_PSS, pss: PSS }, form: 'message' },
  ],
}

/** The mechanism for a key. @throws FiscalError MECHANISM_UNSUPPORTED, CONFIG_INVALID (wrong-algorithm) */
export function chooseMechanism(jwk: PublicJwk, wanted: RecordAlg | undefined, offered: readonly number[]): Choice {
  const alg = wanted ?? (jwk.kty === 'RSA' ? 'RS256' : jwk.kty === 'EC' && jwk.crv === 'P-384' ? 'ES384' : 'ES256')
  const suite = suiteOfAlg(alg).id
  const fits = suites[suite].keyType === jwk.kty && (jwk.kty !== 'EC' || (jwk.crv === 'P-256') === (alg === 'ES256'))
  if (!fits || suite === 'ed25519')
    throw signerError('CONFIG_INVALID', { message: `this key does not sign ${alg}`, reason: 'wrong-algorithm' })
  const way = WAYS[suite].find(({ mechanism }) => offered.includes(mechanism.type))
  if (way === undefined) throw signerError('MECHANISM_UNSUPPORTED', { message: `this token offers no mechanism for ${suite}` })
  return { alg, suite, ...way }
}

/** True when every mechanism the key is limited to belongs to the suite; a key without such a limit is no worse than its token. */
export function isLimitedTo(suite: SuiteId, allowed: readonly number[]): boolean {
  const own = suite === 'ed25519' ? [] : WAYS[suite].map(({ mechanism }) => mechanism.type)
  return allowed.every((mechanism) => own.includes(mechanism))
}

/** The bytes the token is given for a request. */
export function dataFor({ form }: Choice, { input }: SignRequest): Uint8Array {
  if ('message' in input) return input.message
  return form === 'digestInfo' ? concat(SHA256_INFO, input.digest) : input.digest
}
