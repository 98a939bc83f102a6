// The five messages to the authority, written out (4, 5): one line of XML, the root's prefix bound, children unqualified, elements
// in schema order, nothing between them. What is written here is signed and sent as it is.
import { utf8, type JsonObject } from '@sigillo/core'
import { plainText, attributeText } from '@sigillo/documents'
import type { Row } from './figures.js'
import { partsOf } from './groups.js'
import { latinUpTo } from './latin.js'
import { wire } from './money.js'
import type { ClosingPayload, LotteryDocument, LotteryPayload } from './payload.js'
import type { RequestOf, Technician } from './request-types.js'

/** Namespaces of messages and answers. */
export const namespaces = {
  receipts: 'http://ivaservizi.agenziaentrate.gov.it/docs/xsd/corrispettivi/dati/v1.0',
  device: 'http://ivaservizi.agenziaentrate.gov.it/docs/xsd/corrispettivi/v1.0',
  lottery: 'http://ivaservizi.agenziaentrate.gov.it/docs/xsd/doccommercialilotteria/v1.0',
  lotteryAnswer: 'http://ivaservizi.agenziaentrate.gov.it/docs/xsd/doccommercialilotteria/esito/v1.0',
} as const

type Content = string | readonly (string | undefined)[]

/** An element in no namespace; undefined when its content is undefined. */
function el(name: string, content: Content | undefined): string | undefined {
  if (content === undefined) return undefined
  return `<${name}>${typeof content === 'string' ? plainText(content) : content.filter((part) => part !== undefined).join('')}</${name}>`
}

function document(
  prefix: string,
  uri: string,
  root: string,
  attributes: Readonly<Record<string, string>>,
  content: readonly (string | undefined)[],
): Uint8Array {
  const given = Object.entries(attributes).map(([name, value]) => ` ${name}="${attributeText(value)}"`)
  const name = `${prefix}:${root}`
  return utf8(
    `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns:${prefix}="${uri}"${given.join('')}>${content.filter((part) => part !== undefined).join('')}</${name}>`,
  )
}

const optional = (value: number | undefined): string | undefined => (value === undefined || value === 0 ? undefined : wire(value))
const simulated = (simulation: boolean): Record<string, string> => (simulation ? { simulazione: 'true' } : {})

/** What a file of daily receipts says besides its closing. */
export interface ReceiptsParts {
  /** Another number than the closing's, for a replacement (9.5). */
  readonly progressive?: number
  readonly place?: { readonly lat: string; readonly long: string }
}

/** `DatiCorrispettivi` of a closing (5.1). */
export function receiptsMessage(
  closing: ClosingPayload,
  { progressive = closing.progressive, place }: ReceiptsParts = {},
): Uint8Array {
  const { moment, inactive, rows, interventions, reports, simulation } = closing
  return document('p', namespaces.receipts, 'DatiCorrispettivi', { versione: 'COR10', ...simulated(simulation) }, [
    el('Trasmissione', [el('Progressivo', String(progressive)), el('Formato', 'COR10'), deviceBlock(closing, place)]),
    inactive && el('PeriodoInattivo', [el('Dal', inactive.from), el('Al', inactive.to)]),
    el('DataOraRilevazione', moment),
    el('DatiRT', [...rows.map(riepilogo), totali(closing)]),
    ...(interventions as JsonObject[]).map(intervento),
    ...(reports as JsonObject[]).map(segnalazione),
  ])
}

// A stand-alone register leaves the block out; a server names the till (5.1).
function deviceBlock({ device, till }: ClosingPayload, place: ReceiptsParts['place']): string | undefined {
  if (device === 'rt') return undefined
  return el('Dispositivo', [
    el('Tipo', 'MC'),
    el('IdDispositivo', till),
    place && el('GeoLocalizzazione', [el('Lat', place.lat), el('Long', place.long)]),
  ])
}

function riepilogo(row: Row): string | undefined {
  const { group, rateBp, activity } = partsOf(row.group)
  const kind =
    rateBp === undefined
      ? group === 'VI'
        ? el('VentilazioneIVA', 'SI')
        : el('Natura', group)
      : el('IVA', [el('AliquotaIVA', wire(rateBp)), el('Imposta', wire(row.tax ?? 0))])
  return el('Riepilogo', [
    kind,
    el('Ammontare', wire(row.amount)),
    el('ImportoParziale', wire(row.partial)),
    el('TotaleAmmontareResi', optional(row.returns)),
    el('TotaleAmmontareAnnulli', optional(row.voids)),
    el('BeniInSospeso', optional(row.suspended)),
    el('NonRiscossoServizi', optional(row.services)),
    el('NonRiscossoFatture', optional(row.invoice)),
    el('NonRiscossoDCRaSSN', optional(row.health)),
    el('NonRiscossoOmaggio', optional(row.gifts)),
    activity === undefined ? undefined : el('CodiceAttivita', String(activity)),
  ])
}

function totali({ totals }: ClosingPayload): string | undefined {
  const { documents, cash, electronic, discount, ticket = 0, tickets = 0 } = totals
  return el('Totali', [
    el('NumeroDocCommerciali', String(documents)),
    el('PagatoContanti', optional(cash)),
    el('PagatoElettronico', optional(electronic)),
    el('ScontoApagare', optional(discount)),
    tickets === 0 ? undefined : el('Ticket', [el('PagatoTicket', wire(ticket)), el('NumeroTicket', String(tickets))]),
  ])
}

function intervento(payload: JsonObject): string | undefined {
  const { taxCode, firm, moment, code, note, software } = payload as unknown as RequestOf<'intervention'> & { moment: string }
  return el('InterventoTecnico', [
    el('CFTecnico', taxCode),
    el('IdIVALaboratorio', [el('IdPaese', firm.country), el('IdCodice', firm.code)]),
    el('DataOra', moment),
    el('Codice', code),
    el('Note', note && latinUpTo(note, 1000)),
    el('NumeroSw', software && latinUpTo(software.version, 10)),
    el('DataRelease', software?.released),
  ])
}

function segnalazione(payload: JsonObject): string | undefined {
  const { matricola, moment, code, note } = payload as unknown as RequestOf<'report'> & { moment: string }
  return el('Segnalazione', [
    el('Matricola', matricola),
    el('DataOra', moment),
    el('Codice', code),
    el('Note', note && latinUpTo(note, 1000)),
  ])
}

function technician({ taxCode, firm }: Technician): string | undefined {
  return el('TecnicoVerificatore', [
    el('CodiceFiscale', taxCode),
    el('PIvaSocieta', [el('IdPaese', firm.country), el('IdCodice', firm.code)]),
  ])
}

/** `RichiestaCertificatoDispositivo` (5.2), to be signed by the manufacturer. */
export function enrolMessage(request: Omit<RequestOf<'enrol'>, 'type' | 'key'>, kind: 'rt' | 'serverRt'): Uint8Array {
  const { csr, brand, model, approval } = request
  return document('m', namespaces.device, 'RichiestaCertificatoDispositivo', { versione: '1.0' }, [
    el('Csr', csr),
    el('Dispositivo', [
      el('Tipo', kind === 'rt' ? 'RT' : 'MC'),
      el('MarchioFabbricante', brand),
      el('Modello', model),
      el('RifApprovazioneDispositivo', [el('Numero', approval.number), el('Data', approval.date)]),
    ]),
    technician(request.technician),
  ])
}

/** `AttivaDispositivo` (5.3). */
export function activationMessage(
  request: Omit<RequestOf<'activate'>, 'type' | 'key'> & { readonly merchant: { readonly vat: string } },
): Uint8Array {
  const { merchant, place, oldRegister, serviceFrom } = request
  const more =
    oldRegister === undefined && serviceFrom === undefined
      ? undefined
      : el('InformazioniAddizionali', [
          el('RT', [el('MatricolaRegistratoreDiCassa', oldRegister), el('DataMessaInServizio', serviceFrom)]),
        ])
  return document('m', namespaces.device, 'AttivaDispositivo', { versione: '1.0' }, [
    el('Gestore', [el('IdPaese', 'IT'), el('IdCodice', merchant.vat)]),
    technician(request.technician),
    place && el('GeoLocalizzazione', [el('Lat', place.lat), el('Long', place.long)]),
    more,
  ])
}

/** `EventoDispositivo` (5.4). */
export function eventMessage({
  event,
  code,
  description,
  moment,
}: {
  readonly event: string
  readonly code: string
  readonly description?: string | undefined
  readonly moment: string
}): Uint8Array {
  return document('m', namespaces.device, 'EventoDispositivo', { versione: '1.0' }, [
    el('Evento', event),
    el('DataOra', moment),
    el('Dettaglio', [el('Codice', code), el('Descrizione', description && latinUpTo(description, 500))]),
  ])
}

/** `DocCommercialiLotteria` of a batch, or of part of one (5.6). */
export function lotteryMessage({ till, name, simulation }: LotteryPayload, documents: readonly LotteryDocument[]): Uint8Array {
  return document('l', namespaces.lottery, 'DocCommercialiLotteria', { versione: '1.0', ...simulated(simulation) }, [
    el('DatiTrasmissione', [
      el('Formato', 'DCL10'),
      el('Denominazione', latinUpTo(name, 200)),
      el('IdCassa', till === '' ? undefined : till),
    ]),
    ...documents.map(lotteryDocument),
  ])
}

function lotteryDocument({ code, moment, number, amount, sale, back }: LotteryDocument): string | undefined {
  const vendita =
    sale &&
    el(
      'Vendita',
      sale.map(({ type, amount: paid }) => el('DatiPagamento', [el('Tipo', type), el('Importo', wire(paid))])),
    )
  const reso =
    back &&
    el('ResoAnnullo', [
      el('Tipologia', back.kind),
      el('DataOra', back.moment),
      el('Progressivo', back.number),
      el('Dispositivo', [el('MatrTrasm', back.matricola), el('MatrCassa', back.till === '' ? undefined : back.till)]),
    ])
  return el('DocumentoCommerciale', [
    el('IdCliente', code),
    el('DataOra', moment),
    el('NumeroProgressivo', number),
    el('Ammontare', wire(amount)),
    vendita,
    reso,
  ])
}
