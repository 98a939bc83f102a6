// Holding a file against its table: every departure with its path, in words. Nothing stops at the first one.
import { attributeOf, elementsOf, textOf, type XmlElement } from '@sigillo/documents'
import type { Content, FileShape, One, Part, Shape } from './shapes.js'
import type { Problem } from './problem.js'

const SIGNATURE = 'http://www.w3.org/2000/09/xmldsig#'
const INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance'

/** Whether an element is an XML signature. */
export const isSignature = ({ local, uri }: XmlElement): boolean => local === 'Signature' && uri === SIGNATURE

/** What is wrong with the structure of a file; the schema would refuse every `error`. */
export function checkStructure(root: XmlElement, shape: FileShape, answer: boolean): Problem[] {
  const problems: Problem[] = []
  checkAttributes(root, shape, answer, problems)
  const children = elementsOf(root)
  const signatures = children.filter(isSignature)
  if (signatures.length === 0) problems.push(wrong('Signature', 'the file is not signed', '99999'))
  else if (signatures.length > 1) problems.push(wrong('Signature', 'there are several signatures', '99999'))
  else if (!isSignature(children.at(-1) as XmlElement))
    problems.push(wrong('Signature', 'the signature is not the last element of the root', '99999'))
  checkContent(root, shape.content, '', problems)
  return problems
}

const wrong = (path: string, message: string, code = '00000'): Problem => ({
  severity: 'error',
  area: 'structure',
  path,
  message,
  code,
})
const remark = (path: string, message: string): Problem => ({ severity: 'remark', area: 'structure', path, message })

function checkAttributes(root: XmlElement, shape: FileShape, answer: boolean, problems: Problem[]): void {
  const version = attributeOf(root, 'versione')
  if (version === undefined) {
    // Genuine answers of the business application leave it out.
    if (answer) problems.push(remark('@versione', 'the attribute versione is missing, as in most genuine answers'))
    else problems.push(wrong('@versione', `the attribute versione is missing; it must be ${shape.version}`))
  } else if (version !== shape.version) problems.push(wrong('@versione', `versione is ${version}, not ${shape.version}`))
  for (const { local, uri, value } of root.attributes) {
    if (uri === INSTANCE || (uri === '' && local === 'versione')) continue
    if (uri === '' && local === 'simulazione' && shape.mayBeSimulated) {
      if (value !== 'true') problems.push(wrong('@simulazione', 'simulazione may only be true'))
    } else problems.push(wrong(`@${local}`, `${shape.root} has no attribute ${local}`))
  }
}

function checkShape(element: XmlElement, shape: Shape, path: string, problems: Problem[]): void {
  for (const { local, uri } of element.attributes)
    if (uri !== INSTANCE) problems.push(wrong(`${path}/@${local}`, `${element.local} has no attribute ${local}`))
  if ('parts' in shape) return checkContent(element, shape, path, problems)
  if (elementsOf(element).length > 0) problems.push(wrong(path, 'holds elements; text was expected'))
  else {
    const problem = shape.text(textOf(element))
    if (problem !== undefined) problems.push(wrong(path, problem))
  }
}

function checkContent(element: XmlElement, { parts, deviations = [] }: Content, path: string, problems: Problem[]): void {
  const known = deviations.find(({ matches }) => matches(element))
  if (known !== undefined) return void problems.push(remark(path, `${known.says}, as in genuine answers`))
  if (textOf(element).trim() !== '') problems.push(wrong(path || element.local, 'holds text between its elements'))
  const children = elementsOf(element).filter((child) => !isSignature(child))
  const places = parts.map((part) => ('oneOf' in part ? part.oneOf : [part]))
  for (const child of children) checkStranger(child, places, element.local, path, problems)
  for (const part of parts) {
    if ('oneOf' in part) checkChoice(part, children, path, problems)
    else checkOne(part, part.min, children, path, problems)
  }
  checkOrder(children, places, path, problems)
}

function checkStranger(
  child: XmlElement,
  places: readonly (readonly One[])[],
  parent: string,
  path: string,
  problems: Problem[],
): void {
  const known = places.flat().some(({ name }) => name === child.local)
  if (!known) problems.push(wrong(join(path, child.local), `${parent} has no element ${child.local}`))
  else if (child.uri !== '')
    problems.push(
      wrong(join(path, child.local), 'is in a namespace; only the root may be: bind a prefix there, not a default namespace'),
    )
}

const named = (children: readonly XmlElement[], name: string): XmlElement[] =>
  children.filter(({ local, uri }) => local === name && uri === '')

function checkChoice(
  { oneOf, min }: Extract<Part, { oneOf: unknown }>,
  children: readonly XmlElement[],
  path: string,
  problems: Problem[],
): void {
  const present = oneOf.filter(({ name }) => named(children, name).length > 0)
  const names = oneOf.map(({ name }) => name).join(', ')
  const misplaced = children.some(({ local }) => oneOf.some(({ name }) => name === local))
  if (present.length === 0 && min === 1 && !misplaced) problems.push(wrong(path, `one of ${names} is missing`))
  if (present.length > 1) problems.push(wrong(path, `only one of ${names} may stand here`))
  for (const one of present) checkOne(one, 0, children, path, problems)
}

function checkOne(
  { name, max, shape }: One,
  min: 0 | 1,
  children: readonly XmlElement[],
  path: string,
  problems: Problem[],
): void {
  const found = named(children, name)
  // One in a namespace was told as such.
  if (found.length < min && !children.some(({ local }) => local === name)) problems.push(wrong(join(path, name), 'is missing'))
  if (found.length > max)
    problems.push(wrong(join(path, name), `stands ${found.length} times, ${max === 1 ? 'once' : `${max} times`} is allowed`))
  for (const [i, child] of found.slice(0, max).entries())
    checkShape(child, shape, join(path, max > 1 ? `${name}[${i + 1}]` : name), problems)
}

// The order of the table is the order of the file; the first element out of it is told.
function checkOrder(
  children: readonly XmlElement[],
  places: readonly (readonly One[])[],
  path: string,
  problems: Problem[],
): void {
  let reached = 0
  for (const { local, uri } of children) {
    const place = uri === '' ? places.findIndex((options) => options.some(({ name }) => name === local)) : -1
    if (place < 0) continue
    if (place < reached) {
      const after = places[reached]?.map(({ name }) => name).join(' or ')
      return void problems.push(wrong(join(path, local), `stands too late: it belongs before ${after}`))
    }
    reached = place
  }
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`)
