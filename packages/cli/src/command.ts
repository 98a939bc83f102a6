// The shape of a command and the reading of its arguments. A command is a table row and one function; nothing here knows a country.
import { parseArgs } from 'node:util'
import { usageError } from './errors.js'
import type { Output } from './output.js'

/** Exit codes, the same for every command. */
export const EXIT = {
  /** Done; sound; everything registered. */
  ok: 0,
  /** Done, and something was found or refused. */
  findings: 1,
  /** Could not be done: wrong usage, nothing to read, no access, damaged beyond reading. */
  unable: 2,
  /** `record`: of at least one request it is not known whether it is in the journal. */
  unknown: 3,
} as const

/** One option on the command line. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** Placeholder of the value in help, as `FILE`. */
  readonly value?: string
  readonly multiple?: boolean
  readonly help: string
}

/** Values of options by name. */
export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** One call of a command. */
export interface Call {
  readonly args: readonly string[]
  readonly flags: Flags
  readonly out: Output
  readonly world: World
}

/** The parts of the process a command may touch. */
export interface World {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: NodeJS.ProcessEnv
  /** Aborted by Ctrl-C or a request to end; a command then finishes what it has accepted. */
  readonly signal: AbortSignal
}

/** One command. */
export interface Command {
  readonly name: string
  readonly summary: string
  /** Its arguments as shown in help, as `DIR SEQ`. */
  readonly args: string
  /** Fewest and most positional arguments. */
  readonly arity: readonly [min: number, max: number]
  readonly options: Readonly<Record<string, OptionSpec>>
  /** Paragraphs after the options: exit codes, fields of `--json`. */
  readonly notes: readonly string[]
  /** Runs it; returns the exit code. */
  run(call: Call): Promise<number>
}

/** Commands that belong together under one word, as `sigillo fr close`. */
export interface Group {
  readonly name: string
  readonly summary: string
  /** By the second word, in the order of help; the name of each command has both words. */
  readonly commands: Readonly<Record<string, () => Promise<Command>>>
}

/** Options every command has. */
export const commonOptions: Readonly<Record<string, OptionSpec>> = {
  json: { type: 'boolean', help: 'Answer as JSON on standard output, one object a line' },
  help: { type: 'boolean', short: 'h', help: 'Show this help' },
}

/**
 * Splits arguments into flags and positionals.
 * @throws FiscalError USAGE for unknown options, missing values, too few or too many arguments
 */
export function readArguments(command: Command, argv: readonly string[]): { args: readonly string[]; flags: Flags } {
  const specs = { ...commonOptions, ...command.options }
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short !== undefined && { short }), ...(multiple !== undefined && { multiple }) },
    ]),
  )
  let parsed: { positionals: string[]; values: Flags }
  try {
    parsed = parseArgs({ args: joined(argv, specs), options, allowPositionals: true, strict: true }) as typeof parsed
  } catch (error) {
    // Node goes on about arguments that begin with a dash; the first sentence says what is wrong.
    throw usageError((error as Error).message.replace(/\. To specify a positional argument[^]*$/, ''))
  }
  const { positionals, values } = parsed
  const [min, max] = command.arity
  if (values['help'] !== true && (positionals.length < min || positionals.length > max)) {
    throw usageError(`usage: sigillo ${command.name} ${command.args}`)
  }
  return { args: positionals, flags: values }
}

// `--option value` as one word, so that a value may begin with a dash: one in sixty-four thumbprints does.
function joined(argv: readonly string[], specs: Readonly<Record<string, OptionSpec>>): string[] {
  const words = new Set(
    Object.entries(specs).flatMap(([name, { short }]) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]),
  )
  const out: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const [word = '', value] = [argv[i], argv[i + 1]]
    if (word === '--') return [...out, ...argv.slice(i)]
    const takesText = words.has(word) && word.startsWith('--') && specs[word.slice(2)]?.type === 'string'
    if (takesText && value?.startsWith('-') === true && !words.has(value)) out.push(`${word}=${argv[++i] as string}`)
    else out.push(word)
  }
  return out
}

/** A flag that holds text. */
export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name]
  return typeof value === 'string' ? value : undefined
}

/**
 * A flag that holds a whole number.
 * @throws FiscalError USAGE outside the range
 */
export function numberFlag(flags: Flags, name: string, [min, max]: readonly [number, number]): number | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) throw usageError(`--${name} takes a whole number from ${min} to ${max}`)
  return value
}

/** Help of one command. */
export function helpOf(command: Command): string {
  const rows = Object.entries({ ...command.options, ...commonOptions }).map(([name, { type, short, value, help }]) => {
    const left = `${short === undefined ? '    ' : `-${short}, `}--${name}${type === 'string' ? ` ${value ?? 'TEXT'}` : ''}`
    return [left, help] as const
  })
  const width = Math.max(...rows.map(([left]) => left.length))
  const lines = rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`)
  const notes = command.notes.map((note) => `\n${note}\n`).join('')
  return `${command.summary}.\n\nUsage: sigillo ${command.name} ${command.args} [options]\n\nOptions\n${lines.join('\n')}\n${notes}`
}
