// What a file says, in a few members: what somebody who looks at it wants to know first.
import { attributeOf, childOf, commonNameOf, elementsOf, type XmlElement } from '@sigillo/documents'
import { at } from './arithmetic.js'
import { csrIn } from './rules.js'
import type { FileKind } from './shapes.js'

/** Names and values, in the order of interest. */
export type Facts = Readonly<Record<string, string | number | boolean>>

/** Facts of a file whose structure is right. */
export function factsOf(kind: FileKind, root: XmlElement): Facts {
  const facts: Record<string, string | number | boolean> = {}
  if (attributeOf(root, 'simulazione') === 'true') facts['simulated'] = true
  return { ...facts, ...readers[kind](root) }
}

const readers: Readonly<Record<FileKind, (root: XmlElement) => Facts>> = {
  receipts,
  'certificate-request': request,
  activation: (root) => ({ merchant: at(childOf(root, 'Gestore') as XmlElement, 'IdCodice') }),
  event: (root) => ({
    event: at(root, 'Evento'),
    code: at(childOf(root, 'Dettaglio') as XmlElement, 'Codice'),
    moment: at(root, 'DataOra'),
  }),
  lottery,
  answer: operation,
  'certificate-answer': operation,
  'lottery-answer': (root) => ({
    ...operation(root),
    outcome: at(root, 'Esito'),
    moment: at(root, 'DataOra'),
    elements: Number(at(root, 'NumElementi')),
  }),
}

function operation(root: XmlElement): Facts {
  return { operation: at(root, 'IdOperazione') }
}

function receipts(root: XmlElement): Facts {
  const transmission = childOf(root, 'Trasmissione') as XmlElement
  const device = childOf(transmission, 'Dispositivo')
  const inactive = childOf(root, 'PeriodoInattivo')
  const data = childOf(root, 'DatiRT')
  const totals = data && childOf(data, 'Totali')
  return {
    progressive: Number(at(transmission, 'Progressivo')),
    moment: at(root, 'DataOraRilevazione'),
    ...(device && { device: at(device, 'Tipo'), id: at(device, 'IdDispositivo') }),
    ...(inactive && { inactiveFrom: at(inactive, 'Dal'), inactiveTo: at(inactive, 'Al') }),
    ...(data && { groups: elementsOf(data).filter(({ local }) => local === 'Riepilogo').length }),
    ...(totals && { documents: Number(at(totals, 'NumeroDocCommerciali')) }),
  }
}

function request(root: XmlElement): Facts {
  const device = childOf(root, 'Dispositivo') as XmlElement
  const csr = csrIn(root)
  const name = typeof csr === 'string' ? undefined : commonNameOf(csr.subject)
  return { ...(name !== undefined && { matricola: name }), device: at(device, 'Tipo'), model: at(device, 'Modello') }
}

function lottery(root: XmlElement): Facts {
  const head = childOf(root, 'DatiTrasmissione') as XmlElement
  const till = at(head, 'IdCassa')
  return {
    merchant: at(head, 'Denominazione'),
    ...(till !== '' && { till }),
    documents: elementsOf(root).filter(({ local }) => local === 'DocumentoCommerciale').length,
  }
}
