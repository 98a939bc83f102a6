// The signed answers (5.2, 5.5, 5.6) in two looks: `schema` as the schema has it, `genuine` as the real one was seen to answer, with
// `versione` left out, errors unwrapped, an empty list beside AC, and a signature in another dress.
import { createHash, sign } from 'node:crypto'
import { XmlDocument, type XmlElement } from 'libxml2-wasm'
import { textOf } from './codes.js'
import type { Holder } from './hierarchy.js'
import { romeTime } from './rome.js'
import { algorithms } from './signature.js'
import { uris, type Route } from './tables.js'
import { dsig, escape } from './xml.js'

/** Look of answers. */
export type Style = 'schema' | 'genuine'

/** A remark on one lottery document. */
export interface Remark {
  /** From 1, in the order of the file. */
  readonly position: number
  readonly number: string
  readonly moment: string
  readonly codes: readonly string[]
}

/** What an answer says. */
export interface Said {
  readonly route: Route
  /** IdOperazione. */
  readonly id: string
  readonly atMs: number
  readonly codes: readonly string[]
  /** Refused before the application saw it. */
  readonly gateway?: boolean
  /** DER, for an enrolment. */
  readonly certificate?: Uint8Array
  readonly elements?: number
  readonly remarks?: readonly Remark[]
}

const el = (name: string, inner: string): string => `<${name}>${inner}</${name}>`

/** The answer before it is signed. */
export function answerXml(said: Said, style: Style): string {
  const { route, gateway = false } = said
  // The gateway keeps to the schema; the application behind it does not.
  const loose = style === 'genuine' && !gateway
  const version = loose ? '' : ' versione="1.0"'
  const [root, uri] =
    route === 'lottery'
      ? (['DocCommercialiLotteriaEsito', uris.lotteryAnswer] as const)
      : ([route === 'enrol' ? 'EsitoRichiestaCertificatoDispositivo' : 'EsitoOperazione', uris.device] as const)
  const prefix = style === 'genuine' ? (gateway ? 'p' : 'ns2') : 'a'
  const inner = el('IdOperazione', escape(said.id)) + (route === 'lottery' ? lotteryInner(said, loose) : operationInner(said))
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${prefix}:${root} xmlns:${prefix}="${uri}"${version}>${inner}</${prefix}:${root}>`
}

function operationInner({ codes, certificate }: Said): string {
  if (codes.length > 0) return el('Errori', errors(codes, false))
  return certificate === undefined ? '' : el('Certificato', Buffer.from(certificate).toString('base64'))
}

function lotteryInner({ atMs, codes, elements = 0, remarks = [] }: Said, loose: boolean): string {
  const result = codes.length > 0 ? 'SC' : remarks.length > 0 ? 'SE' : 'AC'
  const list =
    result === 'SC'
      ? el('ListaErrori', errors(codes, loose))
      : result === 'SE'
        ? el('SegnalazioniDocComm', remarks.map((one) => remark(one, loose)).join(''))
        : loose
          ? '<SegnalazioniDocComm/>'
          : ''
  return el('DataOra', romeTime(atMs)) + el('NumElementi', String(result === 'SC' ? 0 : elements)) + el('Esito', result) + list
}

function remark({ position, number, moment, codes }: Remark, loose: boolean): string {
  return el(
    'Segnalazione',
    el('Posizione', String(position)) +
      el('NumeroProgressivo', escape(number)) +
      el('DataOra', escape(moment)) +
      el('Errori', errors(codes, loose)),
  )
}

function errors(codes: readonly string[], unwrapped: boolean): string {
  return codes
    .map((code) => el('Codice', escape(code)) + el('Descrizione', escape(textOf(code))))
    .map((inner) => (unwrapped ? inner : el('Errore', inner)))
    .join('')
}

/** Signs an answer: enveloped, the last child of its root. */
export function signAnswer(xml: string, holder: Holder, style: Style): Buffer {
  const digest = createHash('sha256').update(canonical(xml)).digest('base64')
  const dress = style === 'genuine' ? genuineDress : plainDress
  const close = xml.lastIndexOf('</')
  const whole = (value: string): string => xml.slice(0, close) + dress(digest, value, holder) + xml.slice(close)
  const value = sign('sha256', Buffer.from(canonicalSignedInfo(whole(''))), holder.key).toString('base64')
  return Buffer.from(whole(value))
}

function canonical(xml: string): string {
  const document = XmlDocument.fromString(xml)
  try {
    return document.canonicalizeToString({ mode: 0 })
  } finally {
    document.dispose()
  }
}

function canonicalSignedInfo(xml: string): string {
  const document = XmlDocument.fromString(xml)
  try {
    const info = document.get('//ds:SignedInfo', { ds: dsig }) as XmlElement
    return info.canonicalizeToString({ mode: 0 })
  } finally {
    document.dispose()
  }
}

function plainDress(digest: string, value: string, { certificate }: Holder): string {
  const method = (name: string, algorithm: string): string => `<ds:${name} Algorithm="${algorithm}"/>`
  return (
    `<ds:Signature xmlns:ds="${dsig}"><ds:SignedInfo>${method('CanonicalizationMethod', algorithms.c14n)}` +
    `${method('SignatureMethod', algorithms.rsaSha256)}<ds:Reference URI=""><ds:Transforms>` +
    `${method('Transform', algorithms.enveloped)}</ds:Transforms>${method('DigestMethod', algorithms.sha256)}` +
    `<ds:DigestValue>${digest}</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>${value}</ds:SignatureValue>` +
    `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate.raw.toString('base64')}</ds:X509Certificate></ds:X509Data>` +
    `</ds:KeyInfo></ds:Signature>`
  )
}

// Default namespace, white space inside, two transforms, issuer and serial number beside the certificate.
function genuineDress(digest: string, value: string, { certificate }: Holder): string {
  const method = (name: string, algorithm: string): string => `<${name} Algorithm="${algorithm}"/>`
  const issuer = certificate.issuer.split('\n').toReversed().join(', ')
  return `<Signature xmlns="${dsig}">
<SignedInfo>
  ${method('CanonicalizationMethod', algorithms.c14n)}
  ${method('SignatureMethod', algorithms.rsaSha256)}
  <Reference URI="">
    <Transforms>
      ${method('Transform', algorithms.enveloped)}
      ${method('Transform', algorithms.c14n)}
    </Transforms>
    ${method('DigestMethod', algorithms.sha256)}
    <DigestValue>${digest}</DigestValue>
  </Reference>
</SignedInfo>
    <SignatureValue>${value}</SignatureValue><KeyInfo><X509Data><X509Certificate>${certificate.raw.toString('base64')}</X509Certificate><X509IssuerSerial><X509IssuerName>${escape(issuer)}</X509IssuerName><X509SerialNumber>${BigInt(`0x${certificate.serialNumber}`)}</X509SerialNumber></X509IssuerSerial></X509Data></KeyInfo></Signature>`
}
