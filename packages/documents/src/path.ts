// Paths from a certificate to a configured root (RFC 5280 section 6, bounded): signatures, CA rights, names, validity, usage. The only trust
// is the caller's list. Every path is judged whole, so that a bad one never hides a good one; work is bounded for hostile pools.
import { equalBytes } from '@sigillo/core'
import type { DocumentCode } from './errors.js'
import { allows } from './general-names.js'
import { rsaBits, signatureOids, verifyWithSpki } from './spki.js'
import type { KeyUsage, X509 } from './x509.js'

const MAX_DEPTH = 8
const MAX_CANDIDATES = 64
const MIN_RSA_BITS = 2048
const ANY_POLICY = '2.5.29.32.0'
const ANY_PURPOSE = '2.5.29.37.0'

/** What a path is asked for. */
export interface PathQuestion {
  readonly certificate: X509
  /** Other certificates a path may lead through. */
  readonly pool?: readonly X509[]
  /** Roots; a certificate listed here itself is trusted as it stands. */
  readonly anchors: readonly X509[]
  /** Milliseconds since 1970: when it must have been valid. */
  readonly at: number
  /** The end certificate needs one of these usages when the extension is present, and the extension itself. */
  readonly usage?: readonly KeyUsage[]
  /** The end certificate must list this extended usage, by its object identifier; `exclusive` for it alone, marked critical. */
  readonly extended?: { readonly oid: string; readonly exclusive?: boolean }
  /** Object identifiers of policies of which one must hold for every certificate below the root. */
  readonly policies?: readonly string[]
}

/** The path, end certificate first, or why there is none. */
export type PathResult =
  | { readonly ok: true; readonly path: readonly X509[] }
  | { readonly ok: false; readonly code: DocumentCode; readonly message: string }

type Refusal = Extract<PathResult, { ok: false }>

/** Judges a certificate; never throws. */
export function checkPath(question: PathQuestion): PathResult {
  const search: Search = { ...question, pool: question.pool ?? [], left: MAX_CANDIDATES, refusal: undefined }
  const path = find([question.certificate], search)
  if (path !== undefined) return { ok: true, path }
  return search.refusal ?? refusal('CERTIFICATE_UNTRUSTED', 'no path to a configured root')
}

interface Search extends PathQuestion {
  readonly pool: readonly X509[]
  left: number
  /** Why the first whole path, or the first step of one, was refused. */
  refusal: Refusal | undefined
}

function refusal(code: DocumentCode, message: string): Refusal {
  return { ok: false, code, message }
}

function find(path: readonly X509[], search: Search): readonly X509[] | undefined {
  const last = path.at(-1) as X509
  if (search.anchors.some((anchor) => equalBytes(anchor.der, last.der))) {
    const refused = judge(path, search)
    search.refusal ??= refused
    if (refused === undefined) return path
  }
  if (path.length >= MAX_DEPTH) return undefined
  for (const issuer of candidates(last, search)) {
    if (path.includes(issuer)) continue
    if (--search.left < 0) return undefined
    const step = mayIssue(issuer, path) ?? holds(issuer, last)
    if (step !== undefined) {
      search.refusal ??= step
      continue
    }
    const found = find([...path, issuer], search)
    if (found !== undefined) return found
  }
  return undefined
}

// Issuers whose key is the one the certificate names come first: in a pool of many equal names they are tried before work runs out.
function candidates({ issuerDer, authorityKeyId }: X509, { anchors, pool }: Search): readonly X509[] {
  const named = [...anchors, ...pool].filter((one) => equalBytes(one.subjectDer, issuerDer))
  const fits = (one: X509): boolean =>
    authorityKeyId === undefined || one.subjectKeyId === undefined || one.subjectKeyId === authorityKeyId
  return [...named.filter(fits), ...named.filter((one) => !fits(one))]
}

function mayIssue({ basicConstraints, keyUsage }: X509, path: readonly X509[]): Refusal | undefined {
  if (basicConstraints?.ca !== true) return refusal('CERTIFICATE_USAGE', 'an issuer of the path is no certification authority')
  // Certificates a CA issued to itself, as on a change of its key, do not count (RFC 5280 4.2.1.9).
  const below = path.slice(1).filter((one) => !equalBytes(one.subjectDer, one.issuerDer)).length
  if (below > (basicConstraints.pathLength ?? Infinity))
    return refusal('CERTIFICATE_USAGE', 'the path is longer than an issuer allows')
  if (keyUsage === undefined || keyUsage.has('keyCertSign')) return undefined
  return refusal('CERTIFICATE_USAGE', 'an issuer of the path may not sign certificates')
}

function holds(issuer: X509, { signatureAlgorithm, tbs, signature }: X509): Refusal | undefined {
  if (!Object.hasOwn(signatureOids, signatureAlgorithm))
    return refusal('CERTIFICATE_UNTRUSTED', 'a certificate is signed with an algorithm that is not accepted')
  if (verifyWithSpki(issuer.publicJwk, signatureAlgorithm, tbs, signature)) return undefined
  return refusal('CERTIFICATE_UNTRUSTED', 'no path to a configured root')
}

function judge(path: readonly X509[], question: PathQuestion): Refusal | undefined {
  for (const one of path) {
    const refused = judgeOne(one, question.at)
    if (refused !== undefined) return refused
  }
  for (const [i, { nameConstraints }] of path.entries()) {
    if (nameConstraints === undefined) continue
    const below = path.slice(0, i).filter((one, at) => at === 0 || !equalBytes(one.subjectDer, one.issuerDer))
    if (!below.every(({ names }) => allows(nameConstraints, names)))
      return refusal('CERTIFICATE_NAMES', 'a certificate of the path bears a name its issuer may not give')
  }
  return judgeUse(path[0] as X509, question) ?? judgePolicies(path, question.policies)
}

function judgeOne(one: X509, at: number): Refusal | undefined {
  if (one.unknownCritical.length > 0)
    return refusal('CERTIFICATE_UNTRUSTED', 'a certificate of the path has a critical extension nobody here understands')
  if (at < one.notBefore) return refusal('CERTIFICATE_NOT_YET_VALID', 'a certificate of the path is not valid yet')
  if (at > one.notAfter) return refusal('CERTIFICATE_EXPIRED', 'a certificate of the path has expired')
  const weak = one.publicJwk !== undefined && (rsaBits(one.publicJwk) ?? MIN_RSA_BITS) < MIN_RSA_BITS
  return weak ? refusal('KEY_WEAK', 'a key of the path is shorter than 2048 bits') : undefined
}

function judgeUse(
  { keyUsage, extendedKeyUsage = [], extendedIsCritical }: X509,
  { usage, extended }: PathQuestion,
): Refusal | undefined {
  if (usage !== undefined && !usage.some((one) => keyUsage?.has(one)))
    return refusal('CERTIFICATE_USAGE', `the key usage is none of ${usage.join(', ')}`)
  if (extended === undefined) return undefined
  const alone = extendedKeyUsage.length === 1 && extendedIsCritical
  const listed =
    extendedKeyUsage.includes(extended.oid) || (extended.exclusive !== true && extendedKeyUsage.includes(ANY_PURPOSE))
  return listed && (extended.exclusive !== true || alone)
    ? undefined
    : refusal(
        'CERTIFICATE_USAGE',
        `the extended key usage is not ${extended.oid}${extended.exclusive === true ? ' alone and critical' : ''}`,
      )
}

// One of the wanted policies must be listed all the way; a CA may list any policy instead.
function judgePolicies(path: readonly X509[], wanted: readonly string[] | undefined): Refusal | undefined {
  if (wanted === undefined) return undefined
  const below = path.length === 1 ? path : path.slice(0, -1)
  const kept = wanted.find((oid) =>
    below.every(({ policies = [] }, i) => policies.includes(oid) || (i > 0 && policies.includes(ANY_POLICY))),
  )
  return kept === undefined ? refusal('CERTIFICATE_POLICY', 'no accepted policy holds along the path') : undefined
}
