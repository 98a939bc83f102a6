// The authority's files as tables (5): elements in order, how often each may stand, what its text must be. Deviations that genuine
// answers show are listed with their place; they are told as remarks and refuse nothing.
import type { XmlElement } from '@sigillo/documents'
import { elementsOf } from '@sigillo/documents'
import { namespaces } from '../messages.js'
import * as is from './types.js'
import type { TextType } from './types.js'

/** What an element holds: text of a type, or elements in order. */
export type Shape = { readonly text: TextType } | Content

/** Elements in order, and how genuine files deviate from that. */
export interface Content {
  readonly parts: readonly Part[]
  readonly deviations?: readonly Deviation[]
}

/** A form the schema does not allow and genuine answers have. */
export interface Deviation {
  readonly says: string
  readonly matches: (element: XmlElement) => boolean
}

/** One element, or one of several. */
export type Part = One | { readonly oneOf: readonly One[]; readonly min: 0 | 1 }

/** One element. */
export interface One {
  readonly name: string
  readonly min: 0 | 1
  readonly max: number
  readonly shape: Shape
}

/** A file of one kind. */
export interface FileShape {
  readonly kind: FileKind
  /** In words. */
  readonly title: string
  readonly uri: string
  readonly root: string
  /** The only value of `versione`. */
  readonly version: string
  readonly mayBeSimulated: boolean
  readonly content: Content
}

/** Kinds of file. */
export type FileKind =
  | 'receipts'
  | 'certificate-request'
  | 'activation'
  | 'event'
  | 'lottery'
  | 'answer'
  | 'certificate-answer'
  | 'lottery-answer'

const MANY = 1_000_000
const text = (type: TextType): Shape => ({ text: type })
const one = (name: string, type: TextType | readonly Part[]): One => element(name, 1, 1, type)
const maybe = (name: string, type: TextType | readonly Part[]): One => element(name, 0, 1, type)
const element = (name: string, min: 0 | 1, max: number, type: TextType | readonly Part[] | Content): One => ({
  name,
  min,
  max,
  shape: typeof type === 'function' ? text(type) : 'parts' in type ? type : { parts: type },
})
const either = (...parts: readonly One[]): Part => ({ oneOf: parts, min: 1 })

const technician = one('TecnicoVerificatore', [
  one('CodiceFiscale', is.taxCodeText),
  one('PIvaSocieta', [one('IdPaese', is.country), one('IdCodice', is.between(1, 28))]),
])

const amounts = (...names: readonly string[]): One[] => names.map((name) => maybe(name, is.amount))

const row = element('Riepilogo', 1, 40, [
  either(
    one('IVA', [one('AliquotaIVA', is.rate), one('Imposta', is.amount)]),
    one('Natura', is.oneOf('N1', 'N2', 'N3', 'N4', 'N5', 'N6')),
    one('VentilazioneIVA', is.oneOf('SI')),
  ),
  one('Ammontare', is.amount),
  maybe('RifNormativo', is.latin(100)),
  ...amounts('ImportoParziale', 'TotaleAmmontareResi', 'TotaleAmmontareAnnulli', 'BeniInSospeso', 'NonRiscossoServizi'),
  ...amounts('NonRiscossoFatture', 'TotaleDaFattureRT', 'NonRiscossoDCRaSSN', 'NonRiscossoOmaggio'),
  maybe('CodiceAttivita', is.whole(1n, 999_999n)),
])

const totals = maybe('Totali', [
  one('NumeroDocCommerciali', is.counting15),
  ...amounts('PagatoContanti', 'PagatoElettronico', 'ScontoApagare'),
  maybe('Ticket', [one('PagatoTicket', is.amount), one('NumeroTicket', is.positive15)]),
])

const vending = [
  'Venduto',
  'VendutoContante',
  'VendutoNoContante',
  'Incassato',
  'IncassatoRicarica',
  'IncassatoVendita',
  'TotaleResoTubiResto',
  'TotaleCaricatoTubiResto',
  'TotaleResoManualeTubiResto',
  'TotaleCaricatoManualeTubiResto',
].map((name) => one(name, is.amount))

const receipts: readonly Part[] = [
  one('Trasmissione', [
    one('Progressivo', is.positive15),
    one('Formato', is.oneOf('COR10')),
    maybe('Dispositivo', [
      one('Tipo', is.oneOf('DA', 'MC')),
      one('IdDispositivo', is.upTo(100)),
      maybe('GeoLocalizzazione', [one('Lat', is.degrees), one('Long', is.degrees)]),
    ]),
  ]),
  maybe('PeriodoInattivo', [one('Dal', is.dateTime), one('Al', is.dateTime)]),
  one('DataOraRilevazione', is.dateTime),
  either(
    one('DatiRT', [row, totals]),
    one('DatiDA', [
      either(
        one('Periodo', [...vending, one('DataOraPrelievoPrec', is.dateTime), one('ProgressivoPrelievo', is.counting15)]),
        one('Cumulato', vending),
      ),
    ]),
  ),
  element('InterventoTecnico', 0, 50, [
    one('CFTecnico', is.taxCodeText),
    one('IdIVALaboratorio', [one('IdPaese', is.country), one('IdCodice', is.exactly(11))]),
    one('DataOra', is.dateTime),
    one('Codice', is.anyText),
    maybe('Note', is.latin(1000)),
    maybe('NumeroSw', is.latin(10)),
    maybe('DataRelease', is.dateTime),
  ]),
  element('Segnalazione', 0, 50, [
    one('Matricola', is.anyText),
    one('DataOra', is.dateTime),
    one('Codice', is.anyText),
    maybe('Note', is.latin(1000)),
  ]),
]

const request: readonly Part[] = [
  one('Csr', is.base64),
  one('Dispositivo', [
    one('Tipo', is.oneOf('RT', 'DA', 'MC', 'DM')),
    maybe('MarchioFabbricante', is.anyText),
    maybe('Modello', is.anyText),
    maybe('RifApprovazioneDispositivo', [one('Numero', is.anyText), one('Data', is.date)]),
  ]),
  technician,
]

const activation: readonly Part[] = [
  one('Gestore', [one('IdPaese', is.country), one('IdCodice', is.between(1, 28))]),
  technician,
  maybe('GeoLocalizzazione', [one('Lat', is.shortDegrees), one('Long', is.shortDegrees)]),
  maybe('InformazioniAddizionali', [
    either(
      one('DA', [one('ProtocolloComunicazione', is.anyText), one('TipoDistributore', is.anyText)]),
      one('RT', [maybe('MatricolaRegistratoreDiCassa', is.anyText), maybe('DataMessaInServizio', is.date)]),
    ),
  ]),
]

const event: readonly Part[] = [
  one('Evento', is.anyText),
  one('DataOra', is.dateTime),
  one('Dettaglio', [one('Codice', is.exactly(5)), maybe('Descrizione', is.anyText)]),
]

const lottery: readonly Part[] = [
  one('DatiTrasmissione', [
    one('Formato', is.oneOf('DCL10')),
    one('Denominazione', is.latin(200)),
    maybe('IdCassa', is.exactly(8)),
  ]),
  element('DocumentoCommerciale', 1, 100, [
    one('IdCliente', is.lotteryCodeText),
    one('DataOra', is.dateTime),
    one('NumeroProgressivo', is.documentNumberText),
    one('Ammontare', is.amount),
    either(
      one('Vendita', [element('DatiPagamento', 1, 3, [one('Tipo', is.oneOf('PC', 'PE', 'NR')), one('Importo', is.amount)])]),
      one('ResoAnnullo', [
        one('Tipologia', is.oneOf('R', 'A')),
        one('DataOra', is.dateTime),
        one('Progressivo', is.documentNumberText),
        one('Dispositivo', [one('MatrTrasm', is.exactly(11)), maybe('MatrCassa', is.exactly(8))]),
      ]),
    ),
  ]),
]

const unwrapped: Deviation = {
  says: 'Codice and Descrizione stand without Errore around them',
  matches: (found) => {
    const names = elementsOf(found).map(({ local }) => local)
    return names.length > 0 && names.every((name) => name === 'Codice' || name === 'Descrizione')
  },
}
const empty: Deviation = { says: 'it is empty', matches: (found) => elementsOf(found).length === 0 }

const errors = (name: string, min: 0 | 1 = 1): One =>
  element(name, min, 1, {
    parts: [element('Errore', 1, MANY, [one('Codice', is.exactly(5)), one('Descrizione', is.latin(500))])],
    deviations: [unwrapped],
  })

const remarks = element('SegnalazioniDocComm', 1, 1, {
  parts: [
    element('Segnalazione', 1, MANY, [
      one('Posizione', is.anyWhole),
      one('NumeroProgressivo', is.documentNumberText),
      one('DataOra', is.dateTime),
      errors('Errori'),
    ]),
  ],
  deviations: [empty],
})

const shape = (
  kind: FileKind,
  title: string,
  uri: string,
  root: string,
  parts: readonly Part[],
  more: Partial<FileShape> = {},
): FileShape => ({ kind, title, uri, root, version: '1.0', mayBeSimulated: false, content: { parts }, ...more })

/** Every kind of file that exists between a device and the authority. */
export const fileShapes: readonly FileShape[] = [
  shape('receipts', 'daily receipts', namespaces.receipts, 'DatiCorrispettivi', receipts, {
    version: 'COR10',
    mayBeSimulated: true,
  }),
  shape('certificate-request', 'certificate request', namespaces.device, 'RichiestaCertificatoDispositivo', request),
  shape('activation', 'activation', namespaces.device, 'AttivaDispositivo', activation),
  shape('event', 'event', namespaces.device, 'EventoDispositivo', event),
  shape('lottery', 'lottery batch', namespaces.lottery, 'DocCommercialiLotteria', lottery, { mayBeSimulated: true }),
  shape('answer', 'answer of the authority', namespaces.device, 'EsitoOperazione', [
    one('IdOperazione', is.anyText),
    errors('Errori', 0),
  ]),
  shape('certificate-answer', 'answer to a certificate request', namespaces.device, 'EsitoRichiestaCertificatoDispositivo', [
    one('IdOperazione', is.anyText),
    either(one('Certificato', is.base64), errors('Errori')),
  ]),
  shape('lottery-answer', 'answer to a lottery batch', namespaces.lotteryAnswer, 'DocCommercialiLotteriaEsito', [
    one('IdOperazione', is.anyText),
    one('DataOra', is.dateTime),
    one('NumElementi', is.anyWhole),
    one('Esito', is.oneOf('AC', 'SE', 'SC')),
    { oneOf: [errors('ListaErrori'), remarks], min: 0 },
  ]),
]
