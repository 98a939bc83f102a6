// Walks a message along its table and reports the first thing that does not fit, with its path. Names are read once, in order: no
// table has two ways to read the same elements.
import type { Choice, Content, MessageShape, Part } from './content.js'
import { normalise, type Simple } from './types.js'
import { elementsOf, type Element } from './xml.js'

/** What does not fit, and where. */
export interface Misfit {
  readonly path: string
  readonly problem: string
}

const XSI = 'http://www.w3.org/2001/XMLSchema-instance'
const isSimple = (is: Simple | Content): is is Simple => 'test' in is
const isChoice = (part: Part | Choice): part is Choice => 'choice' in part

/** The first thing in which a message departs from its shape; undefined when it fits. */
export function misfitOf(root: Element, shape: MessageShape): Misfit | undefined {
  if (root.name !== shape.root || root.uri !== shape.uri)
    return { path: root.name, problem: `the root is not ${shape.root} of ${shape.uri}` }
  return contentMisfit(root, shape.content, root.name)
}

function contentMisfit(element: Element, content: Content, path: string): Misfit | undefined {
  const wrong = attributeMisfit(element, content, path)
  if (wrong !== undefined || content.open === true) return wrong
  if (element.children.some((one) => typeof one === 'string' && /[^ \t\r\n]/.test(one)))
    return { path, problem: 'has text between its elements' }
  const elements = elementsOf(element)
  let next = 0
  const take = (part: Part): Misfit | undefined | 'none' => {
    let taken = 0
    while (taken < part.most && isPart(elements[next], part)) {
      const one = elements[next++] as Element
      const misfit = partMisfit(one, part, `${path}/${part.el}${part.most > 1 ? `[${taken + 1}]` : ''}`)
      if (misfit !== undefined) return misfit
      taken++
    }
    return taken < part.least ? 'none' : undefined
  }
  for (const part of content.sequence) {
    const chosen = isChoice(part) ? part.choice.find((one) => isPart(elements[next], one)) : part
    const result = chosen === undefined ? 'none' : take(chosen)
    if (result === 'none') return { path, problem: `${expected(part)} is missing${found(elements[next])}` }
    if (result !== undefined) return result
  }
  const extra = elements[next]
  return extra === undefined ? undefined : { path: `${path}/${extra.name}`, problem: 'is not expected here' }
}

function isPart(element: Element | undefined, { el, uri = '' }: Part): boolean {
  return element !== undefined && element.name === el && element.uri === uri
}

const expected = (part: Part | Choice): string =>
  isChoice(part) ? `one of ${part.choice.map(({ el }) => el).join(', ')}` : part.el
const found = (element: Element | undefined): string => (element === undefined ? '' : `; ${element.name} stands there`)

function partMisfit(element: Element, { is }: Part, path: string): Misfit | undefined {
  if (!isSimple(is)) return contentMisfit(element, is, path)
  if (elementsOf(element).length > 0) return { path, problem: 'has elements, text is expected' }
  const wrong = attributeMisfit(element, { sequence: [] }, path)
  if (wrong !== undefined) return wrong
  return is.test(normalise(is, element.children.join(''))) ? undefined : { path, problem: `is not ${is.name}` }
}

function attributeMisfit(element: Element, { attributes = {} }: Content, path: string): Misfit | undefined {
  for (const { name, uri, value } of element.attributes) {
    // Where a schema lies is anybody's to say; it is never followed.
    if (uri === XSI && (name === 'schemaLocation' || name === 'noNamespaceSchemaLocation')) continue
    const rule = uri === '' && Object.hasOwn(attributes, name) ? attributes[name] : undefined
    if (rule === undefined) return { path: `${path}/@${name}`, problem: 'is not expected here' }
    if (rule.values !== undefined && !rule.values.includes(value))
      return { path: `${path}/@${name}`, problem: `is not ${rule.values.join(' or ')}` }
  }
  const missing = Object.entries(attributes).find(
    ([name, { needed }]) => needed === true && !element.attributes.some((one) => one.name === name && one.uri === ''),
  )
  return missing === undefined ? undefined : { path: `${path}/@${missing[0]}`, problem: 'is missing' }
}
