// What a schema found wrong, in words a till's author understands at once, English and French. The schema's own words speak of types
// and "undefined".
import type { z } from 'zod'

/** A fault in a request or in options. */
export interface SchemaFault {
  /** `lines[0].label`; empty for the whole. */
  readonly path: string
  readonly en: string
  readonly fr: string
}

type Words = readonly [en: string, fr: string]

const kinds: Readonly<Record<string, Words>> = {
  string: ['must be a text', 'doit être un texte'],
  number: ['must be a number', 'doit être un nombre'],
  int: ['must be a whole number', 'doit être un nombre entier'],
  boolean: ['must be true or false', 'doit être vrai ou faux'],
  array: ['must be a list', 'doit être une liste'],
  object: ['must be an object', 'doit être un objet'],
  record: ['must be an object', 'doit être un objet'],
}

/** Unions, by the message their schema carries. */
export const unions = {
  money: 'must be a whole number of cents, or a text such as "12.50" in euros',
  reference: 'must be the key of a request, external:<text>, or { "seq": number }',
  training: 'must be true, false, or { "responsible": name }',
} as const

const french: Readonly<Record<string, string>> = {
  [unions.money]: 'doit être un nombre entier de centimes, ou un texte comme "12.50" en euros',
  [unions.reference]: 'doit être la clé d’une demande, external:<texte>, ou { "seq": numéro }',
  'the law wants at least six years': 'doit être au moins 6, comme la loi l’exige',
  'a certificate has body and number': 'd’un certificat doit nommer organisme et numéro',
  [unions.training]: 'doit valoir true, false, ou { "responsible": nom }',
}

const FORM: Words = ['does not have the form it must have', 'n’a pas la forme voulue']
// Any other message was written for this schema.
const SCHEMA_WORDS = /^(?:Invalid|Too |Unrecognized)/

/** The first fault of a value a schema refused. */
export function schemaFault(value: unknown, issue: z.core.$ZodIssue): SchemaFault {
  const unknownKey = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const [en, fr] = wordsOf(valueAt(value, issue.path), issue)
  return { path: pathText([...issue.path, ...unknownKey]), en, fr }
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (out, part) => (typeof part === 'number' ? `${out}[${part}]` : out === '' ? String(part) : `${out}.${String(part)}`),
    '',
  )
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, part) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[part] : undefined),
    value,
  )
}

function wordsOf(found: unknown, issue: z.core.$ZodIssue): Words {
  if (found === undefined) return ['is missing', 'manque']
  if (!SCHEMA_WORDS.test(issue.message)) return [issue.message, french[issue.message] ?? FORM[1]]
  switch (issue.code) {
    case 'unrecognized_keys':
      return ['is no member known here', 'n’est pas un membre connu ici']
    case 'invalid_type':
      return kinds[issue.expected] ?? FORM
    case 'invalid_value': {
      const values = issue.values.map(String).join(', ')
      return [`must be one of ${values}`, `doit valoir ${values}`]
    }
    case 'too_small':
      return boundWords(issue.origin, 'at least', 'au moins', Number(issue.minimum))
    case 'too_big':
      return boundWords(issue.origin, 'at most', 'au plus', Number(issue.maximum))
    default:
      return FORM
  }
}

const units: Readonly<Record<string, Words>> = { string: [' characters', ' caractères'], array: [' entries', ' éléments'] }

function boundWords(origin: string, en: string, fr: string, bound: number): Words {
  const [unit, unitFr] = units[origin] ?? ['', '']
  if (origin === 'string' && en === 'at least' && bound === 1) return ['must not be empty', 'ne doit pas être vide']
  return unit === ''
    ? [`must be ${en} ${bound}`, `doit être ${fr} ${bound}`]
    : [`must have ${en} ${bound}${unit}`, `doit avoir ${fr} ${bound}${unitFr}`]
}
