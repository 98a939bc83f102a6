// From arguments to a command to an exit code. Errors are told once, here: in words on standard error, or as JSON.
import { isFiscalError } from '@sigillo/core'
import { commonOptions, EXIT, helpOf, readArguments, type Command, type Group, type World } from './command.js'
import { systemError, usageError } from './errors.js'
import { makeOutput, plain, type Output } from './output.js'
import { remedyText } from './remedy.js'
import { VERSION } from './version.js'

// In the order of help. Each is loaded when it is run: a command does not wait for what another one needs.
const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./init.js')).initCommand,
  record: async () => (await import('./record.js')).recordCommand,
  close: async () => (await import('./close.js')).closeCommand,
  verify: async () => (await import('./verify.js')).verifyCommand,
  inspect: async () => (await import('./inspect.js')).inspectCommand,
  show: async () => (await import('./show.js')).showCommand,
  export: async () => (await import('./export.js')).exportCommand,
  archive: async () => (await import('./archive.js')).archiveCommand,
  doctor: async () => (await import('./doctor.js')).doctorCommand,
}
const groupLoaders: Readonly<Record<string, () => Promise<Group>>> = {
  fr: async () => (await import('./fr/index.js')).frenchGroup,
  it: async () => (await import('./it/index.js')).italianGroup,
  key: async () => (await import('./key/index.js')).keyGroup,
  seal: async () => (await import('./seal.js')).sealGroup,
}

type Target = { readonly command: Command; readonly rest: readonly string[] } | { readonly group: Group }

function pick<T>(table: Readonly<Record<string, () => Promise<T>>>, name: string): (() => Promise<T>) | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

// What the words at the front of the arguments name.
async function find([name = '', ...rest]: readonly string[]): Promise<Target> {
  const command = await pick(loaders, name)?.()
  if (command !== undefined) return { command, rest }
  const group = await pick(groupLoaders, name)?.()
  if (group === undefined)
    throw usageError(`there is no command ${name}; known: ${[...Object.keys(loaders), ...Object.keys(groupLoaders)].join(', ')}`)
  const second = rest.find((arg) => arg !== '--json')
  if (second === undefined || second.startsWith('-')) return { group }
  const member = await pick(group.commands, second)?.()
  if (member === undefined)
    throw usageError(`there is no command ${name} ${second}; known: ${Object.keys(group.commands).join(', ')}`)
  const at = rest.indexOf(second)
  return { command: member, rest: rest.filter((_, i) => i !== at) }
}

const loadAll = <T>(table: Readonly<Record<string, () => Promise<T>>>): Promise<T[]> =>
  Promise.all(Object.values(table).map((load) => load()))

function table(rows: readonly (readonly [left: string, summary: string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, summary]) => `  ${left.padEnd(width)}  ${summary}`).join('\n')
}

function programHelp(commands: readonly Command[], groups: readonly Group[]): string {
  return `sigillo ${VERSION}: a fiscal journal that proves nothing was altered, removed or added.

Usage: sigillo COMMAND [options]

Commands
${table([
  ...commands.map(({ name, args, summary }) => [`${name} ${args}`, summary] as const),
  ...groups.map(({ name, summary }) => [`${name} COMMAND`, summary] as const),
])}

sigillo COMMAND --help tells options, exit codes and the fields of --json. sigillo --version tells the version.
Exit codes: 0 done; 1 done, and something was found or refused; 2 could not be done; 3 (record, close) not known.
`
}

function groupHelp({ name, summary }: Group, commands: readonly Command[]): string {
  return `${summary}.

Usage: sigillo ${name} COMMAND [options]

Commands
${table(commands.map((command) => [`${command.name} ${command.args}`, command.summary] as const))}

sigillo ${name} COMMAND --help tells options, exit codes and the fields of --json.
`
}

/** Runs one call. Returns the exit code; never throws. */
export async function run(argv: readonly string[], world: World): Promise<number> {
  const out = makeOutput(world, argv.includes('--json'))
  try {
    return await dispatch(argv, world, out)
  } catch (error) {
    await fail(isFiscalError(error) ? error : (systemError(error) ?? error), out)
    return EXIT.unable
  }
}

async function dispatch(argv: readonly string[], world: World, out: Output): Promise<number> {
  const [name, ...rest] = argv.filter((arg, i) => i > 0 || arg !== '--json')
  if (name === undefined) return help([], out, false)
  if (name === 'help' || name === '--help' || name === '-h') {
    const words = name === 'help' ? rest.filter((word) => !word.startsWith('-')) : []
    return help(words, out, true)
  }
  if (name === '--version' || name === '-v') {
    await (out.json ? out.object({ version: VERSION }) : out.line(VERSION))
    return EXIT.ok
  }
  const target = await find([name, ...rest])
  if ('group' in target) return help([name], out, rest.includes('--help') || rest.includes('-h'))
  const { command } = target
  const { args, flags } = readArguments(command, target.rest)
  if (flags['help'] === true) return tell(helpOf(command), describe(command), out, true)
  return command.run({ args, flags, out, world })
}

async function help(words: readonly string[], out: Output, asked: boolean): Promise<number> {
  if (words.length === 0) {
    const [commands, groups] = [await loadAll(loaders), await loadAll(groupLoaders)]
    const overview = { version: VERSION, commands: [...commands, ...groups].map(brief) }
    return tell(programHelp(commands, groups), overview, out, asked)
  }
  const target = await find(words)
  if ('command' in target) return tell(helpOf(target.command), describe(target.command), out, asked)
  const { group } = target
  const commands = await loadAll(group.commands)
  return tell(groupHelp(group, commands), { ...brief(group), commands: commands.map(brief) }, out, asked)
}

async function tell(text: string, object: object, out: Output, asked: boolean): Promise<number> {
  if (out.json) await out.object(object)
  else if (asked) await out.line(text.trimEnd())
  else out.note(text.trimEnd())
  return asked ? EXIT.ok : EXIT.unable
}

function brief({ name, args, summary }: Pick<Command, 'name' | 'summary'> & { readonly args?: string }): object {
  return { name, args: args ?? 'COMMAND', summary }
}

function describe({ name, args, summary, options, notes }: Command): object {
  return { name, args, summary, options: { ...options, ...commonOptions }, notes }
}

async function fail(error: unknown, out: Output): Promise<void> {
  const known = isFiscalError(error)
  const shown = known
    ? error
    : { code: 'DEFECT', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }
  if (out.json) return out.object({ error: shown })
  const { code, message } = shown
  out.note(
    `${out.paint.red('error')} ${known && error.national !== undefined ? `${error.national} (${code})` : code}: ${plain(message)}`,
  )
  if (known) {
    if (code !== 'USAGE') out.note(`  ${remedyText(error)}`)
    else out.note('  sigillo COMMAND --help tells how it is used.')
  } else if (error instanceof Error && error.stack !== undefined) out.note(error.stack.split('\n').slice(1, 6).join('\n'))
}
