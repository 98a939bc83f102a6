// The five messages as plain text, written here by hand so that tests can bend them, and the parties that sign them.
import { createHash } from 'node:crypto'
import type { Signer } from '@sigillo/core'
import { createRequest, nameOids, toBase64 } from '@sigillo/documents'
import type { Adoption, Authority } from './contract.js'
import { certified, manufacturerOf, sharedSigner } from './parties.fixture.js'
import { shapes, type Route } from './tables.js'
import { operations, send, signed, type WireAnswer } from './wire.fixture.js'

const firm = '<PIvaSocieta><IdPaese>IT</IdPaese><IdCodice>09876543217</IdCodice></PIvaSocieta>'
const technician = `<TecnicoVerificatore><CodiceFiscale>RSSMRA80A01H501U</CodiceFiscale>${firm}</TecnicoVerificatore>`

/** Inner text of each message; `CSR` stands for a request. */
export const inner: Readonly<Record<Route, string>> = {
  enrol: `<Csr>CSR</Csr><Dispositivo><Tipo>RT</Tipo><MarchioFabbricante>Esempio</MarchioFabbricante><Modello>TT</Modello><RifApprovazioneDispositivo><Numero>1</Numero><Data>2026-01-01</Data></RifApprovazioneDispositivo></Dispositivo>${technician}`,
  activate: `<Gestore><IdPaese>IT</IdPaese><IdCodice>01234567897</IdCodice></Gestore>${technician}`,
  receipts:
    '<Trasmissione><Progressivo>1</Progressivo><Formato>COR10</Formato></Trasmissione><DataOraRilevazione>2026-11-24T12:00:00+01:00</DataOraRilevazione><DatiRT><Riepilogo><IVA><AliquotaIVA>22.00</AliquotaIVA><Imposta>22.00</Imposta></IVA><Ammontare>100.00</Ammontare><ImportoParziale>100.00</ImportoParziale></Riepilogo><Totali><NumeroDocCommerciali>1</NumeroDocCommerciali><PagatoContanti>122.00</PagatoContanti></Totali></DatiRT>',
  event:
    '<Evento>FUORI_SERVIZIO</Evento><DataOra>2026-11-24T12:00:00+01:00</DataOra><Dettaglio><Codice>00600</Codice></Dettaglio>',
  lottery:
    '<DatiTrasmissione><Formato>DCL10</Formato><Denominazione>BOTTEGA ESEMPIO SRL</Denominazione></DatiTrasmissione><DocumentoCommerciale><IdCliente>ABCD1234</IdCliente><DataOra>2026-11-24T11:00:00+01:00</DataOra><NumeroProgressivo>0001-0001</NumeroProgressivo><Ammontare>10.00</Ammontare><Vendita><DatiPagamento><Tipo>PE</Tipo><Importo>10.00</Importo></DatiPagamento></Vendita></DocumentoCommerciale>',
}

/** A whole unsigned message around this inner text. */
export function messageXml(route: Route, content: string = inner[route]): string {
  const { root, uri } = shapes[route]
  const version = route === 'receipts' ? 'COR10' : '1.0'
  return `<?xml version="1.0" encoding="UTF-8"?>\n<m:${root} xmlns:m="${uri}" versione="${version}">${content}</m:${root}>`
}

/** Changes text that must be there. */
export function bend(text: string, ...changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`${from} is not in the message`)
    return before.replace(from, to)
  }, text)
}

/** A certification request, base64. */
export async function csrOf(signer: Signer, commonName: string): Promise<string> {
  const sign = async (message: Uint8Array): Promise<Uint8Array> =>
    (await signer.sign({ operation: 'it.enrol', suite: 'rs256', input: { message } })).signature
  const { publicKeySpki } = signer.describe()
  return toBase64(
    await createRequest({ subject: [{ oid: nameOids.CN, value: commonName }], publicKeySpki, suite: 'rs256', sign }),
  )
}

/** Somebody who signs messages and sends them. */
export interface Party {
  readonly signer: Signer
  /** Signs this inner text as a message of the route, and sends it. */
  say(route: Route, content?: string): Promise<WireAnswer>
}

/** A party of this signer. */
export const partyOf = (authority: Authority, signer: Signer): Party => ({
  signer,
  say: async (route, content) => send(authority, operations[route], await signed(messageXml(route, content), signer)),
})

/** A manufacturer the authority knows. */
export async function openManufacturer(authority: Authority): Promise<Party> {
  return partyOf(authority, await manufacturerOf(authority))
}

/** A device the authority knows, in any state, of any kind; its certificate was issued like any other. */
export async function openDevice(
  authority: Authority,
  manufacturer: Party,
  matricola: string,
  more: Partial<Omit<Adoption, 'certificate'>> = {},
): Promise<Party> {
  const key = await sharedSigner()
  const answer = await manufacturer.say('enrol', bend(inner.enrol, ['CSR', await csrOf(key, matricola)]))
  const found = /<Certificato>([^<]+)</.exec(answer.text)
  if (found === null) throw new Error(`${matricola} was refused: ${answer.codes.join()}`)
  const certificate = new Uint8Array(Buffer.from(found[1] as string, 'base64'))
  if (Object.keys(more).length > 0) authority.adopt({ certificate, kind: 'RT', ...more })
  return partyOf(authority, certified(key, certificate))
}

/** SHA-256 in hex. */
export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')
