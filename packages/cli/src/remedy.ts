// What to do about an error, as a caller of the command line does it: options of commands in place of those of the library.
import type { FiscalError } from '@sigillo/core'
import { plain } from './output.js'

const here: Readonly<Record<string, string>> = {
  MOVED_SUSPECTED:
    'When the original can no longer run, call again with --moved (the folder is on another disk or machine) or --restored (it comes from a backup).',
  ROLLBACK_SUSPECTED:
    'A newer end of this journal was seen elsewhere: find it, or call again with --acknowledge NAME to go on without it.',
  QUEUE_LOCKED: 'Another process holds this queue: stop it, or call again with --takeover when it cannot be reached any more.',
}

/** The remedy of an error. Words have no details to look into: the reason takes their place. */
export function remedyText({ code, remedy, details }: FiscalError): string {
  const { reason } = details
  const text = Object.hasOwn(here, code) ? (here[code] as string) : remedy
  return typeof reason === 'string' ? text.replace('named in details.reason', `(${plain(reason)})`) : text
}
