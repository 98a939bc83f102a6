// Reading the authority's answers, leniently (5.5, 5.6): genuine ones leave out `versione`, unwrap `Errore`, and carry empty lists.
// Only what a verified signature covers is read.
import { attributeOf, childOf, elementsOf, fromBase64, textOf, type XmlElement } from '@sigillo/documents'
import { namespaces } from './messages.js'
import type { Lane } from './state.js'

/** One error of an answer. */
export interface ReplyError {
  readonly code: string
  readonly text: string
}

/** One remark on a lottery document; positions count from 1. */
export interface ReplyRemark {
  readonly position: number
  readonly number: string
  readonly moment: string
  readonly errors: readonly ReplyError[]
}

/** An answer, read. */
export interface Reply {
  readonly root: 'EsitoOperazione' | 'EsitoRichiestaCertificatoDispositivo' | 'DocCommercialiLotteriaEsito'
  readonly operation: string
  /** From the gateway: the business application has not seen the message. */
  readonly gateway: boolean
  readonly errors: readonly ReplyError[]
  /** DER of the certificate issued. */
  readonly certificate?: Uint8Array
  readonly outcome?: 'AC' | 'SE' | 'SC'
  readonly remarks: readonly ReplyRemark[]
  /** Documents counted by the authority; 0 in rejections. */
  readonly elements?: number
  readonly version: string | undefined
}

const ROOTS: Readonly<Record<string, string>> = {
  EsitoOperazione: namespaces.device,
  EsitoRichiestaCertificatoDispositivo: namespaces.device,
  DocCommercialiLotteriaEsito: namespaces.lotteryAnswer,
}

/** The answer a root element is, or undefined when it is none. */
export function readReply(root: XmlElement): Reply | undefined {
  if (!Object.hasOwn(ROOTS, root.local) || ROOTS[root.local] !== root.uri) return undefined
  const operation = textAt(root, 'IdOperazione')
  const base = {
    root: root.local as Reply['root'],
    operation,
    gateway: operation.startsWith('DP'),
    version: attributeOf(root, 'versione'),
  }
  if (root.local === 'DocCommercialiLotteriaEsito') return { ...base, ...lotteryReply(root) }
  const errors = errorsIn(childOf(root, 'Errori'))
  const certificate = fromBase64(textAt(root, 'Certificato'))
  return { ...base, errors, remarks: [], ...(certificate !== undefined && certificate.length > 0 && { certificate }) }
}

function lotteryReply(root: XmlElement): Pick<Reply, 'errors' | 'remarks' | 'outcome' | 'elements'> {
  const outcome = textAt(root, 'Esito')
  const list = childOf(root, 'SegnalazioniDocComm')
  const remarks =
    list === undefined
      ? []
      : elementsOf(list)
          .filter(({ local }) => local === 'Segnalazione')
          .map(remark)
  const elements = Number(textAt(root, 'NumElementi'))
  return {
    errors: errorsIn(childOf(root, 'ListaErrori')),
    remarks,
    ...((outcome === 'AC' || outcome === 'SE' || outcome === 'SC') && { outcome }),
    ...(Number.isSafeInteger(elements) && { elements }),
  }
}

function remark(element: XmlElement): ReplyRemark {
  return {
    position: Number(textAt(element, 'Posizione')),
    number: textAt(element, 'NumeroProgressivo'),
    moment: textAt(element, 'DataOra'),
    errors: errorsIn(childOf(element, 'Errori')),
  }
}

// Each error wrapped in `Errore`, or code and text one after the other without.
function errorsIn(list: XmlElement | undefined): ReplyError[] {
  if (list === undefined) return []
  const found: { code: string; text: string }[] = []
  for (const child of elementsOf(list)) {
    if (child.local === 'Errore') found.push(...errorsIn(child))
    else if (child.local === 'Codice') found.push({ code: textOf(child).trim(), text: '' })
    else if (child.local === 'Descrizione' && found.length > 0) (found.at(-1) as { text: string }).text = textOf(child).trim()
  }
  return found
}

function textAt(element: XmlElement, name: string): string {
  const child = childOf(element, name)
  return child === undefined ? '' : textOf(child).trim()
}

/** The root an answer to this lane has. */
export function rootFor(lane: Lane, what: string): Reply['root'] {
  if (lane === 'lottery') return 'DocCommercialiLotteriaEsito'
  return what === 'enrol' ? 'EsitoRichiestaCertificatoDispositivo' : 'EsitoOperazione'
}
