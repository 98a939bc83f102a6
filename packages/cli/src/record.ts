// `sigillo record DIR [FILE]`: requests in as JSON lines, outcomes out as JSON lines, in the order of the input. Several requests
// are under way at once, so that they share the disk's sync; each outcome is written as soon as it and all before it are known.
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { FiscalError, Outcome, Queue } from '@sigillo/core'
import { EXIT, numberFlag, type Call, type Command } from './command.js'
import { usageError } from './errors.js'
import { plain, type Output } from './output.js'
import { passphraseOptions } from './passphrase.js'
import { printText } from './print-text.js'
import { remedyText } from './remedy.js'
import { requestLines, type RequestLine } from './request-lines.js'
import { openTill, writerOptions } from './till.js'

const DEFAULT_WIDTH = 64

/** The command. */
export const recordCommand: Command = {
  name: 'record',
  summary: 'Record requests, one JSON object a line, from FILE or standard input',
  args: 'DIR [FILE]',
  arity: [1, 2],
  options: {
    text: { type: 'boolean', help: 'Answer in words; the default on a terminal' },
    print: { type: 'boolean', help: 'Also give what is to be printed, and the seal' },
    'in-flight': { type: 'string', value: 'N', help: `Requests under way at once, 1 to 1000; default ${DEFAULT_WIDTH}` },
    ...passphraseOptions,
    ...writerOptions,
  },
  notes: [
    'A line that is not a request, or is refused, is answered with its number and the rest goes on. Send a request again with the\nsame key whenever in doubt: it is recorded once.',
    'Exit code: 0 all registered; 1 at least one refused; 2 the till could not be opened; 3 of at least one it is not known whether\nit is registered (send it again with its key).',
    'JSON, a line for each request, in order: line, key, outcome (registered, rejected, indeterminate); when registered also replayed,\nseq, type, tseq, hash, ts, answer and with --print seal and print; else error (code, national, kind, message, path,\nregistered, retry, remedy, details).',
  ],
  run: record,
}

async function openInput(path: string): Promise<Readable> {
  try {
    return (await open(path)).createReadStream()
  } catch (error) {
    throw notReadable(error)
  }
}

function notReadable(error: unknown): FiscalError {
  return usageError(`the input cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
}

interface Tally {
  registered: number
  replayed: number
  rejected: number
  indeterminate: number
}

async function record(call: Call): Promise<number> {
  const { args, flags, out, world } = call
  const width = numberFlag(flags, 'in-flight', [1, 1000]) ?? DEFAULT_WIDTH
  const words = flags['text'] === true || (!out.json && world.stdout.isTTY)
  const input = args[1] === undefined || args[1] === '-' ? world.stdin : await openInput(args[1])
  await using till = await openTill(args[0] as string, call).catch((error: unknown) => {
    input.destroy()
    throw error
  })
  const tally: Tally = { registered: 0, replayed: 0, rejected: 0, indeterminate: 0 }
  const show = shower(out, words, flags['print'] === true)
  await pass(till.queue, interruptible(input, world.signal), width, async (line, outcome) => {
    count(tally, outcome)
    await show(line, outcome)
    return !out.gone
  })
  if (words) await out.line(summary(tally))
  if (tally.indeterminate > 0) return EXIT.unknown
  return tally.rejected > 0 ? EXIT.findings : EXIT.ok
}

type Take = (line: RequestLine, outcome: Outcome) => Promise<boolean>

// At most `width` lines lie between reading and answering; answers form one chain, so that their order is that of the lines.
async function pass(queue: Queue, input: AsyncIterable<Uint8Array>, width: number, take: Take): Promise<void> {
  const answered: Promise<boolean>[] = []
  let last: Promise<boolean> = Promise.resolve(true)
  for await (const line of requestLines(input)) {
    const outcome = outcomeOf(queue, line)
    const before = last
    last = (async () => {
      const known = await outcome
      return (await before) ? take(line, known) : false
    })()
    answered.push(last)
    // When nobody reads the answers any more, nothing further is taken in; what is under way still becomes durable.
    if (answered.length >= width && !(await answered.shift())) break
  }
  await last
}

function outcomeOf(queue: Queue, { request, error }: RequestLine): Promise<Outcome> {
  return request === undefined
    ? Promise.resolve({ outcome: 'rejected', key: undefined, error: error as FiscalError })
    : queue.record(request)
}

async function* interruptible(
  input: AsyncIterable<Uint8Array> & { destroy(): unknown },
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const stop = (): void => void input.destroy()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    yield* input
  } catch (error) {
    if (signal.aborted) return
    throw notReadable(error)
  } finally {
    signal.removeEventListener('abort', stop)
    input.destroy()
  }
}

function count(tally: Tally, outcome: Outcome): void {
  tally[outcome.outcome] += 1
  if (outcome.outcome === 'registered' && outcome.replayed) tally.replayed += 1
}

function shower(out: Output, words: boolean, print: boolean): (line: RequestLine, outcome: Outcome) => Promise<void> {
  return async (line, outcome) => {
    if (!words) return out.object(asJson(line, outcome, print))
    await out.line(asText(out, line, outcome))
    if (print && outcome.outcome === 'registered') for (const text of printText(outcome.print)) await out.line(`    ${text}`)
  }
}

/** An outcome as `--json` gives it. */
export function asJson({ line }: Pick<RequestLine, 'line'>, outcome: Outcome, print: boolean): object {
  const { key } = outcome
  if (outcome.outcome !== 'registered') return { line, key: key ?? null, outcome: outcome.outcome, error: outcome.error }
  const { replayed, seq, type, tseq, hash, ts, answer } = outcome
  const more = print ? { seal: outcome.seal, print: outcome.print } : {}
  return { line, key: key ?? null, outcome: outcome.outcome, replayed, seq, type, tseq, hash, ts, answer, ...more }
}

/** An outcome in words; a refusal with what to do about it on a line of its own. */
export function asText({ paint }: Output, { line }: Pick<RequestLine, 'line'>, outcome: Outcome): string {
  const key = outcome.key === undefined ? `line ${line}` : plain(outcome.key)
  if (outcome.outcome === 'registered') {
    const again = outcome.replayed ? paint.yellow(' (registered before)') : ''
    return `${paint.green('✔')} #${outcome.seq} ${outcome.type} ${outcome.tseq}  ${key}  ${paint.dim(outcome.hash.slice(0, 16))}${again}`
  }
  const { error } = outcome
  const { code, message, national } = error
  const name = outcome.outcome === 'rejected' ? 'refused' : 'NOT KNOWN'
  return `${paint.red('✘')} ${name} line ${line}  ${key}  ${national ?? code}: ${plain(message)}\n    ${remedyText(error)}`
}

function summary({ registered, replayed, rejected, indeterminate }: Tally): string {
  const parts = [`${registered} registered`]
  if (replayed > 0) parts.push(`${replayed} of them before`)
  if (rejected > 0) parts.push(`${rejected} refused`)
  if (indeterminate > 0) parts.push(`${indeterminate} not known`)
  return parts.join(', ')
}
