// Requests as JSON lines: numbered, whole, bounded. A line that is no request is handed on as what is wrong with it, so that the
// rest goes on.
import { FiscalError } from '@sigillo/core'
import { jsonFault } from './errors.js'

/** One line of the input that is not empty. */
export interface RequestLine {
  /** From 1. */
  readonly line: number
  readonly request: object | undefined
  /** Why the line is no request. */
  readonly error: FiscalError | undefined
}

/** Longest line taken: a record holds 1 MiB, its request less. */
const MAX_LINE_BYTES = 1024 * 1024

/** Lines of a stream of bytes. */
export async function* requestLines(input: AsyncIterable<Uint8Array>): AsyncIterable<RequestLine> {
  let number = 0
  for await (const bytes of linesOf(input)) {
    number += 1
    if (bytes === undefined) yield bad(number, `longer than ${MAX_LINE_BYTES} bytes`)
    else {
      const read = readLine(bytes, number)
      if (read !== undefined) yield read
    }
  }
}

function readLine(bytes: Uint8Array, line: number): RequestLine | undefined {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return bad(line, 'not UTF-8')
  }
  if (text.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return bad(line, jsonFault(error))
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return bad(line, 'not a JSON object')
  return { line, request: value, error: undefined }
}

function bad(line: number, why: string): RequestLine {
  return {
    line,
    request: undefined,
    error: new FiscalError('REQUEST_INVALID', { message: `line ${line}: ${why}`, details: { line } }),
  }
}

// Undefined stands for a line that was too long and is dropped as it comes.
async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array | undefined> {
  let parts: Uint8Array[] = []
  let size = 0
  const take = (): Uint8Array | undefined => {
    const line = size > MAX_LINE_BYTES ? undefined : Buffer.concat(parts)
    parts = []
    size = 0
    return line
  }
  const add = (bytes: Uint8Array): void => {
    size += bytes.length
    if (size > MAX_LINE_BYTES) parts = []
    else if (bytes.length > 0) parts.push(bytes)
  }
  for await (const chunk of input) {
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      add(chunk.subarray(from, at))
      from = at + 1
      yield take()
    }
    add(chunk.subarray(from))
  }
  if (size > 0) yield take()
}
