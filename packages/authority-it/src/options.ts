// What a test authority can be told, with its defaults (16.5, 16.8).
import { FiscalError } from '@sigillo/core'
import type { Style } from './answers.js'
import type { Entry } from './ledger.js'
import type { Duplicates } from './judge.js'
import type { EventRule } from './rules.js'
import type { Hours } from './server.js'
import type { Route } from './tables.js'

/** Options of a test authority; all have defaults. */
export interface AuthorityOptions {
  /** A loopback address; 127.0.0.1 by default. Others are refused. */
  readonly host?: string
  /** Port for devices; 0, the default, takes a free one. */
  readonly port?: number
  /** Port of the control interface; 0 takes a free one, `false` (the default in a program) opens none. */
  readonly controlPort?: number | false
  /** Folder for keys and ledger; without one both are in memory. */
  readonly folder?: string
  /** Folder for the keys alone, so that several runs have the same roots; the ledger's folder when undefined. */
  readonly keysFolder?: string
  /** Encrypts the key files. */
  readonly passphrase?: string
  /** Folder with the tax authority's schemas, used besides the tables. */
  readonly schemas?: string
  /** Its clock, milliseconds; the system's by default. */
  readonly now?: () => number
  readonly style?: Style
  readonly hours?: Hours
  readonly duplicates?: Duplicates
  readonly duplicatesOf?: Partial<Record<Route, Duplicates>>
  readonly progressive?: 'log' | 'refuseGap' | 'refuseRegression'
  /** VAT numbers of registered merchants; any valid one by default. */
  readonly merchants?: readonly string[]
  /** Approved models as `Brand/Model`; any by default. */
  readonly models?: readonly string[]
  /** Detail codes of events; those of the README by default. */
  readonly events?: readonly EventRule[]
  /** Largest lottery message in bytes; 60,000 by default. */
  readonly lotteryLimit?: number
  /** Largest message of any kind in bytes; 1 MiB by default. */
  readonly maxBody?: number
  /** Years a device certificate lives; 3 by default, as in the real test environment. */
  readonly certificateYears?: number
  /** Told of each line of the ledger. */
  readonly onEntry?: (entry: Entry) => void
  /** What a crash asked for by a fault does; by default everything is dropped as it stands, in this process. */
  readonly onCrash?: () => void
}

/** The loopback address of an option. @throws FiscalError OPTION_INVALID for any other */
export function loopback(host = '127.0.0.1'): string {
  const known: Readonly<Record<string, string>> = {
    '127.0.0.1': '127.0.0.1',
    '::1': '::1',
    '[::1]': '::1',
    localhost: '127.0.0.1',
  }
  const address = Object.hasOwn(known, host) ? known[host] : undefined
  if (address === undefined)
    throw new FiscalError('OPTION_INVALID', {
      message: `host: ${host} is not a loopback address; the test authority serves this machine only`,
      path: 'host',
    })
  return address
}
