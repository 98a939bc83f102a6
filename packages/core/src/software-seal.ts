// The software seal (signing specification 16): a signed list of the files a release consists of. Whoever installs the release pins the key of
// its maker; a till checks the files before it opens a fiscal signer. This file reads and judges the list; hashing files is the caller's.
import { fromBase64url, toBase64url, utf8 } from './bytes.js'
import { canonical, type JsonObject } from './canonical.js'
import type { PublicJwk, RecordAlg } from './crypto-contract.js'
import { FiscalError } from './errors.js'
import { algsOf, parsePublicJwk, thumbprint } from './keys.js'
import type { GuardedSigner } from './signer-guard-contract.js'
import type { SuiteId } from './signer.js'
import { importPublicKey, sha256Hex } from '#crypto'

/** First line of what is signed. */
const TAG = 'sigillo/v1/software-seal\n'

/** One file under the seal. */
export interface SealedFile {
  /** Relative, with slashes; no part is `.` or `..`. */
  readonly path: string
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

/** What a seal vouches for. */
export interface SealManifest {
  readonly v: 1
  readonly name: string
  readonly version: string
  /** RFC 3339. */
  readonly sealed: string
  /** True when no other file may lie below the root. */
  readonly complete: boolean
  /** In order of their paths. */
  readonly files: readonly SealedFile[]
}

/** A manifest with its signature. */
export interface SoftwareSeal {
  readonly manifest: SealManifest
  readonly alg: RecordAlg
  readonly key: PublicJwk
  /** Base64url, over the tagged canonical manifest. */
  readonly sig: string
}

/** Something that is not as it was sealed. */
export interface SealFinding {
  readonly path: string
  readonly problem: 'changed' | 'missing' | 'added'
}

/** RSA of 2048 bits and more, P-256 and P-384; nothing else makes a software seal. */
const ALGORITHMS: readonly RecordAlg[] = ['RS256', 'PS256', 'ES256', 'ES384']

/** Lower-case hex SHA-256 of a manifest: what the journal names it by. */
export function sealDigest(manifest: SealManifest): string {
  return sha256Hex(TAG + canonical(manifest))
}

/**
 * Seals a list of files with the key of the release.
 * @throws FiscalError OPTION_INVALID for a list that is none or a key of another kind; of kind signer
 */
export async function sealSoftware(manifest: SealManifest, signer: GuardedSigner): Promise<SoftwareSeal> {
  const { alg, suites, publicJwk } = signer.describe()
  if (!isManifest(manifest)) throw invalid('the list of files is not in form')
  if (!ALGORITHMS.includes(alg)) throw invalid(`a software seal is made with ${ALGORITHMS.join(', ')}, not ${alg}`)
  const input = { message: utf8(TAG + canonical(manifest)) }
  const { signature } = await signer.sign({ operation: 'software-seal', suite: suites[0] as SuiteId, input })
  return { manifest, alg, key: publicJwk, sig: toBase64url(signature) }
}

/**
 * The manifest of a seal made by the pinned key.
 * @throws FiscalError SEAL_BROKEN when it is no seal, of another key, or its signature does not hold
 */
export function openSeal(text: string, keyId: string): SealManifest {
  const seal = parse(text)
  if (seal === undefined) throw sealBroken('it is not a software seal')
  if (thumbprint(seal.key) !== keyId) throw sealBroken('it was made with another key than the one pinned')
  if (!ALGORITHMS.includes(seal.alg) || !algsOf(seal.key).includes(seal.alg))
    throw sealBroken('its algorithm is not one for seals')
  const signature = fromBase64url(seal.sig)
  const holds = signature !== undefined && importPublicKey(seal.key).verify(seal.alg, TAG + canonical(seal.manifest), signature)
  if (!holds) throw sealBroken('its signature does not hold')
  return seal.manifest
}

/** What differs between a manifest and the files found; `found` is every file below the root. */
export function compareSeal({ files, complete }: SealManifest, found: readonly SealedFile[]): readonly SealFinding[] {
  const here = new Map(found.map((file) => [file.path, file]))
  const findings: SealFinding[] = []
  for (const { path, bytes, sha256 } of files) {
    const file = here.get(path)
    here.delete(path)
    if (file === undefined) findings.push({ path, problem: 'missing' })
    else if (file.bytes !== bytes || file.sha256 !== sha256) findings.push({ path, problem: 'changed' })
  }
  if (complete) for (const path of here.keys()) findings.push({ path, problem: 'added' })
  return findings
}

/** A seal that does not hold: fiscal signers stay closed. */
export function sealBroken(why: string, findings: readonly SealFinding[] = []): FiscalError {
  return new FiscalError('SEAL_BROKEN', {
    message: `the software seal is broken: ${why}`,
    details: { findings: findings.slice(0, 20) },
  })
}

function parse(text: string): SoftwareSeal | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { manifest, alg, key, sig } = value as Record<string, unknown>
  const jwk = parsePublicJwk(key as JsonObject | undefined)
  if (!isManifest(manifest) || jwk === undefined || typeof alg !== 'string' || typeof sig !== 'string') return undefined
  return { manifest, alg: alg as RecordAlg, key: jwk, sig }
}

function isManifest(value: unknown): value is SealManifest {
  if (typeof value !== 'object' || value === null) return false
  const { v, name, version, sealed, complete, files, ...rest } = value as Record<string, unknown>
  const texts = [name, version, sealed].every((text) => typeof text === 'string' && text.length > 0 && text.length <= 256)
  if (v !== 1 || !texts || typeof complete !== 'boolean' || !Array.isArray(files) || Object.keys(rest).length > 0) return false
  const paths = files.map((file) => (file as { path?: unknown } | null)?.path)
  // In order and each once: two manifests of the same files are the same bytes.
  return files.every(isFile) && paths.every((path, i) => i === 0 || String(paths[i - 1]) < String(path))
}

function isFile(value: unknown): value is SealedFile {
  if (typeof value !== 'object' || value === null) return false
  const { path, bytes, sha256, ...rest } = value as Record<string, unknown>
  const isPath =
    typeof path === 'string' &&
    path.length <= 1024 &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  const isHash = typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)
  return isPath && isHash && Number.isSafeInteger(bytes) && (bytes as number) >= 0 && Object.keys(rest).length === 0
}

function invalid(message: string): FiscalError {
  return new FiscalError('OPTION_INVALID', { message, path: 'manifest' })
}
