// Canonical XML without comments: inclusive 1.0 (W3C 15 March 2001) and exclusive 1.0 (W3C 18 July 2002) of an element and what
// is under it. An element below the root keeps every declaration in scope above it in the inclusive form: that is what makes the
// digest of SignedInfo carry the root's prefix.
import type { XmlAttribute, XmlElement } from './xml.js'

/** Which canonical form; fixed by profile, never guessed from the document alone. */
export type Canonicalisation = 'inclusive' | 'exclusive'

type Scope = ReadonlyMap<string, string>
const NOTHING: Scope = new Map()
const XML_URI = 'http://www.w3.org/XML/1998/namespace'

/** Canonical text of an element's subtree; `without` is left out with everything under it (the enveloped signature). */
export function canonicalXml(apex: XmlElement, form: Canonicalisation, without?: XmlElement): string {
  const out: string[] = []
  const above = apex.parent === undefined ? NOTHING : scopeOf(apex.parent)
  render(apex, { form, without, out, apex }, above, NOTHING)
  return out.join('')
}

interface Job {
  readonly form: Canonicalisation
  readonly without: XmlElement | undefined
  readonly apex: XmlElement
  readonly out: string[]
}

// `above`: all declarations in scope outside the element. `shown`: those already written by an ancestor in the output.
function render(element: XmlElement, job: Job, above: Scope, shown: Scope): void {
  const scope = element.namespaces.size === 0 ? above : new Map([...above, ...element.namespaces])
  const declared = declarations(element, job, scope, shown)
  const name = element.prefix === '' ? element.local : `${element.prefix}:${element.local}`
  job.out.push('<', name)
  for (const [prefix, uri] of declared) job.out.push(prefix === '' ? ' xmlns="' : ` xmlns:${prefix}="`, attributeText(uri), '"')
  for (const one of attributes(element, job)) job.out.push(' ', qualified(one), '="', attributeText(one.value), '"')
  job.out.push('>')
  const now = declared.length === 0 ? shown : new Map([...shown, ...declared])
  for (const child of element.children) {
    if (typeof child === 'string') job.out.push(plainText(child))
    else if (child !== job.without) render(child, job, scope, now)
  }
  job.out.push('</', name, '>')
}

function declarations(element: XmlElement, { form, apex }: Job, scope: Scope, shown: Scope): [string, string][] {
  const wanted = form === 'exclusive' ? used(element) : element === apex ? scope.keys() : element.namespaces.keys()
  const found: [string, string][] = []
  for (const prefix of wanted) {
    const uri = scope.get(prefix) ?? ''
    // An absent default and an undeclared one are the same thing.
    if (prefix !== 'xml' && (shown.get(prefix) ?? '') !== uri) found.push([prefix, uri])
  }
  return found.sort(([a], [b]) => compare(a, b))
}

function used(element: XmlElement): Set<string> {
  const prefixes = new Set([element.prefix])
  for (const { prefix } of element.attributes) if (prefix !== '') prefixes.add(prefix)
  return prefixes
}

function attributes(element: XmlElement, { form, apex }: Job): XmlAttribute[] {
  const own = [...element.attributes]
  if (form === 'inclusive' && element === apex) own.push(...inherited(element))
  return own.sort((a, b) => compare(a.uri, b.uri) || compare(a.local, b.local))
}

// Canonical XML 1.0 copies xml:lang, xml:space and the like from ancestors that are not in the output; the nearest one counts.
function inherited(apex: XmlElement): XmlAttribute[] {
  const seen = new Set(apex.attributes.filter(({ uri }) => uri === XML_URI).map(({ local }) => local))
  const found: XmlAttribute[] = []
  for (let at = apex.parent; at !== undefined; at = at.parent) {
    for (const one of at.attributes) {
      if (one.uri !== XML_URI || seen.has(one.local)) continue
      seen.add(one.local)
      found.push(one)
    }
  }
  return found
}

function scopeOf(element: XmlElement): Scope {
  const above = element.parent === undefined ? NOTHING : scopeOf(element.parent)
  return new Map([...above, ...element.namespaces])
}

function qualified({ prefix, local }: XmlAttribute): string {
  return prefix === '' ? local : `${prefix}:${local}`
}

// Order of code points; UTF-16 order differs beyond U+FFFF.
function compare(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = ((left[i] as string).codePointAt(0) as number) - ((right[i] as string).codePointAt(0) as number)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

const TEXT: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' }
const ATTRIBUTE: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
}

/** Text of an element as canonical XML writes it; also a correct way to write any text. */
export function plainText(text: string): string {
  return text.replace(/[&<>\r]/g, (char) => TEXT[char] as string)
}

/** Attribute value between double quotes, as canonical XML writes it. */
export function attributeText(text: string): string {
  return text.replace(/[&<"\t\n\r]/g, (char) => ATTRIBUTE[char] as string)
}
