// Ticket, invoice, note and payment document on paper (18): lines, sums, VAT, means of payment, the words the law or scheme asks.
import type { PrintItem } from '@sigillo/core'
import { operationOf, paymentModes } from './kinds.js'
import { frenchAmount } from './money.js'
import { listOf, parseSale, type SaleLine } from './parse.js'
import { must, pair, rateText, rule, text, title } from './print-items.js'
import type { Shown } from './print-shop.js'
import { exemptions } from './rates.js'
import { frenchMoment } from './time.js'
import type { Amounts } from './vat.js'

type Loose = Readonly<Record<string, unknown>>

/** Items between head and foot. */
export function documentItems(
  { shop, till }: Pick<Shown, 'shop' | 'till'>,
  type: string,
  payload: Loose,
  numbered: PrintItem[],
): PrintItem[] {
  const request = (payload['request'] ?? {}) as Loose
  const showVat = type !== 'note' || shop.noteVat === true
  return [
    ...titleItems(till, type, payload),
    ...numbered,
    ...partyItems(request),
    ...referenceItems(payload),
    rule(),
    ...lineItems(type, payload, request),
    ...sumItems(type, payload, showVat),
    ...(type === 'note' ? [] : paymentItems(payload)),
    ...exemptionItems(request),
  ]
}

function titleItems(till: string, type: string, payload: Loose): PrintItem[] {
  const items = [title(operationOf(type, String(payload['op'])).title)]
  if (type === 'note') items.push(...must('DOCUMENT PROVISOIRE — NE CONSTITUE PAS UN TICKET DE CAISSE'))
  const degraded = payload['degraded'] as { counter: number; localMoment: string; localHash: string } | undefined
  if (degraded !== undefined) {
    items.push(
      ...must(
        `MODE DÉGRADÉ — N° provisoire D-${till}-${degraded.counter}`,
        `Vente du ${degraded.localMoment}, empreinte ${degraded.localHash.slice(0, 8)}`,
      ),
    )
  }
  const late = payload['late'] as { pad: string; paperNumber: number; moment: string } | undefined
  if (late !== undefined) {
    items.push(
      ...must(
        `SAISIE A POSTERIORI — ticket manuscrit ${late.pad}/${late.paperNumber} du ${frenchMoment(late.moment).slice(0, 10)}`,
        `Heure ${frenchMoment(late.moment).slice(11)}`,
      ),
    )
  }
  return items
}

function partyItems(request: Loose): PrintItem[] {
  const items: PrintItem[] = []
  const customer = request['customer'] as Record<string, string> | undefined
  if (customer !== undefined)
    items.push(
      ...must(`Client ${customer['name'] ?? ''}`, ...(customer['address'] ?? '').split('\n').filter((line) => line !== '')),
    )
  for (const [name, label] of [
    ['siren', 'SIREN client'],
    ['vatId', 'TVA client'],
  ] as const) {
    if (customer?.[name] !== undefined) items.push(text(`${label} ${customer[name]}`, true))
  }
  for (const [name, label] of [
    ['table', 'Table'],
    ['room', 'Chambre'],
  ] as const)
    if (request[name] !== undefined) items.push(text(`${label} ${String(request[name])}`))
  if (typeof request['reason'] === 'string') items.push(text(`Motif ${request['reason']}`, true))
  return items
}

interface Named {
  readonly external?: string
  readonly number?: number
  readonly type?: string
  readonly op?: string
}

function nameOf({ external, type, op, number }: Named): string {
  return external ?? `${operationOf(String(type), String(op)).title} n° ${String(number)}`
}

function referenceItems(payload: Loose): PrintItem[] {
  const items: PrintItem[] = []
  const original = payload['original'] as Named | undefined
  for (const named of [...(original === undefined ? [] : [original]), ...((payload['references'] ?? []) as Named[])])
    items.push(text(`Référence ${nameOf(named)}`, true))
  const covers = payload['covers'] as { number: number }[] | undefined
  if (covers !== undefined) items.push(text(`Tickets n° ${covers.map(({ number }) => number).join(', ')}`, true))
  return items
}

function lineItems(type: string, payload: Loose, request: Loose): PrintItem[] {
  const amounts = (payload['lines'] ?? []) as readonly Amounts[]
  if (amounts.length === 0) return []
  const lines = linesOf(request)
  const items = amounts.flatMap((amount, i) => lineItem(type, amount, lines[i], (request['lines'] as Loose[] | undefined)?.[i]))
  return [...items, text(`Nombre de lignes : ${amounts.length}`, true)]
}

// A receipt recorded in spite of a refusal may hold lines that cannot be parsed; its labels and amounts still show.
function linesOf(request: Loose): readonly (SaleLine | undefined)[] {
  try {
    return parseSale(request as Parameters<typeof parseSale>[0]).lines
  } catch {
    return []
  }
}

function lineItem(type: string, amount: Amounts, line: SaleLine | undefined, input: Loose | undefined): PrintItem[] {
  const label = String(input?.['label'] ?? '?')
  const rate = line?.rate === undefined ? '' : ` ${rateText(line.rate)}`
  const items = [pair(label, `${frenchAmount(amount.ttc)}${rate}`, true)]
  if (line === undefined) return items
  const unit = typeof input?.['unit'] === 'string' ? ` ${input['unit']}` : ''
  const price =
    input?.['unitPrice'] === undefined
      ? frenchAmount(line.quantity < 0 ? -line.ttc - line.discount : line.ttc + line.discount)
      : priceText(input['unitPrice'] as number | string)
  items.push(text(`  ${quantityText(line.quantity)}${unit} x ${price}`, true))
  if (line.discount !== 0) items.push(pair('  dont remise', frenchAmount(-line.discount), true))
  if (type === 'invoice') items.push(pair('  HT', frenchAmount(amount.ht), true))
  return items
}

function priceText(price: number | string): string {
  return typeof price === 'number' ? frenchAmount(price) : price.replace('.', ',')
}

function quantityText(quantityE4: number): string {
  const digits = String(Math.abs(quantityE4)).padStart(5, '0')
  const fraction = digits.slice(-4).replace(/0+$/, '')
  return `${quantityE4 < 0 ? '-' : ''}${digits.slice(0, -4)}${fraction === '' ? '' : `,${fraction}`}`
}

function sumItems(type: string, payload: Loose, showVat: boolean): PrintItem[] {
  if (type === 'payment') return [rule(), pair('TOTAL', frenchAmount(Number(payload['total'])), true)]
  const items: PrintItem[] = [rule(), pair('TOTAL TTC', frenchAmount(Number(payload['total'])), true)]
  if (payload['outside'] !== undefined) {
    const outside = Number(payload['outside'])
    items.push(
      pair('Hors chiffre d’affaires', frenchAmount(outside), true),
      pair('TOTAL À PAYER', frenchAmount(Number(payload['total']) + outside), true),
    )
  }
  if (!showVat) return items
  items.push(
    pair('Total HT', frenchAmount(Number(payload['ht'])), true),
    pair('Total TVA', frenchAmount(Number(payload['tax'])), true),
  )
  const vat = (payload['vat'] ?? {}) as Readonly<Record<string, Amounts>>
  for (const rate of Object.keys(vat).sort((a, b) => Number(b) - Number(a))) {
    const { ht, vat: tax } = vat[rate] as Amounts
    items.push(pair(`TVA ${rateText(Number(rate))} sur ${frenchAmount(ht)}`, frenchAmount(tax), true))
  }
  return items
}

// Where money comes in, cash that goes out is change.
const SOLD: ReadonlySet<string> = new Set(['sale', 'invoice', 'deposit'])

function paymentItems(payload: Loose): PrintItem[] {
  const request = (payload['request'] ?? {}) as { payments?: readonly { mode: string; amount: number | string }[] }
  const items: PrintItem[] = []
  try {
    for (const { mode, amount } of parseSale({ payments: request.payments as never }).payments) {
      items.push(
        pair(
          mode === 'ESP' && amount < 0 && SOLD.has(String(payload['op'])) ? 'Rendu' : (paymentModes[mode] ?? mode),
          frenchAmount(amount),
          true,
        ),
      )
    }
  } catch {
    for (const [mode, amount] of Object.entries((payload['pay'] ?? {}) as Record<string, number>))
      items.push(pair(paymentModes[mode] ?? mode, frenchAmount(amount), true))
  }
  return items
}

function exemptionItems(request: Loose): PrintItem[] {
  const codes = new Set(
    listOf(request['lines'])
      .map(({ exemption }) => exemption)
      .filter((code) => typeof code === 'string'),
  )
  return [...codes].sort().map((code) => text(exemptions[code] ?? code, true))
}
