// The envelope of an encrypted key: EncryptedPrivateKeyInfo with PBES2 (RFC 5958 3, RFC 8018 A.4; scrypt RFC 7914 7). Reads the
// parameters so that weak ones are known before a passphrase is tried; writes one set of parameters only.
import {
  type Element,
  NULL,
  OCTET_STRING,
  OID,
  oidText,
  readAll,
  readSequence,
  SEQUENCE,
  smallInteger,
  writeElement,
  writeNumber,
  writeOid,
} from '@sigillo/core/der'

const PBES2 = '1.2.840.113549.1.5.13'
const PBKDF2 = '1.2.840.113549.1.5.12'
const SCRYPT = '1.3.6.1.4.1.11591.4.11'
const HMAC_SHA1 = '1.2.840.113549.2.7'
const HMAC_SHA256 = '1.2.840.113549.2.9'
const AES_256_CBC = '2.16.840.1.101.3.4.1.42'

const PRFS: Readonly<Record<string, string>> = {
  [HMAC_SHA1]: 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  [HMAC_SHA256]: 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}
const CIPHERS: Readonly<Record<string, { readonly name: string; readonly keyBytes: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  [AES_256_CBC]: { name: 'aes-256-cbc', keyBytes: 32 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24 },
}

/** How a passphrase becomes a key. */
export type Kdf =
  | { readonly name: 'pbkdf2'; readonly salt: Uint8Array; readonly iterations: number; readonly prf: string }
  | {
      readonly name: 'scrypt'
      readonly salt: Uint8Array
      readonly cost: number
      readonly blockSize: number
      readonly parallel: number
    }

/** A read envelope. `cipher` is undefined when it is one this file does not name; the platform may still open it. */
export interface Envelope {
  readonly kdf: Kdf
  readonly cipher: { readonly name: string; readonly keyBytes: number; readonly iv: Uint8Array } | undefined
  readonly encrypted: Uint8Array
}

/** The envelope in `der`, or undefined when it is not PBES2 with PBKDF2 or scrypt. */
export function readEnvelope(der: Uint8Array): Envelope | undefined {
  const [algorithm, encrypted] = readSequence(der) ?? []
  if (algorithm?.tag !== SEQUENCE || encrypted?.tag !== OCTET_STRING) return undefined
  const [scheme, parameters] = readAll(algorithm.content) ?? []
  if (named(scheme) !== PBES2 || parameters?.tag !== SEQUENCE) return undefined
  const [derivation, encryption] = readAll(parameters.content) ?? []
  const kdf = derivation?.tag === SEQUENCE ? readKdf(derivation.content) : undefined
  if (kdf === undefined || encryption?.tag !== SEQUENCE) return undefined
  return { kdf, cipher: readCipher(encryption.content), encrypted: encrypted.content }
}

function readCipher(content: Uint8Array): Envelope['cipher'] {
  const [oid, iv] = readAll(content) ?? []
  const cipher = CIPHERS[named(oid) ?? '']
  return cipher === undefined || iv?.tag !== OCTET_STRING ? undefined : { ...cipher, iv: iv.content }
}

function readKdf(content: Uint8Array): Kdf | undefined {
  const [oid, parameters] = readAll(content) ?? []
  const fields = parameters?.tag === SEQUENCE ? readAll(parameters.content) : undefined
  const [salt, ...rest] = fields ?? []
  if (salt?.tag !== OCTET_STRING) return undefined
  if (named(oid) === PBKDF2) return readPbkdf2(salt.content, rest)
  if (named(oid) !== SCRYPT) return undefined
  const [cost, blockSize, parallel] = rest.map(smallInteger)
  if (cost === undefined || blockSize === undefined || parallel === undefined) return undefined
  return { name: 'scrypt', salt: salt.content, cost, blockSize, parallel }
}

function readPbkdf2(salt: Uint8Array, rest: readonly Element[]): Kdf | undefined {
  const iterations = smallInteger(rest[0])
  const algorithm = rest.find((element) => element.tag === SEQUENCE)
  const prf = PRFS[algorithm === undefined ? HMAC_SHA1 : (named(readAll(algorithm.content)?.[0]) ?? '')]
  return iterations === undefined || prf === undefined ? undefined : { name: 'pbkdf2', salt, iterations, prf }
}

function named(element: Element | undefined): string | undefined {
  return element?.tag === OID ? oidText(element.content) : undefined
}

/** DER of an envelope: PBKDF2 with HMAC-SHA-256, AES-256-CBC. */
export function writeEnvelope(salt: Uint8Array, iterations: number, iv: Uint8Array, encrypted: Uint8Array): Uint8Array {
  const prf = writeElement(SEQUENCE, writeOid(HMAC_SHA256), writeElement(NULL))
  const kdfParameters = writeElement(SEQUENCE, writeElement(OCTET_STRING, salt), writeNumber(iterations), prf)
  const kdf = writeElement(SEQUENCE, writeOid(PBKDF2), kdfParameters)
  const cipher = writeElement(SEQUENCE, writeOid(AES_256_CBC), writeElement(OCTET_STRING, iv))
  const algorithm = writeElement(SEQUENCE, writeOid(PBES2), writeElement(SEQUENCE, kdf, cipher))
  return writeElement(SEQUENCE, algorithm, writeElement(OCTET_STRING, encrypted))
}
