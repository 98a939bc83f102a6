// Writing and reading the XML the keyless server and its printers speak (12.4, 13): attributes only, written once, byte for byte.
import { isFiscalError, utf8 } from '@sigillo/core'
import { attributeOf, attributeText, elementsOf, parseXml, textOf, type XmlElement } from '@sigillo/documents'
import type { Verdict } from './dialect.js'

/** An empty element with attributes in the order given; undefined ones are left out. */
export function tag(name: string, attributes: Readonly<Record<string, string | undefined>> = {}): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${attributeText(value as string)}"`)
  return `<${name}${written.join('')} />`
}

/** An element around others. */
export function element(name: string, inner: string, attributes: Readonly<Record<string, string>> = {}): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${attributeText(value)}"`)
  return `<${name}${written.join('')}>${inner}</${name}>`
}

/** A command in its SOAP 1.1 envelope. */
export function envelope(command: string): string {
  const soap = 'http://schemas.xmlsoap.org/soap/envelope/'
  return `<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="${soap}"><soapenv:Body>${command}</soapenv:Body></soapenv:Envelope>`
}

/** An answer: success, code, status, and every attribute and leaf in it by name. */
export interface XmlAnswer {
  readonly success: boolean
  readonly code: string
  readonly fields: Readonly<Record<string, string>>
}

/** Reads an answer leniently: the first element that has `success` and `code`, wherever it stands; undefined when there is none. */
export function readAnswer(text: string): XmlAnswer | undefined {
  const root = read(text)
  const answer = root && find(root)
  if (answer === undefined) return undefined
  const fields: Record<string, string> = {}
  collect(answer, fields)
  return { success: attributeOf(answer, 'success') === 'true', code: attributeOf(answer, 'code') ?? '', fields }
}

function read(text: string): XmlElement | undefined {
  try {
    return parseXml(utf8(text))
  } catch (error) {
    if (isFiscalError(error)) return undefined
    throw error
  }
}

function find(element: XmlElement): XmlElement | undefined {
  if (attributeOf(element, 'success') !== undefined && attributeOf(element, 'code') !== undefined) return element
  for (const child of elementsOf(element)) {
    const found = find(child)
    if (found !== undefined) return found
  }
  return undefined
}

function collect(element: XmlElement, into: Record<string, string>): void {
  for (const { local, value } of element.attributes) into[local] ??= value
  const inner = elementsOf(element)
  if (inner.length === 0 && textOf(element).trim() !== '') into[element.local] ??= textOf(element).trim()
  for (const child of inner) collect(child, into)
}

/** No answer of this protocol. */
export const NO_ANSWER: Verdict = { is: 'unknown', problem: 'not an answer of this protocol', left: true }
