// What the authority checks beyond schema and signature (7), as far as a file alone shows it: dates that fit together, payments that
// add up, names and keys of a certificate request, events that exist.
import { childOf, elementsOf, fromBase64, commonNameOf, readRequest, type ReadRequest, type XmlElement } from '@sigillo/documents'
import { fromBase64url, isFiscalError } from '@sigillo/core'
import { taxCode, vatNumber } from '../tax-id.js'
import { instantOf, openZone } from '../time.js'
import { at, cents, euros } from './arithmetic.js'
import type { Problem } from './problem.js'
import type { FileKind } from './shapes.js'

/** Bytes of a batch the public test server takes; the authority's own limit is not published. */
const BATCH_BYTES = 60_000
const MIN_KEY_BITS = 2048

type Rule = (root: XmlElement, context: RuleContext) => Problem[]

/** What rules know besides the file. */
export interface RuleContext {
  readonly sizeBytes: number
  /** The reader's clock, milliseconds; without it nothing lies in the future. */
  readonly nowMs: number | undefined
}

/** Problems of a file whose structure is right. */
export function checkRules(kind: FileKind, root: XmlElement, context: RuleContext): Problem[] {
  return rules[kind]?.(root, context) ?? []
}

const rules: Readonly<Partial<Record<FileKind, Rule>>> = {
  receipts: checkReceipts,
  'certificate-request': checkRequest,
  activation: checkActivation,
  event: checkEvent,
  lottery: checkLottery,
}

const problem = (severity: Problem['severity'], path: string, message: string, code?: string): Problem => ({
  severity,
  area: 'rules',
  path,
  message,
  ...(code !== undefined && { code }),
})

function checkReceipts(root: XmlElement, { nowMs }: RuleContext): Problem[] {
  const out = inFuture(root, 'DataOraRilevazione', '00203', nowMs)
  const inactive = childOf(root, 'PeriodoInattivo')
  if (inactive !== undefined) {
    const [from, to, taken] = [
      momentMs(at(inactive, 'Dal')),
      momentMs(at(inactive, 'Al')),
      momentMs(at(root, 'DataOraRilevazione')),
    ]
    if (!(from <= to)) out.push(problem('error', 'PeriodoInattivo/Al', 'lies before Dal', '00202'))
    if (!(to < taken)) out.push(problem('error', 'PeriodoInattivo/Al', 'does not lie before DataOraRilevazione', '00202'))
  }
  const device = childOf(childOf(root, 'Trasmissione') as XmlElement, 'Dispositivo')
  if (device !== undefined) out.push(...checkDevice(root, device))
  for (const [name, code] of [
    ['InterventoTecnico', '00204'],
    ['Segnalazione', '00206'],
  ] as const)
    for (const one of elementsOf(root).filter(({ local }) => local === name))
      out.push(...inFuture(one, 'DataOra', code, nowMs, name))
  return out
}

function checkDevice(root: XmlElement, device: XmlElement): Problem[] {
  const [kind, id] = [at(device, 'Tipo'), at(device, 'IdDispositivo')]
  const vending = childOf(root, 'DatiDA') !== undefined
  const out: Problem[] = []
  if ((kind === 'DA') !== vending)
    out.push(
      problem(
        'error',
        'Trasmissione/Dispositivo/Tipo',
        `is ${kind}, and the figures are ${vending ? 'DatiDA' : 'DatiRT'}`,
        '00207',
      ),
    )
  if (kind === 'MC' && !/^[0-9A-Z]{8}$/i.test(id))
    out.push(problem('remark', 'Trasmissione/Dispositivo/IdDispositivo', 'is no till of 8 letters or digits'))
  return out
}

function inFuture(root: XmlElement, name: string, code: string, nowMs: number | undefined, path = ''): Problem[] {
  const ms = momentMs(at(root, name))
  if (nowMs === undefined || !(ms > nowMs + 60_000)) return []
  return [problem('remark', path === '' ? name : `${path}/${name}`, 'lies in the future by the clock of this machine', code)]
}

function checkLottery(root: XmlElement, { sizeBytes, nowMs }: RuleContext): Problem[] {
  const out: Problem[] = []
  if (sizeBytes > BATCH_BYTES)
    out.push(problem('warning', '', `has ${sizeBytes} bytes; ${BATCH_BYTES} are known to be taken`, '00301'))
  const documents = elementsOf(root).filter(({ local }) => local === 'DocumentoCommerciale')
  for (const [i, document] of documents.entries()) {
    const path = `DocumentoCommerciale[${i + 1}]`
    out.push(...checkPayments(document, path), ...inFuture(document, 'DataOra', '00307', nowMs, path))
  }
  return out
}

function checkPayments(document: XmlElement, path: string): Problem[] {
  const sale = childOf(document, 'Vendita')
  const amount = cents(document, 'Ammontare')
  if (sale === undefined || amount === undefined) return []
  const sum = elementsOf(sale).reduce((all, payment) => all + (cents(payment, 'Importo') ?? 0n), 0n)
  if (sum === amount) return []
  return [problem('error', `${path}/Vendita`, `payments come to ${euros(sum)}, Ammontare is ${euros(amount)}`, '00308')]
}

// Pairs whose meaning is published; others exist and are told as such only.
const EVENTS: Readonly<Record<string, readonly string[]>> = {
  FUORI_SERVIZIO: ['00600', '00608'],
  DISATTIVAZIONE: ['00603'],
}

function checkEvent(root: XmlElement, { nowMs }: RuleContext): Problem[] {
  const [event, code] = [at(root, 'Evento'), at(childOf(root, 'Dettaglio') as XmlElement, 'Codice')]
  const out = inFuture(root, 'DataOra', '00705', nowMs)
  const known = Object.hasOwn(EVENTS, event) ? EVENTS[event] : undefined
  const elsewhere = Object.values(EVENTS).some((codes) => codes !== known && codes.includes(code))
  if (elsewhere) out.push(problem('warning', 'Dettaglio/Codice', `${code} belongs to another event than ${event}`, '00701'))
  else if (known === undefined || !known.includes(code))
    out.push(problem('remark', 'Evento', `${event} with ${code} is no pair we know the meaning of`))
  return out
}

function checkTechnician(root: XmlElement, codes: { person: string; country: string; firm: string }): Problem[] {
  const technician = childOf(root, 'TecnicoVerificatore') as XmlElement
  const out: Problem[] = []
  if (taxCode(at(technician, 'CodiceFiscale')) === undefined)
    out.push(
      problem('warning', 'TecnicoVerificatore/CodiceFiscale', 'is not a tax code: its check character is wrong', codes.person),
    )
  const firm = childOf(technician, 'PIvaSocieta') as XmlElement
  if (at(firm, 'IdPaese') === 'IT' && vatNumber(at(firm, 'IdCodice')) === undefined)
    out.push(problem('warning', 'TecnicoVerificatore/PIvaSocieta/IdCodice', 'is not an Italian VAT number', codes.firm))
  return out
}

function checkActivation(root: XmlElement): Problem[] {
  const out = checkTechnician(root, { person: '00111', country: '00112', firm: '00113' })
  const merchant = childOf(root, 'Gestore') as XmlElement
  if (at(merchant, 'IdPaese') !== 'IT' || vatNumber(at(merchant, 'IdCodice')) === undefined)
    out.push(problem('warning', 'Gestore/IdCodice', 'is not an Italian VAT number', '00114'))
  return out
}

function checkRequest(root: XmlElement): Problem[] {
  const out = checkTechnician(root, { person: '00011', country: '00012', firm: '00013' })
  const device = childOf(root, 'Dispositivo') as XmlElement
  for (const [name, code] of [
    ['MarchioFabbricante', '00005'],
    ['Modello', '00006'],
    ['RifApprovazioneDispositivo', '00007'],
  ] as const)
    if (at(device, 'Tipo') === 'RT' && childOf(device, name) === undefined)
      out.push(problem('error', `Dispositivo/${name}`, 'is missing, and a telematic register needs it', code))
  return [...out, ...checkCsr(root)]
}

function checkCsr(root: XmlElement): Problem[] {
  const request = csrIn(root)
  if (typeof request === 'string') return [problem('error', 'Csr', request, '00001')]
  const out: Problem[] = []
  const name = commonNameOf(request.subject)
  if (name === undefined || !/^[0-9A-Z]{5}[0-9]{6}$/.test(name))
    out.push(
      problem(
        'error',
        'Csr',
        `names ${name === undefined ? 'nobody' : `“${name}”`}; a serial number has 5 letters or digits and 6 digits`,
        '00002',
      ),
    )
  const { publicJwk } = request
  if (publicJwk?.kty !== 'RSA') out.push(problem('error', 'Csr', 'the key is not RSA', '00003'))
  else if (bitsOf(publicJwk.n) < MIN_KEY_BITS)
    out.push(problem('error', 'Csr', `the key has ${bitsOf(publicJwk.n)} bits; 2048 are needed`, '00003'))
  return out
}

/** The certification request of a file, or why there is none. */
export function csrIn(root: XmlElement): ReadRequest | string {
  try {
    return readRequest(fromBase64(at(root, 'Csr')) ?? new Uint8Array())
  } catch (error) {
    if (isFiscalError(error)) return error.message
    throw error
  }
}

function bitsOf(modulus: string): number {
  const bytes = fromBase64url(modulus) ?? new Uint8Array()
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first] as number) + 24
}

const ROME = openZone('Europe/Rome')

/** Milliseconds of a date-time; one without offset is Italian time. NaN when it is none. */
export function momentMs(text: string): number {
  return /(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : localMs(text)
}

function localMs(text: string): number {
  const local = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/.exec(text)?.[0]
  return local === undefined || Number.isNaN(Date.parse(`${local}Z`)) ? Number.NaN : instantOf(ROME, local)
}
