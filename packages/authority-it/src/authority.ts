// The test authority put together: keys, ledger, server, control. One call opens it, `close` or `await using` ends it.
import type { Authority } from './contract.js'
import { openHierarchy } from './hierarchy.js'
import { folderLedger, memoryLedger, type Entry, type Ledger } from './ledger.js'
import { loopback, type AuthorityOptions } from './options.js'
import { Running } from './running.js'
import { openSchemas } from './schemas.js'

/**
 * Starts a test authority on loopback.
 * @throws FiscalError OPTION_INVALID, QUEUE_LOCKED, STORAGE_FAILED
 * @example
 * await using authority = await startAuthority({ folder: './authority' })
 * const manufacturer = authority.certifyManufacturer('05550001118', publicKey)
 */
export async function startAuthority(options: AuthorityOptions = {}): Promise<Authority> {
  const host = loopback(options.host)
  const schemas = options.schemas === undefined ? undefined : openSchemas(options.schemas)
  const ledger = options.folder === undefined ? memoryLedger() : folderLedger(options.folder)
  try {
    const hierarchy = await openHierarchy(options.keysFolder ?? options.folder, options.passphrase)
    const running = new Running(options, hierarchy, told(ledger, options.onEntry), schemas)
    await running.listen(host, options.port ?? 0, options.controlPort ?? false)
    return running
  } catch (error) {
    ledger.close()
    throw error
  }
}

function told(ledger: Ledger, tell: ((entry: Entry) => void) | undefined): Ledger {
  if (tell === undefined) return ledger
  const append: Ledger['append'] = (...line) => {
    const entry = ledger.append(...line)
    tell(entry)
    return entry
  }
  return Object.assign(Object.create(ledger) as Ledger, { append })
}
