// The keyed till protocol (12.3): JSON over HTTPS, every document a JSON text sealed with the till's key upon the seal before it.
import { isFiscalError } from '@sigillo/core'
import { dateTime, openZone, type Zone } from '../time.js'
import { rates } from '../groups.js'
import type { Dialect, Position, Prepared, Verdict } from './dialect.js'
import { readDocument, type DeviceDocument, type DeviceRules } from './document.js'
import { attempt, post, question, type Reach } from './exchange.js'
import { fiscalData, type KeyedPlace } from './keyed-document.js'
import { keyedSeal } from './seal.js'

/** Settings of a till on the keyed protocol. */
export interface KeyedOptions extends Reach, Partial<DeviceRules> {
  /** Till id, 8 characters; also the name it signs in with. */
  readonly till: string
  readonly password: string
  readonly zone?: string
}

const JSON_TYPE = 'application/json'

interface Answer {
  readonly code: number
  readonly text: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A dialect over the keyed protocol. @throws RangeError for an unknown zone */
export function keyedDialect(options: KeyedOptions): Dialect {
  const { till, zone = 'Europe/Rome', activityCodes = false, cashRounding = false } = options
  const rules: DeviceRules = { rates: options.rates ?? rates, activityCodes, cashRounding }
  const reach: Reach = { ...options, user: till }
  const local = openZone(zone)
  const stand = (path: string, data: object): Promise<Position> =>
    question(reach, path, JSON.stringify({ data }), JSON_TYPE, (text) => positionOf(answerOf(text)))
  const ask = (): Promise<Position> => stand('/getDailyStatus.php', { cashuuid: till })
  return {
    chains: true,
    ask,
    open: (atMs) => stand('/getDailyOpen.php', { cashuuid: till, dtime: stamp(local, atMs) }),
    read: (document) => readDocument(document, rules),
    prepare: (key, document, position, atMs) => prepare({ till, moment: stamp(local, atMs), rules }, key, document, position),
    send: (prepared) => {
      const path = prepared.document.lotteryCode === undefined ? '/insertFiscalDocument2.php' : '/insertFiscalDocumentLottery.php'
      return attempt(
        () => post(reach, path, prepared.body, JSON_TYPE),
        ({ text }) => judge(answerOf(text)),
      )
    },
    find: async (prepared) => {
      const position = await ask()
      return { where: whereIs(prepared, position), position }
    },
    close: (position, atMs) => {
      const data = { cashuuid: till, znum: position.z + 1, dtime: stamp(local, atMs), amount: position.running }
      return attempt(
        () => post(reach, '/insertZDocument.php', JSON.stringify({ data }), JSON_TYPE),
        ({ text }) => judge(answerOf(text)),
      )
    },
    status: () =>
      question(reach, '/getDailyStatus.php', JSON.stringify({ data: { cashuuid: till } }), JSON_TYPE, (text) =>
        healthOf(answerOf(text)),
      ),
  }
}

/** `yyyy-MM-dd HH:mm:ss`, local. */
function stamp(zone: Zone, ms: number): string {
  return dateTime(zone, ms).slice(0, 19).replace('T', ' ')
}

function prepare(
  { till, moment, rules }: { readonly till: string; readonly moment: string; readonly rules: DeviceRules },
  key: string,
  document: DeviceDocument,
  before: Position,
): Prepared {
  const read = readDocument(document, rules)
  const [z, n] = [before.z + 1, before.n + 1]
  const place: KeyedPlace = { till, moment, z, n, previous: before.head, grandTotal: before.running }
  const text = fiscalData(read, place)
  const seal = keyedSeal(text, before.secret)
  const body = JSON.stringify({ data: { fiscalData: text, qrData: { ...seal, addInfo: null } } })
  const running = before.running + (read.kind === 'sale' ? read.total : 0)
  const after: Position = { ...before, n, head: seal.signature, running }
  return { key, document, body, z, n, seal: seal.signature, amount: read.total, before, after }
}

// The chain's head says it; after a closing behind the till's back only the grand total still can, and only for a sale.
function whereIs(
  { seal, before, after, n }: Prepared,
  { z, n: last, head, running }: Position,
): 'registered' | 'absent' | 'elsewhere' {
  if (z === before.z) {
    if (head === seal && last === n) return 'registered'
    // A day that was opened again begins another chain at the same place.
    return last === before.n ? 'absent' : 'elsewhere'
  }
  if (after.running === before.running) return 'elsewhere'
  return running === after.running ? 'registered' : running === before.running ? 'absent' : 'elsewhere'
}

function answerOf(text: string): Answer | undefined {
  try {
    const outer = JSON.parse(text) as unknown
    if (typeof outer !== 'object' || outer === null) return undefined
    const { data } = outer as { data?: unknown }
    const fields = { ...outer, ...(typeof data === 'object' && data !== null ? data : {}) } as Record<string, unknown>
    const code = Number(fields['responseCode'])
    if (fields['responseCode'] === undefined || !Number.isInteger(code)) return undefined
    return { code, text: String(fields['responseDesc'] ?? ''), fields }
  } catch (error) {
    if (isFiscalError(error)) throw error
    return undefined
  }
}

const numbered = (value: unknown): number => {
  const number = Number(value)
  return value === null || value === '' || !Number.isSafeInteger(number) ? Number.NaN : number
}

function positionOf(answer: Answer | undefined): Position | undefined {
  if (answer === undefined || answer.code !== 0) return undefined
  const { fields } = answer
  const z = numbered(fields['numberClosure'])
  const n = numbered(fields['cashLastDocNumber'])
  const running = numbered(fields['grandTotalDB'])
  if ([z, n, running].some((one) => Number.isNaN(one)) || typeof fields['cashToken'] !== 'string') return undefined
  const open = String(fields['cashStatus'] ?? '1') !== '0'
  return { z, n, head: fields['cashToken'], running, open, secret: String(fields['cashHmacKey'] ?? '') }
}

const SHOWN = [
  'numberClosure',
  'fiscalBoxId',
  'cashName',
  'cashShop',
  'cashDesc',
  'cashStatus',
  'cashLastDocNumber',
  'grandTotalDB',
  'dateTimeServer',
]

// Everything but the chain's head and its key.
function healthOf(answer: Answer | undefined): Record<string, string> | undefined {
  if (answer === undefined) return undefined
  const shown = SHOWN.filter((name) => answer.fields[name] !== undefined).map(
    (name) => [name, String(answer.fields[name])] as const,
  )
  return {
    responseCode: String(answer.code),
    ...Object.fromEntries([...shown, ...raised(answer).map((flag) => [flag, 'true'] as const)]),
  }
}

function raised({ fields }: Answer): string[] {
  const flags = fields['responseErr']
  if (typeof flags !== 'object' || flags === null) return []
  return Object.entries(flags)
    .filter(([, value]) => value === true || value === 1 || value === '1')
    .map(([name]) => name)
}

// What a code other than 0 means the vendor does not say in full: the till asks where the device stands and decides by that.
function judge(answer: Answer | undefined): Verdict {
  if (answer === undefined) return { is: 'unknown', problem: 'not an answer of this protocol', left: true }
  const { code, fields } = answer
  if (code !== 0) return { is: 'refused', code: String(code), message: `the server refuses it with code ${code}` }
  const codes = fields['responseSubCode']
  const remarks = (Array.isArray(codes) ? codes : []).map((one) => `IT_DEVICE_${String(one)}`)
  const flags = raised(answer)
    .filter((name) => name.startsWith('warn_'))
    .map((name) => `IT_DEVICE_${name.toUpperCase()}`)
  return { is: 'accepted', code: '0', warnings: [...remarks, ...flags] }
}
