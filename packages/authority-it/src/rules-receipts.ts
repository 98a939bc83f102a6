// Daily receipts (5.1, 7, 8.2): state, kind of device, dates, place, numbers. Sums that do not come out are remarked on, never refused.
import { PROGRESSIVE_CODE } from './codes.js'
import { arithmeticWarnings } from './arithmetic.js'
import type { Device, DeviceState } from './effects.js'
import { momentOf } from './rome.js'
import { granted, refused, stateCode, type Context, type Ruling } from './rules.js'
import { firmProblems, isTaxCode } from './tax-ids.js'
import { at, child, childrenNamed, type Element } from './xml.js'

const MAY_TRANSMIT: readonly DeviceState[] = ['ATTIVATO', 'IN_SERVIZIO', 'FUORI_SERVIZIO']
/** Id of a till behind a server (2.3). */
const TILL = /^[0-9A-Za-z]{8}$/
/** A closing this long after midnight may be the evening's before (9.2). */
const GRACE_MS = 6 * 3_600_000

/** Judges daily receipts. */
export function judgeReceipts(root: Element, context: Context): Ruling {
  const { device, nowMs } = context
  const wrongState = stateCode(device, MAY_TRANSMIT, '00200')
  if (wrongState !== undefined || device === undefined) return refused(wrongState ?? '00200')

  const till = at(root, 'Trasmissione/Dispositivo/IdDispositivo') ?? ''
  const atMs = momentOf(at(root, 'DataOraRilevazione') ?? '')
  const inactive = inactivityOf(root)
  const codes = [
    ...deviceCodes(root, device, context),
    ...(inactive !== undefined && !isCoherent(device, till, inactive, atMs) ? ['00202'] : []),
    ...(atMs > nowMs ? ['00203'] : []),
    ...interventionCodes(root, nowMs),
    ...reportCodes(root, device, nowMs),
    ...vendingCodes(root, nowMs),
  ]
  const progressive = BigInt(at(root, 'Trasmissione/Progressivo') ?? '0')
  const order = orderWarning(device, progressive)
  if (codes.length === 0 && order !== undefined && isRefused(order, context)) codes.push(PROGRESSIVE_CODE)
  if (codes.length > 0) return refused(...codes)
  return granted(
    [
      {
        do: 'receipts',
        matricola: device.matricola,
        till,
        progressive: String(progressive),
        atMs,
        documents: Number(at(root, 'DatiRT/Totali/NumeroDocCommerciali') ?? '0'),
        simulated: root.attributes.some(({ name, value }) => name === 'simulazione' && value === 'true'),
        ...(inactive && { inactive }),
      },
    ],
    [...(order === undefined ? [] : [order]), ...arithmeticWarnings(root)],
  )
}

// A register sends its own figures; a server its tills'; a mobile device a machine's (5.1).
function deviceCodes(root: Element, { kind, merchant }: Device, { state }: Context): string[] {
  const block = child(child(root, 'Trasmissione'), 'Dispositivo')
  const codes: string[] = []
  const wanted = { RT: undefined, MC: 'MC', DM: 'DA', DA: 'DA' }[kind]
  const type = at(block, 'Tipo')
  if (type === undefined && (kind === 'MC' || kind === 'DM')) codes.push('00212')
  if (type !== undefined && type !== wanted) codes.push('00201')
  const vending = kind === 'DM' || kind === 'DA'
  if (vending !== (child(root, 'DatiDA') !== undefined)) codes.push('00207')
  const place = child(block, 'GeoLocalizzazione')
  if (place !== undefined && (!within(at(place, 'Lat'), 90) || !within(at(place, 'Long'), 180))) codes.push('00213')
  if (kind === 'DM' && type === 'DA') {
    const machine = state.devices.get(at(block, 'IdDispositivo') ?? '')
    if (machine === undefined || machine.kind !== 'DA' || (machine.merchant ?? merchant) !== merchant) codes.push('00210')
    else if (!MAY_TRANSMIT.includes(machine.state)) codes.push('00211')
  }
  return codes
}

const within = (value: string | undefined, most: number): boolean => Math.abs(Number(value)) <= most

function inactivityOf(root: Element): { fromMs: number; toMs: number } | undefined {
  const period = child(root, 'PeriodoInattivo')
  return period && { fromMs: momentOf(at(period, 'Dal') ?? ''), toMs: momentOf(at(period, 'Al') ?? '') }
}

// From before to, before the closing, and over no day that was worked or told of before (9.3).
function isCoherent(device: Device, till: string, { fromMs, toMs }: { fromMs: number; toMs: number }, atMs: number): boolean {
  if (!(fromMs <= toMs && toMs < atMs)) return false
  const own = <T extends { readonly till: string }>(all: readonly T[]): readonly T[] => all.filter((one) => one.till === till)
  return (
    own(device.inactive).every((one) => one.toMs < fromMs || one.fromMs > toMs) &&
    own(device.closings).every((one) => one.atMs < fromMs + GRACE_MS || one.atMs > toMs)
  )
}

function interventionCodes(root: Element, nowMs: number): string[] {
  const all = childrenNamed(root, 'InterventoTecnico')
  const future = all.some((one) => momentOf(at(one, 'DataOra') ?? '') > nowMs)
  const odd = all.some((one) => {
    const firm = firmProblems(at(one, 'IdIVALaboratorio/IdPaese') ?? '', at(one, 'IdIVALaboratorio/IdCodice') ?? '')
    return firm.country || firm.number || !isTaxCode(at(one, 'CFTecnico') ?? '') || at(one, 'Codice') === ''
  })
  return [...(future ? ['00204'] : []), ...(odd ? ['00208'] : [])]
}

// A report names the device, or a till behind it, and has a code.
function reportCodes(root: Element, { matricola, kind }: Device, nowMs: number): string[] {
  const all = childrenNamed(root, 'Segnalazione')
  const future = all.some((one) => momentOf(at(one, 'DataOra') ?? '') > nowMs)
  const odd = all.some((one) => {
    const named = at(one, 'Matricola') ?? ''
    return !(named === matricola || (kind === 'MC' && TILL.test(named))) || at(one, 'Codice') === ''
  })
  return [...(future ? ['00206'] : []), ...(odd ? ['00209'] : [])]
}

function vendingCodes(root: Element, nowMs: number): string[] {
  const before = at(root, 'DatiDA/Periodo/DataOraPrelievoPrec')
  return before !== undefined && momentOf(before) > nowMs ? ['00214'] : []
}

function orderWarning({ progressive: last }: Device, progressive: bigint): string | undefined {
  if (progressive === last + 1n) return undefined
  return progressive > last ? 'PROGRESSIVE_GAP' : 'PROGRESSIVE_REGRESSION'
}

function isRefused(order: string, { settings }: Context): boolean {
  return (
    (settings.progressive === 'refuseGap' && order === 'PROGRESSIVE_GAP') ||
    (settings.progressive === 'refuseRegression' && order === 'PROGRESSIVE_REGRESSION')
  )
}
