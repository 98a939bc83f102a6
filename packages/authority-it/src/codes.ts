// Codes of the answers (7), with texts of our own in Latin-1: a client goes by the code.

/** What each code says. */
export const codes: Readonly<Record<string, string>> = {
  '00000': 'Il messaggio non rispetta il tracciato',
  '99999': 'La firma del messaggio non e integra',

  '00001': 'La richiesta di certificato non e leggibile come DER o PEM',
  '00002': 'La matricola non ha il formato previsto',
  '00003': 'La chiave e piu corta del minimo',
  '00004': 'Il dispositivo risulta gia censito',
  '00005': 'Per questo tipo di dispositivo occorre il marchio',
  '00006': 'Per questo tipo di dispositivo occorre il modello',
  '00007': "Per questo tipo di dispositivo occorre il riferimento dell'approvazione",
  '00008': 'Marchio non valido',
  '00009': 'Modello non valido',
  '00010': "Riferimento dell'approvazione non valido",
  '00011': 'Codice fiscale del tecnico non valido',
  '00012': 'Paese della societa del tecnico non valido',
  '00013': 'Partita IVA della societa del tecnico non valida',
  '00014': 'Lo stato del dispositivo non ammette la richiesta',
  '00015': 'Matricola oltre i 30 caratteri, troncata',
  '00016': 'Emissione del certificato non riuscita, riprovare in seguito',

  '00100': 'Il dispositivo non si puo attivare nello stato in cui si trova',
  '00101': "L'esercente non e registrato",
  '00109': 'Occorre la matricola del registratore di cassa',
  '00110': 'La data di messa in servizio e passata',
  '00111': 'Codice fiscale del tecnico non valido',
  '00112': 'Paese della societa del tecnico non valido',
  '00113': 'Partita IVA della societa del tecnico non valida',
  '00114': "Partita IVA dell'esercente non valida",
  '00115': "Il soggetto e accreditato con un'altra partita IVA",

  '00200': 'Il dispositivo non e attivato',
  '00201': 'Il tipo di dispositivo non corrisponde al certificato',
  '00202': 'Le date del periodo di inattivita non sono coerenti',
  '00203': 'La data di rilevazione e nel futuro',
  '00204': 'La data di un intervento tecnico e nel futuro',
  '00206': 'La data di una segnalazione e nel futuro',
  '00207': 'La sezione contabile non corrisponde al tipo di dispositivo',
  '00208': 'I dati di un intervento tecnico non sono congruenti',
  '00209': 'I dati di una segnalazione non sono congruenti',
  '00210': 'Distributore sconosciuto o di un altro esercente',
  '00211': 'Distributore non attivato',
  '00212': 'Occorre il blocco Trasmissione/Dispositivo',
  '00213': 'La posizione non e in gradi decimali',
  '00214': 'La data del prelievo precedente e nel futuro',

  '00300': 'Piu di 100 documenti',
  '00301': 'Il messaggio supera la dimensione ammessa',
  '00302': 'Servizio momentaneamente non disponibile',
  '00303': 'Il dispositivo non e in servizio',
  '00306': 'Il messaggio risulta gia acquisito',
  '00307': 'La data del documento e nel futuro',
  '00308': 'I pagamenti non corrispondono all ammontare',

  '00700': "Lo stato del dispositivo non ammette l'evento",
  '00701': "Il dettaglio non corrisponde all'evento",
  '00705': "La data dell'evento e nel futuro",
  '00706': 'Per questo dettaglio occorre una descrizione',
  '00707': 'Il dettaglio non corrisponde al tipo di dispositivo',
  '00708': "La data dell'evento manca o non e valida",
  '00709': "Il dettaglio dell'evento manca o e incompleto",
  '00710': 'Evento sconosciuto',
  '00711': 'Dettaglio sconosciuto',
  '00712': 'Evento non ammesso per un dispositivo fuori servizio',
}

/** Not one of the published codes: what this authority says of a Progressivo when told to mind them. */
export const PROGRESSIVE_CODE = '00299'

/** The text of a code. */
export function textOf(code: string): string {
  return code === PROGRESSIVE_CODE
    ? 'Progressivo fuori sequenza (codice proprio di questa autorita di prova)'
    : (codes[code] ?? 'Codice richiesto da chi esegue la prova')
}
