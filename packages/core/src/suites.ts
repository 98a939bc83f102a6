// The table of signature suites (signing specification 2): code elsewhere names a suite, never an algorithm. Dates come from
// ETSI TS 119 312 v1.5.1: RSA below 3000 bits, and PKCS#1 v1.5 at any size, end with 2028.
import type { PublicJwk, RecordAlg } from './crypto-contract.js'
import type { SuiteId } from './signer.js'

/** One suite: what signs, how long the results are, until when they are accepted without an older proof of existence. */
export interface Suite {
  readonly id: SuiteId
  /** JOSE name (RFC 7518, RFC 8037), which records carry. */
  readonly alg: RecordAlg
  readonly keyType: 'EC' | 'OKP' | 'RSA'
  /** Bytes of the digest this suite signs; undefined when it signs messages only. */
  readonly digestBytes: 32 | 48 | undefined
  /** Bytes of a signature as the contract returns it (ECDSA: r‖s); undefined when it is the length of the modulus. */
  readonly signatureBytes: number | undefined
  /** Object identifier of the signature algorithm in CMS and X.509. */
  readonly oid: string
  /** Signatures made from here on need an older proof of existence. */
  readonly acceptUntil: string | undefined
  /** From here on a signer should warn. */
  readonly warnFrom: string | undefined
}

const lasting = { acceptUntil: undefined, warnFrom: undefined } as const

/** Every suite a record may be signed with. */
export const suites: Readonly<Record<SuiteId, Suite>> = {
  es256: {
    id: 'es256',
    alg: 'ES256',
    keyType: 'EC',
    digestBytes: 32,
    signatureBytes: 64,
    oid: '1.2.840.10045.4.3.2',
    ...lasting,
  },
  es384: {
    id: 'es384',
    alg: 'ES384',
    keyType: 'EC',
    digestBytes: 48,
    signatureBytes: 96,
    oid: '1.2.840.10045.4.3.3',
    ...lasting,
  },
  rs256: {
    id: 'rs256',
    alg: 'RS256',
    keyType: 'RSA',
    digestBytes: 32,
    signatureBytes: undefined,
    oid: '1.2.840.113549.1.1.11',
    acceptUntil: '2029-01-01',
    warnFrom: '2027-01-01',
  },
  ps256: {
    id: 'ps256',
    alg: 'PS256',
    keyType: 'RSA',
    digestBytes: 32,
    signatureBytes: undefined,
    oid: '1.2.840.113549.1.1.10',
    ...lasting,
  },
  ed25519: {
    id: 'ed25519',
    alg: 'EdDSA',
    keyType: 'OKP',
    digestBytes: undefined,
    signatureBytes: 64,
    oid: '1.3.101.112',
    ...lasting,
  },
}

/** The suite of a record algorithm. */
export function suiteOfAlg(alg: RecordAlg): Suite {
  return Object.values(suites).find((suite) => suite.alg === alg) as Suite
}

/** Bytes of a signature with this key. */
export function signatureLength(suite: Suite, jwk: PublicJwk): number {
  return suite.signatureBytes ?? (jwk.kty === 'RSA' ? Math.floor((jwk.n.length * 3) / 4) : 0)
}
