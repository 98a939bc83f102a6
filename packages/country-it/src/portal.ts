// Reading a day as the portal hands it out (5.1): rewritten, without signature, with the merchant's data added. It proves nothing
// and is never given to the strict reader; it is for comparing what was sent with what the authority shows.
import { childOf, elementsOf, parseXml, textOf, type XmlElement } from '@sigillo/documents'
import { invalid } from './errors.js'
import { namespaces } from './messages.js'

/** One VAT group of a downloaded day; figures as text, by the name of their element. */
export type PortalRow = Readonly<Record<string, string>>

/** A downloaded day. */
export interface PortalDay {
  readonly progressive: number
  readonly device: { readonly kind: string; readonly id: string }
  readonly merchantVat: string
  readonly merchantTaxCode: string
  readonly sentAt: string
  readonly moment: string
  readonly rows: readonly PortalRow[]
  readonly totals: PortalRow
}

/**
 * Reads a downloaded day leniently: leading zeros, missing members and any prefix are accepted.
 * @throws FiscalError REQUEST_INVALID when it is no such file, XML_MALFORMED, XML_FORBIDDEN, XML_TOO_LARGE
 */
export function readPortalDay(bytes: Uint8Array): PortalDay {
  const root = parseXml(bytes)
  const transmission = childOf(root, 'Trasmissione')
  if (root.local !== 'DatiCorrispettivi' || root.uri !== namespaces.receipts || transmission === undefined)
    throw invalid('file', 'not a day of receipts')
  const device = childOf(transmission, 'Dispositivo')
  const data = childOf(root, 'DatiRT')
  const totals = data && childOf(data, 'Totali')
  return {
    progressive: Number(at(transmission, 'Progressivo')),
    device: { kind: device === undefined ? '' : at(device, 'Tipo'), id: device === undefined ? '' : at(device, 'IdDispositivo') },
    merchantVat: at(transmission, 'PIVAEsercente'),
    merchantTaxCode: at(transmission, 'CodiceFiscaleEsercente'),
    sentAt: at(transmission, 'DataOraTrasmissione'),
    moment: at(root, 'DataOraRilevazione'),
    rows:
      data === undefined
        ? []
        : elementsOf(data)
            .filter(({ local }) => local === 'Riepilogo')
            .map(leaves),
    totals: totals === undefined ? {} : leaves(totals),
  }
}

function at(element: XmlElement, name: string): string {
  const child = childOf(element, name)
  return child === undefined ? '' : textOf(child).trim()
}

// Elements without children, by name, at any depth.
function leaves(element: XmlElement): PortalRow {
  const found: Record<string, string> = Object.create(null) as Record<string, string>
  const visit = (one: XmlElement): void => {
    const inner = elementsOf(one)
    if (inner.length === 0) found[one.local] = textOf(one).trim()
    else inner.forEach(visit)
  }
  elementsOf(element).forEach(visit)
  return found
}
