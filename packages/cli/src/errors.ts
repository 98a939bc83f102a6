// Codes of the command line itself, with what to do. Everything else it reports is a code of core, the signer or the country.
import { FiscalError, type ErrorRow } from '@sigillo/core'

/** A code of the command line. */
export type CliCode = 'USAGE' | 'SETTINGS_INVALID' | 'SETTINGS_MISSING' | 'SYSTEM' | 'UNREADABLE'

const row = (remedy: string): ErrorRow => ({ kind: 'input', registered: 'no', retry: 'never', remedy })

/** Every code the command line raises. */
export const cliErrors: Readonly<Record<CliCode, ErrorRow>> = {
  USAGE: row('Read the help: sigillo COMMAND --help.'),
  SETTINGS_INVALID: row('Correct settings.json in the folder, or the file given with --config.'),
  SETTINGS_MISSING: row('Make the till first: sigillo init DIR.'),
  // Met where nothing better is known of it, so nothing is claimed about a receipt.
  SYSTEM: {
    kind: 'storage',
    registered: 'unknown',
    retry: 'reopen',
    remedy:
      'Act on what the operating system says (place, rights, space, port), then call again; for a receipt with the same key.',
  },
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

/** An error of the operating system that no command expected, under a code; undefined for anything else. */
export function systemError(error: unknown): FiscalError | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, syscall } = error as NodeJS.ErrnoException
  if (typeof syscall !== 'string' || typeof code !== 'string') return undefined
  return new FiscalError('SYSTEM', { message: error.message, ...cliErrors.SYSTEM, details: { nativeCode: code }, cause: error })
}

/** Why a text is no JSON: the place at most. The runtime's own words quote the text, which may be a key or a receipt. */
export function jsonFault(error: unknown): string {
  const [place] = /at position \d+/.exec(error instanceof Error ? error.message : '') ?? []
  return place === undefined ? 'not JSON' : `not JSON, ${place}`
}
