// What a merchant who downloads a day from the portal gets (5.1): the file rewritten, signature gone, senders added. For tests of
// readers of such files; the strict reader must refuse it.
import { XmlDocument, type XmlElement } from 'libxml2-wasm'
import type { Entry } from './ledger.js'
import { romeTime } from './rome.js'
import { dsig } from './xml.js'

/** The file of an accepted day, as the portal gives it back. */
export function portalFile({ n, sender = '', at }: Entry, bytes: Uint8Array, merchant: string): { name: string; xml: string } {
  const document = XmlDocument.fromBuffer(bytes)
  try {
    document.get('/*/ds:Signature', { ds: dsig })?.remove()
    const transmission = document.get('/*/Trasmissione') as XmlElement
    if (transmission.get('Dispositivo') === null) addDevice(transmission, sender)
    for (const [name, value] of [
      ['CodiceFiscaleEsercente', merchant],
      ['PIVAEsercente', merchant],
      ['DataOraTrasmissione', romeTime(Date.parse(at))],
    ] as const)
      transmission.addElement(name).addText(value)
    const xml = document
      .toString({ format: false })
      .replace(/<(\/?)([A-Za-z_][\w.-]*):DatiCorrispettivi/g, '<$1n1:DatiCorrispettivi')
      .replace(/(<n1:DatiCorrispettivi[^>]*?\s)xmlns:[\w.-]+=/, '$1xmlns:n1=')
    return { name: `${1_000_000 + n}_${merchant}.xml`, xml }
  } finally {
    document.dispose()
  }
}

function addDevice(transmission: XmlElement, matricola: string): void {
  const block = transmission.addElement('Dispositivo')
  block.addElement('Tipo').addText('RT')
  block.addElement('IdDispositivo').addText(matricola)
}
