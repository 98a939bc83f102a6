// One file between a device and the authority, judged whole (4 to 8): form, structure, figures, rules, signature; in words. Hostile
// bytes give a verdict, never an exception.
import { isFiscalError, sha256Hex } from '@sigillo/core'
import {
  childOf,
  commonNameOf,
  elementsOf,
  parseXml,
  verifyXml,
  type X509,
  type XmlElement,
  type XmlVerdict,
} from '@sigillo/documents'
import { explain, type ExplainedCode } from '../codes.js'
import { namespaces } from '../messages.js'
import { readReply, type Reply } from '../replies.js'
import { checkArithmetic, at } from './arithmetic.js'
import { factsOf, type Facts } from './facts.js'
import type { Problem } from './problem.js'
import { checkRules, momentMs } from './rules.js'
import { fileShapes, type FileKind, type FileShape } from './shapes.js'
import { checkStructure, isSignature } from './structure.js'

/** What a check may know besides the file. */
export interface FileCheckOptions {
  /** Roots the signer's certificate must lead to. Without any, whoever signed is told and not believed. */
  readonly roots?: readonly X509[]
  /** When the certificate must have been valid, milliseconds; by default the moment the file tells of, else `nowMs`. */
  readonly atMs?: number
  /** The reader's clock, milliseconds. */
  readonly nowMs?: number
  /** Whose name the signer's certificate must carry; for answers, by default the authority's, when there are roots. */
  readonly signer?: string
}

/** The signature of a file. */
export interface FileSignature {
  readonly state: 'right' | 'wrong' | 'missing'
  /** True when the certificate leads to one of the roots given. */
  readonly trusted: boolean
  readonly code?: string
  readonly message?: string
  readonly signer?: {
    readonly commonName: string | undefined
    readonly notBefore: string
    readonly notAfter: string
    readonly serial: string
  }
}

/** An answer's own errors, explained. */
export interface ExplainedReply extends Omit<Reply, 'errors' | 'remarks' | 'certificate'> {
  readonly errors: readonly (ExplainedCode & { readonly text: string })[]
  readonly remarks: readonly { readonly position: number; readonly number: string; readonly errors: readonly ExplainedCode[] }[]
}

/** The verdict on a file. */
export interface FileVerdict {
  /** No error and no warning; remarks do not count. */
  readonly sound: boolean
  /** `portal`: rewritten by the portal. `unknown`: not a file of these. */
  readonly kind: FileKind | 'portal' | 'unknown'
  readonly title: string
  readonly root: string
  readonly sizeBytes: number
  readonly sha256: string
  readonly facts: Facts
  readonly problems: readonly Problem[]
  readonly signature: FileSignature
  readonly reply?: ExplainedReply
}

const AUTHORITY = 'Servizio AE Corrispettivi IVA'
const ANSWERS: readonly string[] = ['answer', 'certificate-answer', 'lottery-answer']

/** Judges a file. Pure: the clock is the caller's. */
export function checkFile(bytes: Uint8Array, options: FileCheckOptions = {}): FileVerdict {
  const base = { sizeBytes: bytes.length, sha256: sha256Hex(bytes) }
  const root = parsed(bytes)
  if (!('local' in root)) return strange({ ...base, root: '' }, 'no XML file', root)
  const shape = fileShapes.find(({ root: name, uri }) => name === root.local && uri === root.uri)
  if (shape === undefined) return strange({ ...base, root: root.local }, 'a file of another kind', otherRoot(root))
  if (fromPortal(root)) return portal({ ...base, root: root.local })
  return judged(bytes, root, shape, options, base)
}

function judged(
  bytes: Uint8Array,
  root: XmlElement,
  shape: FileShape,
  options: FileCheckOptions,
  base: Pick<FileVerdict, 'sizeBytes' | 'sha256'>,
): FileVerdict {
  const { kind, title } = shape
  const answer = ANSWERS.includes(kind)
  const problems = [...declaration(bytes), ...checkStructure(root, shape, answer)]
  // Figures and rules are read from places the structure has proven.
  const readable = !problems.some(
    ({ severity, area, path }) => severity === 'error' && area === 'structure' && path !== 'Signature',
  )
  if (readable && kind === 'receipts') problems.push(...checkArithmetic(root))
  if (readable) problems.push(...checkRules(kind, root, { sizeBytes: bytes.length, nowMs: options.nowMs }))
  const signature = signatureOf(bytes, root, answer, options)
  if (signature.state === 'wrong')
    problems.push({ severity: 'error', area: 'signature', path: 'Signature', message: signature.message ?? '', code: '99999' })
  else if (signature.message !== undefined)
    problems.push({ severity: 'remark', area: 'signature', path: 'Signature', message: signature.message })
  const reply = answer ? replyOf(root) : undefined
  return {
    sound: problems.every(({ severity }) => severity === 'remark'),
    kind,
    title,
    root: root.local,
    ...base,
    facts: readable ? factsOf(kind, root) : {},
    problems,
    signature,
    ...(reply !== undefined && { reply }),
  }
}

function parsed(bytes: Uint8Array): XmlElement | Problem {
  try {
    return parseXml(bytes)
  } catch (error) {
    if (!isFiscalError(error)) throw error
    return { severity: 'error', area: 'form', path: '', message: error.message, code: '00000' }
  }
}

function otherRoot({ local, uri }: XmlElement): Problem {
  const known = fileShapes.find(({ root }) => root === local)
  const message =
    known === undefined
      ? `the root ${local} is none of ${fileShapes.map(({ root }) => root).join(', ')}`
      : `the root ${local} is in ${uri === '' ? 'no namespace' : `the namespace ${uri}`} instead of ${known.uri}`
  return { severity: 'error', area: 'form', path: local, message, code: '00000' }
}

function strange(base: Pick<FileVerdict, 'sizeBytes' | 'sha256' | 'root'>, title: string, problem: Problem): FileVerdict {
  return { sound: false, kind: 'unknown', title, ...base, facts: {}, problems: [problem], signature: unsigned }
}

const unsigned: FileSignature = { state: 'missing', trusted: false }

// The portal adds the merchant and the moment of transmission, and takes the signature off (5.1).
function fromPortal(root: XmlElement): boolean {
  const transmission = root.uri === namespaces.receipts ? childOf(root, 'Trasmissione') : undefined
  return (
    transmission !== undefined &&
    ['DataOraTrasmissione', 'PIVAEsercente', 'CodiceFiscaleEsercente'].some((name) => childOf(transmission, name) !== undefined)
  )
}

function portal(base: Pick<FileVerdict, 'sizeBytes' | 'sha256' | 'root'>): FileVerdict {
  const problem: Problem = {
    severity: 'error',
    area: 'form',
    path: 'Trasmissione',
    message: 'was rewritten by the portal and carries no signature: it proves nothing and cannot be sent; readPortalDay reads it',
    code: '00000',
  }
  return {
    sound: false,
    kind: 'portal',
    title: 'day downloaded from the portal',
    ...base,
    facts: {},
    problems: [problem],
    signature: unsigned,
  }
}

function declaration(bytes: Uint8Array): Problem[] {
  const declared = [0x3c, 0x3f, 0x78, 0x6d, 0x6c].every((byte, i) => bytes[i] === byte)
  return declared ? [] : [{ severity: 'remark', area: 'form', path: '', message: 'there is no XML declaration' }]
}

// An old file is judged at the moment it tells of; where that fails for the dates alone, the reader's now is tried, and said (6).
function signatureOf(bytes: Uint8Array, root: XmlElement, answer: boolean, options: FileCheckOptions): FileSignature {
  if (!elementsOf(root).some(isSignature)) return unsigned
  const { roots, atMs, nowMs, signer = answer ? AUTHORITY : undefined } = options
  if (roots === undefined) return signedBy(verifyXml(bytes))
  const moments = atMs === undefined ? [momentOf(root), nowMs].filter((ms) => ms !== undefined) : [atMs]
  const tried = moments.map((at) => {
    const trust = { anchors: roots, at, usage: ['nonRepudiation'] as const, ...(signer !== undefined && { commonName: signer }) }
    return signedBy(verifyXml(bytes, { trust }))
  })
  const [first = { state: 'wrong', trusted: false, message: 'no moment to judge the certificate at' } as const] = tried
  const later = tried.find(({ state }) => state === 'right')
  if (later === undefined || later === first || !DATES.includes(first.code ?? '')) return first
  return { ...later, message: 'the certificate was not valid at the moment the file tells of; it is now' }
}

const DATES: readonly string[] = ['CERTIFICATE_NOT_YET_VALID', 'CERTIFICATE_EXPIRED']

function signedBy(verdict: XmlVerdict): FileSignature {
  if (!verdict.ok) return { state: 'wrong', trusted: false, code: verdict.code, message: verdict.message }
  const { subject, notBefore, notAfter, serial } = verdict.certificate
  const iso = (ms: number): string => new Date(ms).toISOString()
  return {
    state: 'right',
    trusted: verdict.trusted,
    signer: { commonName: commonNameOf(subject), notBefore: iso(notBefore), notAfter: iso(notAfter), serial },
  }
}

function momentOf(root: XmlElement): number | undefined {
  for (const name of ['DataOraRilevazione', 'DataOra']) {
    const ms = momentMs(at(root, name))
    if (!Number.isNaN(ms)) return ms
  }
  return undefined
}

function replyOf(root: XmlElement): ExplainedReply | undefined {
  const reply = readReply(root)
  if (reply === undefined) return undefined
  const { certificate: _, errors, remarks, ...rest } = reply
  return {
    ...rest,
    errors: errors.map(({ code, text }) => ({ ...explain(code), text })),
    remarks: remarks.map(({ position, number, errors: found }) => ({
      position,
      number,
      errors: found.map(({ code }) => explain(code)),
    })),
  }
}
