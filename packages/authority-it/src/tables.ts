// The five requests, element by element (5.1 to 5.6), and the outer shape of their signature (6).
import { choose, many, maybe, one, seq, type Content, type MessageShape, type Part } from './content.js'
import {
  amount,
  anyText,
  base64,
  date,
  dateTime,
  degrees,
  latin,
  oneLine,
  oneOf,
  plainDegrees,
  rate,
  shaped,
  sized,
  whole,
  type Simple,
} from './types.js'
import { dsig } from './xml.js'

/** Namespaces of messages and answers. */
export const uris = {
  receipts: 'http://ivaservizi.agenziaentrate.gov.it/docs/xsd/corrispettivi/dati/v1.0',
  device: 'http://ivaservizi.agenziaentrate.gov.it/docs/xsd/corrispettivi/v1.0',
  lottery: 'http://ivaservizi.agenziaentrate.gov.it/docs/xsd/doccommercialilotteria/v1.0',
  lotteryAnswer: 'http://ivaservizi.agenziaentrate.gov.it/docs/xsd/doccommercialilotteria/esito/v1.0',
} as const

/** Largest number the messages count with. */
const MOST = 999_999_999_999_999
const taxCode = shaped('11 to 16 capitals or digits', '[A-Z0-9]{11,16}')
const country = shaped('two capitals', '[A-Z]{2}')
const documentNumber = shaped('four digits, a hyphen, four digits', '[0-9]{4}-[0-9]{4}', 'replace')
const code = sized(5, 5)

// ---- the signature's outer shape; its own check judges the rest

const method: Content = { sequence: [], open: true, attributes: { Algorithm: { needed: true } } }
const ds = (el: string, is: Simple | Content, least = 1, most = 1): Part => ({ el, is, least, most, uri: dsig })
const reference: Content = {
  sequence: [
    ds('Transforms', { sequence: [ds('Transform', method, 1, MOST)] }, 0),
    ds('DigestMethod', method),
    ds('DigestValue', base64),
  ],
  attributes: { Id: {}, URI: {}, Type: {} },
}
const signedInfo: Content = {
  sequence: [ds('CanonicalizationMethod', method), ds('SignatureMethod', method), ds('Reference', reference, 1, MOST)],
  attributes: { Id: {} },
}
const signature: Part = ds('Signature', {
  sequence: [
    ds('SignedInfo', signedInfo),
    ds('SignatureValue', { sequence: [], open: true, attributes: { Id: {} } }),
    ds('KeyInfo', { sequence: [], open: true, attributes: { Id: {} } }, 0),
    ds('Object', { sequence: [], open: true, attributes: { Id: {}, MimeType: {}, Encoding: {} } }, 0, MOST),
  ],
  attributes: { Id: {} },
})

const version = (value: string): NonNullable<Content['attributes']> => ({ versione: { values: [value], needed: true } })
const simulated = { simulazione: { values: ['true'] } }

// ---- pieces that several messages share

const fiscalId = (most: number, least = 1): Content => seq(one('IdPaese', country), one('IdCodice', sized(least, most)))
const technician = seq(one('CodiceFiscale', taxCode), one('PIvaSocieta', fiscalId(28)))
const place = (degree: Simple): Content => seq(one('Lat', degree), one('Long', degree))

// ---- daily receipts

const transmission = seq(
  one('Progressivo', whole(1, MOST)),
  one('Formato', oneOf('COR10')),
  maybe(
    'Dispositivo',
    seq(
      one('Tipo', oneOf('DA', 'MC')),
      one('IdDispositivo', sized(0, 100, 'replace')),
      maybe('GeoLocalizzazione', place(degrees)),
    ),
  ),
)
const summary = seq(
  choose(
    one('IVA', seq(one('AliquotaIVA', rate), one('Imposta', amount))),
    one('Natura', oneOf('N1', 'N2', 'N3', 'N4', 'N5', 'N6')),
    one('VentilazioneIVA', oneOf('SI')),
  ),
  one('Ammontare', amount),
  maybe('RifNormativo', latin(100)),
  maybe('ImportoParziale', amount),
  maybe('TotaleAmmontareResi', amount),
  maybe('TotaleAmmontareAnnulli', amount),
  maybe('BeniInSospeso', amount),
  maybe('NonRiscossoServizi', amount),
  maybe('NonRiscossoFatture', amount),
  maybe('TotaleDaFattureRT', amount),
  maybe('NonRiscossoDCRaSSN', amount),
  maybe('NonRiscossoOmaggio', amount),
  maybe('CodiceAttivita', whole(1, 999_999)),
)
const totals = seq(
  one('NumeroDocCommerciali', whole(0, MOST)),
  maybe('PagatoContanti', amount),
  maybe('PagatoElettronico', amount),
  maybe('ScontoApagare', amount),
  maybe('Ticket', seq(one('PagatoTicket', amount), one('NumeroTicket', whole(1, MOST)))),
)
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
].map((name) => one(name, amount))
const machine = seq(
  choose(
    one('Periodo', seq(...vending, one('DataOraPrelievoPrec', dateTime), one('ProgressivoPrelievo', whole(0, MOST)))),
    one('Cumulato', seq(...vending)),
  ),
)
const intervention = seq(
  one('CFTecnico', taxCode),
  one('IdIVALaboratorio', fiscalId(11, 11)),
  one('DataOra', dateTime),
  one('Codice', oneLine),
  maybe('Note', latin(1000)),
  maybe('NumeroSw', latin(10)),
  maybe('DataRelease', dateTime),
)
const report = seq(one('Matricola', oneLine), one('DataOra', dateTime), one('Codice', oneLine), maybe('Note', latin(1000)))
const receipts: Content = {
  sequence: [
    one('Trasmissione', transmission),
    maybe('PeriodoInattivo', seq(one('Dal', dateTime), one('Al', dateTime))),
    one('DataOraRilevazione', dateTime),
    choose(one('DatiRT', seq(many('Riepilogo', summary, 1, 40), maybe('Totali', totals))), one('DatiDA', machine)),
    many('InterventoTecnico', intervention, 0, 50),
    many('Segnalazione', report, 0, 50),
    signature,
  ],
  attributes: { ...version('COR10'), ...simulated },
}

// ---- device messages

const approval = seq(one('Numero', anyText), one('Data', date))
const enrolment: Content = {
  sequence: [
    // Anything: what is no request is told with a code of its own.
    one('Csr', anyText),
    one(
      'Dispositivo',
      seq(
        one('Tipo', oneOf('RT', 'DA', 'MC', 'DM')),
        maybe('MarchioFabbricante', anyText),
        maybe('Modello', anyText),
        maybe('RifApprovazioneDispositivo', approval),
      ),
    ),
    one('TecnicoVerificatore', technician),
    signature,
  ],
  attributes: version('1.0'),
}
const additional = seq(
  choose(
    one('DA', seq(one('ProtocolloComunicazione', anyText), one('TipoDistributore', anyText))),
    one('RT', seq(maybe('MatricolaRegistratoreDiCassa', anyText), maybe('DataMessaInServizio', date))),
  ),
)
const activation: Content = {
  sequence: [
    one('Gestore', fiscalId(28)),
    one('TecnicoVerificatore', technician),
    maybe('GeoLocalizzazione', place(plainDegrees)),
    maybe('InformazioniAddizionali', additional),
    signature,
  ],
  attributes: version('1.0'),
}
const event: Content = {
  sequence: [
    one('Evento', anyText),
    one('DataOra', dateTime),
    one('Dettaglio', seq(one('Codice', code), maybe('Descrizione', anyText))),
    signature,
  ],
  attributes: version('1.0'),
}

// ---- lottery

const goneBack = seq(
  one('Tipologia', oneOf('R', 'A')),
  one('DataOra', dateTime),
  one('Progressivo', documentNumber),
  one('Dispositivo', seq(one('MatrTrasm', sized(11, 11)), maybe('MatrCassa', sized(8, 8)))),
)
const sale = seq(many('DatiPagamento', seq(one('Tipo', oneOf('PC', 'PE', 'NR')), one('Importo', amount)), 1, 3))
const ticket = seq(
  one('IdCliente', shaped('1 to 16 letters or digits', '[A-Za-z0-9]{1,16}')),
  one('DataOra', dateTime),
  one('NumeroProgressivo', documentNumber),
  one('Ammontare', amount),
  choose(one('ResoAnnullo', goneBack), one('Vendita', sale)),
)
const lottery: Content = {
  sequence: [
    one('DatiTrasmissione', seq(one('Formato', oneOf('DCL10')), one('Denominazione', latin(200)), maybe('IdCassa', sized(8, 8)))),
    many('DocumentoCommerciale', ticket, 1, 100),
    signature,
  ],
  attributes: { ...version('1.0'), ...simulated },
}

/** The operations of 3.1. */
export type Route = 'enrol' | 'activate' | 'receipts' | 'event' | 'lottery'

/** What a client may ask, and the shape of the message it asks it with. */
export const shapes: Readonly<Record<Route, MessageShape>> = {
  enrol: { root: 'RichiestaCertificatoDispositivo', uri: uris.device, content: enrolment },
  activate: { root: 'AttivaDispositivo', uri: uris.device, content: activation },
  receipts: { root: 'DatiCorrispettivi', uri: uris.receipts, content: receipts },
  event: { root: 'EventoDispositivo', uri: uris.device, content: event },
  lottery: { root: 'DocCommercialiLotteria', uri: uris.lottery, content: lottery },
}
