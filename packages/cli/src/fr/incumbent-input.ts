// Receipt requests of the incumbent as they come: JSON lines, one JSON array, or one object over many lines. Their 64-bit codes must
// stay exact, so the text is read by the country's own reader.
import { usageError } from '../errors.js'

/** One receipt of the input; `fault` instead of `receipt` for what is none. */
export interface IncumbentItem {
  /** Line, or place in the array; from 1. */
  readonly item: number
  readonly receipt?: Readonly<Record<string, unknown>>
  readonly fault?: string
}

type ReadJson = (text: string) => unknown

/**
 * Receipts of a text, in order. Lines that are no JSON are told with their number, and the rest goes on.
 * @throws FiscalError USAGE when nothing in it is JSON
 */
export async function* incumbentItems(input: AsyncIterable<Uint8Array>, read: ReadJson): AsyncIterable<IncumbentItem> {
  const lines = textLines(input)
  const held: string[] = []
  // The first line with anything on it decides: a whole object means JSON lines.
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    held.push(next.value)
    if (next.value.trim() === '') continue
    if (!isObject(parsed(next.value, read))) break
    let number = 0
    for (const line of held) yield* lineItem(line, ++number, read)
    for await (const line of lines) yield* lineItem(line, ++number, read)
    return
  }
  for await (const line of lines) held.push(line)
  yield* documentItems(held, read)
}

function* documentItems(lines: readonly string[], read: ReadJson): Iterable<IncumbentItem> {
  const text = lines.join('\n')
  if (text.trim() === '') return
  const value = parsed(text, read)
  if (Array.isArray(value)) for (const [i, each] of value.entries()) yield itemOf(each, i + 1)
  else if (value !== undefined) yield itemOf(value, 1)
  else {
    // JSON lines whose first one is damaged.
    if (!lines.some((line) => isObject(parsed(line, read))))
      throw usageError('the input is neither JSON lines nor one JSON document')
    for (const [i, line] of lines.entries()) yield* lineItem(line, i + 1, read)
  }
}

function* lineItem(line: string, item: number, read: ReadJson): Iterable<IncumbentItem> {
  if (line.trim() === '') return
  const value = parsed(line, read)
  yield value === undefined ? { item, fault: 'is not JSON' } : itemOf(value, item)
}

function itemOf(value: unknown, item: number): IncumbentItem {
  return isObject(value) ? { item, receipt: value } : { item, fault: 'is not a JSON object' }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parsed(text: string, read: ReadJson): unknown {
  try {
    return read(text)
  } catch {
    return undefined
  }
}

async function* textLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of input) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() as string
    yield* lines
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}
