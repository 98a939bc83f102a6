// The data string `ds` (5.4): built from a payload alone, so that writing, auditing and archive checks are one code.
import type { ChainHead } from '@sigillo/core'
import { operationOf } from './kinds.js'
import { profiles, type ChainType, type DataField, type ProfileName } from './profiles.js'
import { cleanText } from './text.js'
import { breakdown } from './vat.js'

/** What a data string needs besides the payload. */
export interface DataContext {
  readonly profile: ProfileName
  readonly siret: string
  readonly till: string
  readonly perpetual: { readonly alg: number; readonly abs: number }
}

type Loose = Readonly<Record<string, unknown>>

const amountsByMode = (pay: Readonly<Record<string, number>>): string => {
  const modes = Object.keys(pay).sort()
  return modes.length === 0 ? '' : modes.map((mode) => `${mode}:${pay[mode]}`).join('|')
}

const field: Readonly<Record<DataField, (payload: Loose, context: DataContext, type: ChainType) => string>> = {
  vat: (p) => breakdown((p['vat'] ?? {}) as Record<string, { ttc: number }>),
  total: (p) => String(p['total']),
  ht: (p) => String(p['ht']),
  tax: (p) => String(p['tax']),
  pay: (p) => amountsByMode((p['pay'] ?? {}) as Record<string, number>),
  moment: (p) => String(p['moment']),
  siret: (_, c) => c.siret,
  till: (_, c) => c.till,
  n: (p) => String(p['number']),
  op: (p, _, type) => operationOf(type, String(p['op'])).word,
  operator: (p) => String(p['operator']),
  lines: (p) => String((p['lines'] as readonly unknown[] | undefined)?.length ?? 0),
  perpAlg: (_, c) => String(c.perpetual.alg),
  perpAbs: (_, c) => String(c.perpetual.abs),
  period: (p) => `${String(p['from'])}|${String(p['to'])}`,
  kind: (p, _, type) => operationOf(type, String(p['kind'])).word,
  code: (p) => String(p['code']),
  info: (p) => cleanText(String(p['info'])),
  origOp: (p) => {
    const { type, op } = p['original'] as { type: string; op: string }
    return operationOf(type, op).word
  },
  copyNo: (p) => String(p['copy']),
  origTill: (p) => String(p['till']),
  origN: (p) => String((p['original'] as { number: number }).number),
  manifest: (p) => String(p['manifest']),
  flag: () => '',
  prev: () => '',
}

// In school mode the word of the operation is marked (5.4, chain X).
const MARKED: ReadonlySet<DataField> = new Set(['op', 'kind', 'code', 'origOp'])

/** The data string of a record of this type; `previous` is the newest record of the same type before it. */
export function dataString(
  type: ChainType,
  payload: Loose,
  context: DataContext,
  previous: Pick<ChainHead, 'sig'> | undefined,
  school = false,
): string {
  let out = ''
  for (const name of profiles[context.profile][type]) {
    if (name === 'flag') out += previous === undefined ? 'N,' : 'Y,'
    else if (name === 'prev') out += previous?.sig ?? ''
    else out += `${school && MARKED.has(name) ? 'ECOLE-' : ''}${field[name](payload, context, type)},`
  }
  return out
}
