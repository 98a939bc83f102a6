// Certification request and activation (2.2, 5.2, 5.3, 7): who may have a certificate, who may be bound to a merchant.
import { readRequest } from './csr.js'
import { momentOf, romeDate } from './rome.js'
import { granted, refused, stateCode, technicianCodes, type Context, type Ruling } from './rules.js'
import { isVatNumber } from './tax-ids.js'
import type { DeviceKind, DeviceState } from './effects.js'
import { at, child, type Element } from './xml.js'

/** Issues the certificate of a device. */
export type Issue = (matricola: string, publicKey: Uint8Array) => Uint8Array

/** The serial number's shape (2.3). */
const MATRICOLA = /^[0-9A-Z]{5}[0-9]{6}$/

/** Judges a certification request. */
export function judgeEnrolment(root: Element, context: Context, issue: Issue): Ruling {
  const request = readRequest(at(root, 'Csr') ?? '')
  if (request === undefined) return refused('00001')
  const matricola = request.commonName
  const known = context.state.devices.get(matricola)
  if (known !== undefined) return refused(known.state === 'DISMESSO' ? '00014' : '00004')

  const kind = at(root, 'Dispositivo/Tipo') as DeviceKind
  const codes = [
    ...(MATRICOLA.test(matricola) ? [] : ['00002']),
    ...(request.bits < 2048 ? ['00003'] : []),
    ...modelCodes(root, kind, context),
    ...technicianCodes(root, ['00011', '00012', '00013'], false),
    ...(matricola.length > 30 ? ['00015'] : []),
  ]
  if (codes.length > 0) return refused(...codes)
  const certificate = issue(matricola, request.publicKey)
  return {
    ...granted([{ do: 'enrol', matricola, kind, certificate: Buffer.from(certificate).toString('base64') }]),
    certificate,
  }
}

function modelCodes(root: Element, kind: DeviceKind, { nowMs, settings }: Context): string[] {
  const device = child(root, 'Dispositivo')
  const brand = at(device, 'MarchioFabbricante')
  const model = at(device, 'Modello')
  const approval = child(device, 'RifApprovazioneDispositivo')
  const codes: string[] = []
  const mandatory = kind === 'RT'
  if (brand === undefined && mandatory) codes.push('00005')
  if (model === undefined && mandatory) codes.push('00006')
  if (approval === undefined && mandatory) codes.push('00007')
  if (brand === '' || (brand !== undefined && !isKnown(settings.models, (one) => one.startsWith(`${brand}/`))))
    codes.push('00008')
  else if (
    model === '' ||
    (model !== undefined && brand !== undefined && !isKnown(settings.models, (one) => one === `${brand}/${model}`))
  )
    codes.push('00009')
  const number = at(approval, 'Numero')
  const day = (at(approval, 'Data') ?? '').slice(0, 10)
  if (approval !== undefined && (number === '' || day > romeDate(nowMs))) codes.push('00010')
  return codes
}

// Without a list every model is approved.
function isKnown(models: readonly string[] | undefined, test: (model: string) => boolean): boolean {
  return models === undefined || models.some(test)
}

const ACTIVATABLE: readonly DeviceState[] = ['CENSITO', 'DISATTIVATO']

/** Judges an activation. */
export function judgeActivation(root: Element, context: Context): Ruling {
  const { device, nowMs, settings } = context
  const wrongState = stateCode(device, ACTIVATABLE, '00100')
  if (wrongState !== undefined || device === undefined) return refused(wrongState ?? '00100')

  const merchant = at(root, 'Gestore/IdCodice') ?? ''
  const register = child(child(root, 'InformazioniAddizionali'), 'RT')
  const from = at(register, 'DataMessaInServizio')
  const valid = at(root, 'Gestore/IdPaese') === 'IT' && isVatNumber(merchant)
  const codes = [
    ...(valid ? [] : ['00114']),
    ...(valid && settings.merchants !== undefined && !settings.merchants.includes(merchant) ? ['00101'] : []),
    ...(device.oldRegister && (at(register, 'MatricolaRegistratoreDiCassa') ?? '') === '' ? ['00109'] : []),
    ...(from !== undefined && isPast(from, nowMs) ? ['00110'] : []),
    ...technicianCodes(root, ['00111', '00112', '00113'], true),
  ]
  return codes.length > 0 ? refused(...codes) : granted([{ do: 'activate', matricola: device.matricola, merchant }])
}

// Today is not past. A date may carry a zone, which says nothing about the day meant.
function isPast(date: string, nowMs: number): boolean {
  return momentOf(`${date.slice(0, 10)}T00:00:00`) < momentOf(`${romeDate(nowMs)}T00:00:00`)
}
