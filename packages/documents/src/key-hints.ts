// X509SubjectName and X509IssuerSerial in KeyInfo are hints: trust never comes from them, but when they are there they must name the
// certificate that is there too. Names are written in several styles, so they are compared as sets (RFC 4514, spelling ignored).
import { nameOids, type NamePart } from './der.js'
import type { X509 } from './x509.js'
import type { KeyHints } from './xmldsig-read.js'

/** True when every hint given fits the certificate. */
export function hintsAgree({ subjectName, issuerName, serialNumber }: KeyHints, certificate: X509): boolean {
  if (subjectName !== undefined && !namesEqual(subjectName, certificate.subject)) return false
  if (issuerName !== undefined && !namesEqual(issuerName, certificate.issuer)) return false
  return (
    serialNumber === undefined || (/^\d{1,60}$/.test(serialNumber) && BigInt(serialNumber) === BigInt(`0x${certificate.serial}`))
  )
}

const OIDS: Readonly<Record<string, string>> = { ...nameOids, EMAILADDRESS: nameOids.E, S: nameOids.ST }

function namesEqual(text: string, name: readonly NamePart[]): boolean {
  const written = parts(text).sort()
  const real = name.map(({ oid, value }) => `${oid}=${folded(value)}`).sort()
  return written.length === real.length && written.every((one, i) => one === real[i])
}

// `CN=a, O=b + OU="c, d"`: split outside quotes and escapes.
function parts(text: string): string[] {
  const out: string[] = []
  for (const [, type = '', quoted, bare = ''] of text.matchAll(
    /([A-Za-z0-9.]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|((?:\\.|[^,+\\])*))\s*(?:[,+]|$)/g,
  )) {
    const kind = type.toUpperCase().replace(/^OID\./, '')
    const oid = Object.hasOwn(OIDS, kind) ? (OIDS[kind] as string) : kind
    out.push(`${oid}=${folded((quoted ?? bare).replace(/\\(.)/g, '$1'))}`)
  }
  return out
}

function folded(value: string): string {
  return value.trim().replace(/\s+/g, ' ').toLowerCase()
}
