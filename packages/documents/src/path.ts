// Paths from a certificate to a configured root (RFC 5280 section 6, bounded): signatures, validity, CA rights, usage.
// The only trust is the caller's list; the order of checks is fixed so that nothing unproven is believed.
import { equalBytes } from '@sigillo/core'
import type { DocumentCode } from './errors.js'
import { rsaBits, verifyWithSpki } from './spki.js'
import type { KeyUsage, X509 } from './x509.js'

const MAX_DEPTH = 8
const MAX_CANDIDATES = 64
const MIN_RSA_BITS = 2048

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
}

/** The path, end certificate first, or why there is none. */
export type PathResult =
  | { readonly ok: true; readonly path: readonly X509[] }
  | { readonly ok: false; readonly code: DocumentCode; readonly message: string }

/** Judges a certificate; never throws. */
export function checkPath(question: PathQuestion): PathResult {
  const search = { ...question, pool: question.pool ?? [], left: MAX_CANDIDATES }
  const path = find([question.certificate], search)
  if (path === undefined) return { ok: false, code: 'CERTIFICATE_UNTRUSTED', message: 'no path to a configured root' }
  for (const one of path) {
    if (question.at < one.notBefore)
      return { ok: false, code: 'CERTIFICATE_NOT_YET_VALID', message: 'a certificate of the path is not valid yet' }
    if (question.at > one.notAfter)
      return { ok: false, code: 'CERTIFICATE_EXPIRED', message: 'a certificate of the path has expired' }
    const weak = one.publicJwk !== undefined && (rsaBits(one.publicJwk) ?? MIN_RSA_BITS) < MIN_RSA_BITS
    if (weak) return { ok: false, code: 'KEY_WEAK', message: 'a key of the path is shorter than 2048 bits' }
  }
  const { usage } = question
  const granted = question.certificate.keyUsage
  if (usage !== undefined && !usage.some((one) => granted?.has(one)))
    return { ok: false, code: 'CERTIFICATE_USAGE', message: `the key usage is none of ${usage.join(', ')}` }
  return { ok: true, path }
}

interface Search extends PathQuestion {
  readonly pool: readonly X509[]
  left: number
}

function find(path: readonly X509[], search: Search): readonly X509[] | undefined {
  const last = path.at(-1) as X509
  if (last.unknownCritical.length > 0) return undefined
  if (search.anchors.some((anchor) => equalBytes(anchor.der, last.der))) return path
  if (path.length >= MAX_DEPTH) return undefined
  for (const issuer of [...search.anchors, ...search.pool]) {
    if (!equalBytes(issuer.subjectDer, last.issuerDer) || path.includes(issuer)) continue
    if (--search.left < 0) return undefined
    if (
      !mayIssue(issuer, path.length - 1) ||
      !verifyWithSpki(issuer.publicJwk, last.signatureAlgorithm, last.tbs, last.signature)
    )
      continue
    const found = find([...path, issuer], search)
    if (found !== undefined) return found
  }
  return undefined
}

// `below`: CA certificates between this one and the end certificate.
function mayIssue({ basicConstraints, keyUsage }: X509, below: number): boolean {
  if (basicConstraints?.ca !== true) return false
  if (basicConstraints.pathLength !== undefined && below > basicConstraints.pathLength) return false
  return keyUsage === undefined || keyUsage.has('keyCertSign')
}
