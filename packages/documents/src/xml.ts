// Reading XML that may be hostile: UTF-8 only, no document type, no entities, no processing instructions, bounded size and depth.
// The tree keeps what canonical XML needs (prefixes, declarations, exact text) and nothing else; comments are no part of it.
import { fromUtf8 } from '@sigillo/core'
import { SaxesParser, type SaxesTagNS } from 'saxes'
import { refuseDocument } from './errors.js'

/** An attribute that is no namespace declaration. */
export interface XmlAttribute {
  readonly prefix: string
  readonly local: string
  readonly uri: string
  readonly value: string
}

/** An element; children are elements and text in document order. */
export interface XmlElement {
  readonly prefix: string
  readonly local: string
  /** Namespace name, empty for none. */
  readonly uri: string
  readonly attributes: readonly XmlAttribute[]
  /** Declarations on this element: prefix (empty for the default) → namespace name. */
  readonly namespaces: ReadonlyMap<string, string>
  readonly children: readonly (XmlElement | string)[]
  readonly parent: XmlElement | undefined
}

/** Bounds of what is read. */
export interface XmlLimits {
  readonly maxBytes?: number
  readonly maxDepth?: number
}

type Open = XmlElement & { readonly children: (XmlElement | string)[] }

/**
 * The root of a document.
 * @throws FiscalError XML_MALFORMED, XML_FORBIDDEN, XML_TOO_LARGE
 */
export function parseXml(bytes: Uint8Array, { maxBytes = 8_388_608, maxDepth = 100 }: XmlLimits = {}): XmlElement {
  if (bytes.length > maxBytes) throw refuseDocument('XML_TOO_LARGE', `the document has more than ${maxBytes} bytes`)
  const text = fromUtf8(bytes)
  if (text === undefined) throw refuseDocument('XML_MALFORMED', 'the document is not UTF-8')
  if (text.startsWith('\uFEFF')) throw refuseDocument('XML_FORBIDDEN', 'the document begins with a byte-order mark')
  const reader = new TreeReader(maxDepth)
  return reader.read(text)
}

class TreeReader {
  readonly #maxDepth: number
  readonly #stack: Open[] = []
  #root: XmlElement | undefined

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth
  }

  read(text: string): XmlElement {
    const parser = new SaxesParser({ xmlns: true, position: false, defaultXMLVersion: '1.0', forceXMLVersion: true })
    parser.on('error', (error) => {
      throw refuseDocument('XML_MALFORMED', `not well-formed: ${error.message}`)
    })
    parser.on('xmldecl', ({ encoding }) => {
      if (encoding !== undefined && encoding.toUpperCase() !== 'UTF-8')
        throw refuseDocument('XML_FORBIDDEN', 'only UTF-8 is accepted')
    })
    parser.on('doctype', () => forbid('a document type'))
    parser.on('processinginstruction', () => forbid('a processing instruction'))
    parser.on('text', (part) => this.#text(part))
    parser.on('cdata', (part) => this.#text(part))
    parser.on('opentag', (tag) => this.#open(tag as SaxesTagNS))
    parser.on('closetag', () => void this.#stack.pop())
    parser.write(text).close()
    if (this.#root === undefined) throw refuseDocument('XML_MALFORMED', 'the document has no root')
    return this.#root
  }

  #open(tag: SaxesTagNS): void {
    const parent = this.#stack.at(-1)
    if (this.#stack.length >= this.#maxDepth) throw refuseDocument('XML_TOO_LARGE', `elements nest deeper than ${this.#maxDepth}`)
    const { prefix, local, uri } = tag
    const namespaces = new Map(Object.entries(tag.ns ?? {}))
    const element: Open = { prefix, local, uri, attributes: attributesOf(tag), namespaces, children: [], parent }
    if (parent === undefined) this.#root = element
    else parent.children.push(element)
    this.#stack.push(element)
  }

  // Text on both sides of a comment or a CDATA border is one text, as in the canonical form.
  #text(part: string): void {
    const children = this.#stack.at(-1)?.children
    if (children === undefined || part === '') return
    const last = children.at(-1)
    if (typeof last === 'string') children[children.length - 1] = last + part
    else children.push(part)
  }
}

function forbid(what: string): never {
  throw refuseDocument('XML_FORBIDDEN', `the document contains ${what}`)
}

const XMLNS = 'http://www.w3.org/2000/xmlns/'

function attributesOf(tag: SaxesTagNS): XmlAttribute[] {
  const out: XmlAttribute[] = []
  for (const { prefix, local, uri, value } of Object.values(tag.attributes))
    if (uri !== XMLNS) out.push({ prefix, local, uri, value })
  return out
}

/** Child elements in order. */
export function elementsOf(element: XmlElement): XmlElement[] {
  return element.children.filter((child) => typeof child !== 'string')
}

/** The first child element with this local name in no namespace, or undefined. */
export function childOf(element: XmlElement, local: string): XmlElement | undefined {
  return elementsOf(element).find((child) => child.local === local && child.uri === '')
}

/** Text directly inside an element, child elements left out. */
export function textOf(element: XmlElement): string {
  return element.children.filter((child) => typeof child === 'string').join('')
}

/** Value of an attribute in no namespace, or undefined. */
export function attributeOf(element: XmlElement, local: string): string | undefined {
  return element.attributes.find((one) => one.uri === '' && one.local === local)?.value
}
