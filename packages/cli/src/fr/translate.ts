// `sigillo fr translate FILE|-`: receipt requests of the incumbent middleware become requests of this one, ready for `record`; what has
// no counterpart is told, and nothing is guessed in silence (section 3 of the rules).
import { createReadStream } from 'node:fs'
import { isFiscalError } from '@sigillo/core'
import type { Remark, Translation } from '@sigillo/country-fr'
import { EXIT, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { plain } from '../output.js'
import { incumbentItems, type IncumbentItem } from './incumbent-input.js'

/** The command. */
export const translateCommand: Command = {
  name: 'fr translate',
  summary: 'Turn the incumbent’s receipt requests into requests for record',
  args: 'FILE|-',
  arity: [1, 1],
  options: {},
  notes: [
    'Takes JSON lines, a JSON array or a single request; - is standard input. Requests go to standard output, one a line, remarks to\nstandard error: sigillo fr translate old.jsonl | sigillo record DIR. What cannot be recorded is left out and told.',
    'Exit code: 0 every receipt has its request; 1 at least one has none, or must be corrected first; 2 nothing could be read.',
    'JSON, a line for each receipt: item (line or place in the array), key, request (null when there is none), usable, report [{path,\nlevel, message}]; level is kept (a decision), lost (no place here) or error (to be corrected).',
  ],
  run: translate,
}

interface Told extends Translation {
  readonly item: number
  readonly key: string | null
  /** True when the request can be recorded as it is. */
  readonly usable: boolean
}

async function translate(call: Call): Promise<number> {
  const { args, out, world } = call
  const path = args[0] as string
  const { parseIncumbentJson, translateReceipt } = await import('@sigillo/country-fr')
  const input = path === '-' ? world.stdin : createReadStream(path)
  const tally = new Tally()
  try {
    for await (const each of incumbentItems(input, parseIncumbentJson)) {
      const told = toldOf(each, translateReceipt)
      tally.add(told)
      await show(call, told)
      if (out.gone || world.signal.aborted) break
    }
  } catch (error) {
    throw isFiscalError(error)
      ? error
      : usageError(`the input cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
  if (!out.json) for (const line of tally.lines()) out.note(plain(line))
  return tally.failed === 0 ? EXIT.ok : EXIT.findings
}

function toldOf(
  { item, receipt, fault }: IncumbentItem,
  translateReceipt: (receipt: Readonly<Record<string, unknown>>) => Translation,
): Told {
  if (receipt === undefined) {
    const report: Remark[] = [{ path: '', level: 'error', message: fault ?? 'cannot be read' }]
    return { item, key: null, usable: false, report }
  }
  const translation = translateReceipt(receipt)
  const reference: unknown = receipt['cbReceiptReference']
  const usable = translation.request !== undefined && translation.report.every(({ level }) => level !== 'error')
  return { item, key: typeof reference === 'string' ? reference : null, usable, ...translation }
}

async function show({ out }: Call, { item, key, usable, request, report }: Told): Promise<void> {
  if (out.json) return out.object({ item, key, request: request ?? null, usable, report })
  if (usable) return out.object(request)
  out.note(
    `${out.paint.red('✘')} ${item}  ${plain(key ?? '')}  ${request === undefined ? 'has no counterpart' : 'must be corrected'}`,
  )
  for (const { path, level, message } of report)
    if (level !== 'kept') out.note(`    ${plain(`${path === '' ? '' : `${path}: `}${message}`)}`)
}

// The same remark on a thousand receipts is one line.
class Tally {
  failed = 0
  #usable = 0
  readonly #remarks = new Map<string, { count: number; readonly first: number }>()

  add({ item, usable, report }: Told): void {
    if (!usable) this.failed += 1
    else this.#usable += 1
    for (const { path, level, message } of usable ? report : []) {
      const text = `${level}  ${path.replaceAll(/\[\d+\]/g, '[]')}  ${message}`
      const known = this.#remarks.get(text)
      if (known === undefined) this.#remarks.set(text, { count: 1, first: item })
      else known.count += 1
    }
  }

  *lines(): Iterable<string> {
    for (const [text, { count, first }] of this.#remarks)
      yield `  ${text} (${count === 1 ? `in ${first}` : `${count} times, first in ${first}`})`
    yield `${this.#usable} translated${this.failed === 0 ? '' : `, ${this.failed} not`}`
  }
}
