// The closed set of what an enveloped XML signature may consist of (XML Signature 1.0, RFC 3275), by profile: nothing is
// negotiated with the document.
import type { SuiteId } from '@sigillo/core'
import type { Canonicalisation } from './c14n.js'

/** Namespace of XML signatures. */
export const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
/** The transform that leaves the signature itself out. */
export const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
/** SHA-256, the only digest. */
export const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256'

/** Names of the two canonical forms. */
export const c14nUris: Readonly<Record<Canonicalisation, string>> = {
  inclusive: 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315',
  exclusive: 'http://www.w3.org/2001/10/xml-exc-c14n#',
}

/** Suites that can sign XML. */
export type XmlSuite = Extract<SuiteId, 'rs256' | 'es256'>

/** Names of the signature methods. */
export const methodUris: Readonly<Record<XmlSuite, string>> = {
  rs256: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  es256: 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256',
}

/** Which signatures a reader accepts or a writer makes. */
export interface XmlProfile {
  readonly canonicalisation: Canonicalisation
  readonly suites: readonly XmlSuite[]
}

/** Device messages and answers in Italy: inclusive form, RSA with SHA-256. */
export const deviceProfile: XmlProfile = { canonicalisation: 'inclusive', suites: ['rs256'] }
