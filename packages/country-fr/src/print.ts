// What must be printed for a record (18), in order, in French, as it was when the record was made, whatever the settings are by now.
// A till may lay it out as it likes; mandatory items must all appear.
import { isJournalType, sealOf, type FiscalRecord, type PrintItem } from '@sigillo/core'
import { extractOf } from './documents.js'
import { isKept } from './events.js'
import { letterOf, operationOf, type FrenchType } from './kinds.js'
import { frenchAmount } from './money.js'
import type { Settings } from './options.js'
import { must, pair, rule, text, title } from './print-items.js'
import { closingItems } from './print-closing.js'
import { documentItems } from './print-document.js'
import { events } from './events.js'
import { shownOriginal, shownThen, type Shown } from './print-shop.js'
import { frenchMoment } from './time.js'

type Loose = Readonly<Record<string, unknown>>

/** Print items of a record. Never empty for a record of France. */
export function printOf(settings: Settings, record: FiscalRecord): readonly PrintItem[] {
  const { type } = record.body
  if (isJournalType(type)) return []
  if (record.payload === null) return [text(`Enregistrement ${record.body.seq} purgé : voir archive`, true)]
  const payload = record.payload as Loose
  const shown = shownThen(settings, record)
  const items =
    type === 'training'
      ? schoolItems(shown, record, payload)
      : type === 'copy'
        ? copyItems(shown, record, payload)
        : ownItems(shown, record, type, payload)
  return [...items, { kind: 'qr', text: sealOf(record) }]
}

function ownItems(shown: Shown, record: FiscalRecord, type: string, payload: Loose): PrintItem[] {
  return [
    ...headItems(shown),
    ...bodyItems(shown, type, payload, record.body.type),
    ...footItems(shown, payload, type, extractOf(record.sig)),
  ]
}

/** Shop, address and identifiers at the top of every document. */
export function headItems({ siret, shop }: Shown): PrintItem[] {
  const { legalName, address, vatId, naf } = shop
  const ids = [`SIRET ${siret}`, ...(vatId === undefined ? [] : [`TVA ${vatId}`]), ...(naf === undefined ? [] : [`NAF ${naf}`])]
  return [title(legalName), ...must(...address.split('\n')), ...must(...ids), rule()]
}

// In school mode a document of one type stands in the series of another: that one's letter and number are shown, so that no paper bears
// the number of a real document.
function bodyItems(shown: Shown, type: string, payload: Loose, series: string): PrintItem[] {
  const numbered = numberItems(shown, series, payload)
  if (type === 'closing') return closingItems(payload, numbered)
  if (type === 'event') return eventItems(payload, numbered)
  if (type === 'archive') return archiveItems(payload, numbered)
  return documentItems(shown, type, payload, numbered)
}

/** Number with its letter, till, operator, date and time with seconds. */
function numberItems({ till }: Shown, type: string, payload: Loose): PrintItem[] {
  const letter = letterOf[type as FrenchType] ?? '?'
  return [
    pair(`N° ${letter}${String(payload['number'])}`, `Caisse ${till}`, true),
    pair(`Opérateur ${String(payload['operator'])}`, frenchMoment(String(payload['moment'])), true),
  ]
}

function eventItems(payload: Loose, numbered: PrintItem[]): PrintItem[] {
  const code = Number(payload['code'])
  return [
    title('ÉVÉNEMENT TECHNIQUE'),
    ...numbered,
    ...must(`${code} ${events[code]?.label ?? (isKept(code) ? 'Événement' : '')}`, String(payload['info'])),
  ]
}

function archiveItems(payload: Loose, numbered: PrintItem[]): PrintItem[] {
  const { word, title: name } = operationOf('archive', String(payload['kind']))
  return [
    title(name),
    ...numbered,
    ...must(
      `Type ${word}, jusqu’au ${String(payload['date'])}`,
      `Enregistrements ${String(payload['from'])} à ${String(payload['to'])}`,
    ),
    pair('Total TTC', frenchAmount(Number(payload['total'])), true),
    ...must(`Empreinte ${String(payload['manifest'])}`),
  ]
}

function footItems(shown: Shown, payload: Loose, type: string, extract: string): PrintItem[] {
  const items: PrintItem[] = [rule(), pair('Signature', extract, true)]
  if (type === 'ticket' || type === 'invoice' || type === 'note') items.push(pair('Copie n°', '0', true))
  items.push(...softwareItems(shown))
  if (payload['alerts'] !== undefined) items.push(text('Défaut d’intégrité non acquitté'))
  return items
}

// Only a certificate lets the words of certification appear (18).
function softwareItems({ software, shop }: Shown): PrintItem[] {
  return must(`Logiciel ${software}`, ...(shop.certified === undefined ? [] : [shop.certified]))
}

function copyItems(shown: Shown, record: FiscalRecord, payload: Loose): PrintItem[] {
  const content = payload['content'] as Loose | null
  const original = {
    ...(payload['original'] as { type: string; number: number }),
    shown: shownOriginal(shown, content, payload['till']),
  }
  const type = String(payload['originalType'])
  const printed = frenchMoment(String(payload['moment']))
  const school = type === 'training' ? [title('FACTICE — MODE ÉCOLE')] : []
  return [
    title(`DUPLICATA N° ${String(payload['copy'])}`),
    text(`DUPLICATA N° ${String(payload['copy'])} — imprimé le ${printed}`, true),
    ...school,
    ...headItems(original.shown),
    ...(content === null ? [] : bodyItems(original.shown, String(content['as'] ?? type), content, type)),
    rule(),
    pair('Signature de l’original', String(payload['originalExtract']), true),
    pair(`Original n°`, `${letterOf[original.type as FrenchType] ?? '?'}${original.number}`, true),
    pair(`Duplicata n° ${letterOf[record.body.type as FrenchType]}${String(payload['number'])}`, `Caisse ${shown.till}`, true),
    pair('Copie n°', String(payload['copy']), true),
    pair('Signature', extractOf(record.sig), true),
    ...softwareItems(shown),
    ...school,
  ]
}

function schoolItems(shown: Shown, record: FiscalRecord, payload: Loose): PrintItem[] {
  const mark = title('FACTICE — MODE ÉCOLE')
  const as = String(payload['as'])
  const inner = as === 'copy' ? copyItems(shown, record, payload) : ownItems(shown, record, as, payload)
  return [
    mark,
    ...inner.filter((item) => item.text !== mark.text),
    text(`Responsable ${String(payload['responsible'])}`, true),
    pair('N° école', `X${String(payload['number'])}`, true),
    mark,
  ]
}
