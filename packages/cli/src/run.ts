// From arguments to a command to an exit code. Errors are told once, here: in words on standard error, or as JSON.
import { isFiscalError } from '@sigillo/core'
import { commonOptions, EXIT, helpOf, readArguments, type Command, type World } from './command.js'
import { usageError } from './errors.js'
import { makeOutput, plain, type Output } from './output.js'
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
const names = Object.keys(loaders)

async function loadCommand(name: string): Promise<Command> {
  const load = Object.hasOwn(loaders, name) ? loaders[name] : undefined
  if (load === undefined) throw usageError(`there is no command ${name}; known: ${names.join(', ')}`)
  return load()
}

function programHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name, args }) => name.length + args.length + 1))
  const rows = commands.map(({ name, args, summary }) => `  ${`${name} ${args}`.padEnd(width)}  ${summary}`)
  return `sigillo ${VERSION}: a fiscal journal that proves nothing was altered, removed or added.

Usage: sigillo COMMAND [options]

Commands
${rows.join('\n')}

sigillo COMMAND --help tells options, exit codes and the fields of --json. sigillo --version tells the version.
Exit codes: 0 done; 1 done, and something was found or refused; 2 could not be done; 3 (record, close) not known.
`
}

/** Runs one call. Returns the exit code; never throws. */
export async function run(argv: readonly string[], world: World): Promise<number> {
  const out = makeOutput(world, argv.includes('--json'))
  try {
    return await dispatch(argv, world, out)
  } catch (error) {
    await fail(error, out)
    return EXIT.unable
  }
}

async function dispatch(argv: readonly string[], world: World, out: Output): Promise<number> {
  const [name, ...rest] = argv.filter((arg, i) => i > 0 || arg !== '--json')
  if (name === undefined) return help(undefined, out, false)
  if (name === 'help' || name === '--help' || name === '-h') return help(name === 'help' ? rest[0] : undefined, out, true)
  if (name === '--version' || name === '-v') {
    await (out.json ? out.object({ version: VERSION }) : out.line(VERSION))
    return EXIT.ok
  }
  const command = await loadCommand(name)
  const { args, flags } = readArguments(command, rest)
  if (flags['help'] === true) return help(name, out, true)
  return command.run({ args, flags, out, world })
}

async function help(name: string | undefined, out: Output, asked: boolean): Promise<number> {
  const command = name === undefined || name.startsWith('-') ? undefined : await loadCommand(name)
  const all = command === undefined ? await Promise.all(names.map(loadCommand)) : []
  const text = command === undefined ? programHelp(all) : helpOf(command)
  if (out.json) await out.object(command === undefined ? overview(all) : describe(command))
  else if (asked) await out.line(text.trimEnd())
  else out.note(text.trimEnd())
  return asked ? EXIT.ok : EXIT.unable
}

function overview(commands: readonly Command[]): object {
  return { version: VERSION, commands: commands.map(({ name, args, summary }) => ({ name, args, summary })) }
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
    if (code !== 'USAGE') out.note(`  ${error.remedy}`)
    else out.note('  sigillo COMMAND --help tells how it is used.')
  } else if (error instanceof Error && error.stack !== undefined) out.note(error.stack.split('\n').slice(1, 6).join('\n'))
}
