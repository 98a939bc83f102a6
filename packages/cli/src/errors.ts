// Codes of the command line itself, with what to do. Everything else it reports is a code of core, the signer or the country.
import { FiscalError, type ErrorRow } from '@sigillo/core'

/** A code of the command line. */
export type CliCode = 'USAGE' | 'SETTINGS_INVALID' | 'SETTINGS_MISSING' | 'UNREADABLE'

const row = (remedy: string): ErrorRow => ({ kind: 'input', registered: 'no', retry: 'never', remedy })

/** Every code the command line raises. */
export const cliErrors: Readonly<Record<CliCode, ErrorRow>> = {
  USAGE: row('Read the help: sigillo COMMAND --help.'),
  SETTINGS_INVALID: row('Correct settings.json in the folder, or the file given with --config.'),
  SETTINGS_MISSING: row('Make the till first: sigillo init DIR.'),
  UNREADABLE: row('Name the folder of a queue, a bundle made by sigillo export, or an archive.'),
}

/** An error of the command line. */
export function cliError(code: CliCode, message: string): FiscalError {
  return new FiscalError(code, { message, ...cliErrors[code] })
}

/** Wrong use of the command line. */
export function usageError(message: string): FiscalError {
  return cliError('USAGE', message)
}
