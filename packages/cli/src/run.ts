// From arguments to a command to an exit code. Errors are told once, here: in words on standard error, or as JSON.
import { isFiscalError } from '@sigillo/core'
import { closeCommand } from './close.js'
import { commonOptions, EXIT, helpOf, readArguments, usageError, type Command, type World } from './command.js'
import { doctorCommand } from './doctor.js'
import { exportCommand } from './export.js'
import { initCommand } from './init.js'
import { inspectCommand } from './inspect.js'
import { makeOutput, plain, type Output } from './output.js'
import { recordCommand } from './record.js'
import { showCommand } from './show.js'
import { verifyCommand } from './verify.js'
import { VERSION } from './version.js'

/** All commands, in the order of help. */
export const commands: readonly Command[] = [
  initCommand,
  recordCommand,
  closeCommand,
  verifyCommand,
  inspectCommand,
  showCommand,
  exportCommand,
  doctorCommand,
]

/** Help of the program. */
export function programHelp(): string {
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
  const json = argv.includes('--json')
  const out = makeOutput(world, json)
  try {
    return await dispatch(argv, world, out)
  } catch (error) {
    await fail(error, out)
    return EXIT.unable
  }
}

async function dispatch(argv: readonly string[], world: World, out: Output): Promise<number> {
  const [name, ...rest] = argv.filter((arg, i) => i > 0 || !['--json'].includes(arg))
  if (name === undefined || name === 'help' || name === '--help' || name === '-h')
    return help(name === 'help' ? rest[0] : undefined, out, name !== undefined)
  if (name === '--version' || name === '-v') {
    await (out.json ? out.object({ version: VERSION }) : out.line(VERSION))
    return EXIT.ok
  }
  const command = commands.find((each) => each.name === name)
  if (command === undefined)
    throw usageError(`there is no command ${name}; known: ${commands.map((each) => each.name).join(', ')}`)
  const { args, flags } = readArguments(command, rest)
  if (flags['help'] === true) return help(name, out, true)
  return command.run({ args, flags, out, world })
}

async function help(name: string | undefined, out: Output, asked: boolean): Promise<number> {
  const command = commands.find((each) => each.name === name)
  if (name !== undefined && command === undefined) throw usageError(`there is no command ${name}`)
  const text = command === undefined ? programHelp() : helpOf(command)
  if (out.json) await out.object(command === undefined ? overview() : describe(command))
  else if (asked) await out.line(text.trimEnd())
  else out.note(text.trimEnd())
  return asked ? EXIT.ok : EXIT.unable
}

function overview(): object {
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
