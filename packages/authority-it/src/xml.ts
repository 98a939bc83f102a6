// Bytes that came over the wire, read by libxml2: well-formed UTF-8 without DOCTYPE and instructions (4), or refused with a reason.
// The parser and its canonicaliser are a stranger's to the client on purpose: what one side gets wrong the other finds.
import { ParseOption, XmlDocument, XmlElement, XmlText, XmlCData, XmlEntityReference, type XmlNode } from 'libxml2-wasm'

/** An element with what a check needs: no comments, adjacent text joined. */
export interface Element {
  readonly name: string
  /** Namespace; empty when there is none. */
  readonly uri: string
  readonly attributes: readonly { readonly name: string; readonly uri: string; readonly value: string }[]
  readonly children: readonly (Element | string)[]
}

/** A document read; `dispose` gives its memory back. */
export interface Parsed {
  readonly document: XmlDocument
  readonly root: Element
  dispose(): void
}

/** What is wrong with bytes that are no acceptable XML. */
export class XmlRefusal extends Error {}

const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
/** Namespace of XML signatures. */
export const dsig: string = DSIG

/**
 * Reads one document. No file and no network is touched, whatever it says.
 * @throws XmlRefusal
 */
export function parseXml(bytes: Uint8Array): Parsed {
  checkText(bytes)
  let document: XmlDocument
  try {
    document = XmlDocument.fromBuffer(bytes, {
      option: ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_NOERROR,
    })
  } catch (error) {
    throw new XmlRefusal(`not well-formed: ${(error as Error).message.trim().split('\n')[0]}`)
  }
  try {
    return { document, root: readElement(document.root), dispose: () => document.dispose() }
  } catch (error) {
    document.dispose()
    throw error
  }
}

// The prolog is read here and not by the parser: what it would act upon must not reach it.
function checkText(bytes: Uint8Array): void {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) throw new XmlRefusal('begins with a byte order mark')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new XmlRefusal('not UTF-8')
  }
  const declared = /^<\?xml\s[^>]*?\sencoding\s*=\s*["']([^"']*)["']/.exec(text)?.[1]
  if (declared !== undefined && !/^utf-?8$/i.test(declared)) throw new XmlRefusal(`declares the encoding ${declared}`)
  // Nothing may hide a declaration from this search, so comments and CDATA that hold the word are refused with it.
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw new XmlRefusal('has a DOCTYPE or declares an entity')
  if (/<\?(?!xml\s)/.test(text) || text.indexOf('<?', 1) > 0) throw new XmlRefusal('has a processing instruction')
}

function readElement(element: XmlElement): Element {
  const children: (Element | string)[] = []
  for (let node: XmlNode | null = element.firstChild; node !== null; node = (node as XmlElement).next) {
    if (node instanceof XmlElement) children.push(readElement(node))
    else if (node instanceof XmlText || node instanceof XmlCData) {
      const last = children.at(-1)
      if (typeof last === 'string') children[children.length - 1] = last + node.content
      else children.push(node.content)
    } else if (node instanceof XmlEntityReference) throw new XmlRefusal('refers to an entity')
  }
  return {
    name: element.name,
    uri: element.namespaceUri,
    attributes: element.attrs.map((one) => ({ name: one.name, uri: one.namespaceUri, value: one.value })),
    children,
  }
}

/** The elements among the children. */
export function elementsOf(element: Element): Element[] {
  return element.children.filter((one) => typeof one !== 'string')
}

/** The first child element of that name. */
export function child(element: Element | undefined, name: string): Element | undefined {
  return element === undefined ? undefined : elementsOf(element).find((one) => one.name === name)
}

/** All child elements of that name. */
export function childrenNamed(element: Element | undefined, name: string): Element[] {
  return element === undefined ? [] : elementsOf(element).filter((one) => one.name === name)
}

/** The text of an element, without white space around it; empty when there is none. */
export function text(element: Element | undefined): string {
  return element === undefined
    ? ''
    : element.children
        .filter((one) => typeof one === 'string')
        .join('')
        .trim()
}

/** Text of a descendant by a path of names, as `Trasmissione/Progressivo`; undefined when there is none. */
export function at(element: Element | undefined, path: string): string | undefined {
  const found = path.split('/').reduce<Element | undefined>((one, name) => child(one, name), element)
  return found === undefined ? undefined : text(found)
}

/** Text as element content. */
export function escape(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
