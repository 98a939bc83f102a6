// France's part of the off-line log (13): the words of "mode dégradé", the requests that tell the queue of an outage, and what
// the provisional receipt shows. The mechanism is core's.
import { FiscalError, type JsonObject, type PrintItem } from '@sigillo/core'
import type { OfflineReceipt, OfflineRules } from '@sigillo/core/offline'
import { checkPayment } from './documents.js'
import { nationalCode } from './errors.js'
import { figuresOf, forcedFigures, type Figures } from './figures.js'
import { settingsOf, type FranceOptions, type Settings } from './options.js'
import { parseRequest } from './parse.js'
import { headItems } from './print.js'
import { documentItems } from './print-document.js'
import { must, pair, rule, title } from './print-items.js'
import { shownNow } from './print-shop.js'
import type { PaymentRequest } from './request.js'
import { checkForm, needLines, soldEarlier, type SaleInput } from './sale.js'
import { cleanName } from './text.js'
import { businessDate, frenchMoment } from './time.js'

/**
 * Wording and requests for `openTill` of a French till.
 * @throws FiscalError OPTION_INVALID
 * @example
 * openTill({ rules: frenchOffline(options), … })
 */
export function frenchOffline(options: FranceOptions): OfflineRules {
  const settings = settingsOf(options)
  return {
    kind: 'fr.degraded',
    outage: ({ episode, reason, opened, anchorNumber, anchorHash }) => ({
      ...byTill(opened),
      type: 'outage',
      ...(anchorHash !== ZERO_HASH && { anchor: { seq: anchorNumber, hash: anchorHash } }),
      episode,
      opened,
      reason: reason.slice(0, 200),
    }),
    expired: ({ episode, opened }) => ({
      ...byTill(opened),
      type: 'event',
      code: 914,
      info: 'Durée hors ligne maximale dépassée',
      data: { episode },
    }),
    finish: ({ header, breaks, missing, ...counts }) => ({
      ...byTill(header.opened),
      type: 'zero',
      episode: {
        ...defined(counts),
        episode: header.episode,
        ...(missing.length > 0 && { missing: missing.slice(0, 10_000) }),
        ...(breaks.length > 0 && {
          breaks: breaks.slice(0, 500).map(({ kind, seq, message, told }) => ({
            kind,
            seq,
            message: message.slice(0, 200),
            ...(told === true && { told: 1 }),
          })),
        }),
      },
    }),
    unreadable: ({ header, name, sha256, base64, sizeBytes }) => ({
      ...byTill(header.opened),
      type: 'event',
      code: 90,
      info: `Reçu dégradé illisible ${name}`.slice(0, 200),
      data: { base64, episode: header.episode, name, sha256, size: sizeBytes },
    }),
    resent: ({ episode }, { count, moment, reason, operator }) => ({
      operatorId: operator,
      posMoment: moment,
      type: 'event',
      code: 123,
      info: `Renvoi forcé de ${count} reçus ${reason}`.slice(0, 200),
      data: { count, episode },
    }),
    acknowledge: ({ opened }, reason, operator) => ({ ...byTill(opened), operatorId: operator, type: 'acknowledge', reason }),
    knowsAnchor: ({ answer }) => (answer as JsonObject | undefined)?.['anchorKnown'] !== false,
    nationalCode,
    check: (request) => checkOffline(settings, request),
    print: (receipt) => printOffline(settings, receipt),
  }
}

const ZERO_HASH = '0'.repeat(64)

// The moment is the episode's, so that the same request sent again is the same request.
function byTill(opened: string): { operatorId: string; posMoment: string } {
  return { operatorId: 'SYSTEM', posMoment: opened }
}

function defined(counts: Readonly<Record<string, string | number | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== undefined)) as JsonObject
}

const OFFLINE_TYPES: ReadonlySet<string> = new Set(['ticket', 'invoice', 'note', 'payment'])

// What the queue would refuse later, the customer should not take home now.
function checkOffline(settings: Settings, request: JsonObject): void {
  const parsed = parseRequest(request)
  const { training = false } = parsed.input
  // A simulation leaves the state of the outage alone (12), and only the queue knows who is responsible for it.
  if (parsed.type === 'training' || training !== false)
    throw new FiscalError('OFFLINE_BLOCKED', {
      message: 'school mode needs the queue; nothing is simulated off line',
      national: 'FR_OFFLINE_BLOCKED',
      details: { messageFr: 'Le mode école n’est pas possible en mode dégradé.' },
    })
  if (parsed.sale === undefined || !OFFLINE_TYPES.has(parsed.type)) return
  if (parsed.type === 'payment') return void checkPayment(parsed.input as PaymentRequest, parsed.sale)
  const input = parsed.input as SaleInput
  needLines(parsed.sale)
  const day = { date: businessDate(settings.zone, parsed.posMs, 0), once: soldEarlier(input) }
  checkForm(input, parsed.sale, figuresOf(parsed.sale, { settings, ...day }))
}

function printOffline(settings: Settings, receipt: OfflineReceipt): readonly PrintItem[] {
  const { request, counter, hash, moment } = receipt
  const { type, sale, input } = parseRequest(request)
  const figures = sale === undefined ? undefined : forcedFigures(sale)
  const operator = cleanName(input.operatorId)
  const shown = shownNow(settings)
  const local = moment.slice(0, 19).replaceAll(/\D/g, '')
  const numbered = [
    pair(`N° provisoire D-${settings.till}-${counter}`, `Caisse ${settings.till}`, true),
    pair(`Panne n° ${counter}`, `Opérateur ${operator}`, true),
    ...must(frenchMoment(local)),
  ]
  return [
    title('MODE DÉGRADÉ'),
    ...headItems(shown),
    ...(figures === undefined ? numbered : documentItems(shown, type, payloadOf(request, type, figures), numbered)),
    rule(),
    pair('Empreinte', hash.slice(0, 8), true),
    ...must(`Logiciel ${shown.software}`, ...(shown.shop.certified === undefined ? [] : [shown.shop.certified])),
    title('MODE DÉGRADÉ'),
  ]
}

const firstOp: Readonly<Record<string, string>> = { ticket: 'sale', invoice: 'invoice', note: 'note', payment: 'collection' }

function payloadOf(request: JsonObject, type: string, figures: Figures): Record<string, unknown> {
  const { lines, vat, turnover, outside, pay, paid } = figures
  const total = type === 'payment' ? paid : turnover.ttc
  return {
    op: request['op'] ?? firstOp[type],
    lines,
    vat,
    total,
    ht: turnover.ht,
    tax: turnover.vat,
    pay,
    ...(outside !== 0 && { outside }),
    request,
  }
}
