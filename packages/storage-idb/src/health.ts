// What a till should show of the browser's promise to keep its data.
import type { BrowserParts } from './parts.js'

/** Something a person should see to. */
export interface HealthWarning {
  /**
   * `NOT_PERSISTENT`: the browser may delete the log when space is short. `SPACE_LOW`: little space is left. `SPACE_UNKNOWN`.
   * `DATA_LOST`: the browser found its files damaged and began a new, empty database; what was in it is gone.
   */
  readonly code: 'NOT_PERSISTENT' | 'SPACE_LOW' | 'SPACE_UNKNOWN' | 'DATA_LOST'
  readonly message: string
}

/** The store's health. */
export interface OfflineHealth {
  /** The browser has promised not to delete this site's data by itself. */
  readonly persistent: boolean
  /** Bytes in use and bytes allowed, as far as the browser tells. */
  readonly usageBytes: number | undefined
  readonly quotaBytes: number | undefined
  readonly warnings: readonly HealthWarning[]
}

/** Below this a warning is given: some thousand receipts. */
const LOW_BYTES = 16_000_000

/** Looks now. `lost` is what the browser said when it began a new database in place of a damaged one. */
export async function lookAt({ storage }: BrowserParts, lost: string | undefined): Promise<OfflineHealth> {
  const persistent = (await storage?.persisted?.().catch(() => false)) === true
  const { usage, quota } = (await storage?.estimate?.().catch(() => undefined)) ?? {}
  const warnings: HealthWarning[] = lost === undefined ? [] : [dataLost(lost)]
  if (!persistent) warnings.push(NOT_PERSISTENT)
  if (usage === undefined || quota === undefined)
    warnings.push({ code: 'SPACE_UNKNOWN', message: 'The browser does not say how much space is left.' })
  else if (quota - usage < LOW_BYTES)
    warnings.push({ code: 'SPACE_LOW', message: `Only ${Math.max(0, quota - usage)} bytes are left for receipts made off line.` })
  return { persistent, usageBytes: usage, quotaBytes: quota, warnings }
}

/** The warning about a database the browser gave up. */
export function dataLost(lost: string): HealthWarning {
  const message =
    'The browser found this till’s receipts damaged and began anew: receipts not handed over yet may be lost. ' +
    `Compare the paper with the queue, capture what is missing, then acknowledge the loss (${lost.slice(0, 200)}).`
  return { code: 'DATA_LOST', message }
}

const NOT_PERSISTENT: HealthWarning = {
  code: 'NOT_PERSISTENT',
  message:
    'The browser did not promise to keep this site’s data: it may delete receipts that are not handed over yet when space is short. ' +
    'Install the till as an app or bookmark it, allow notifications, or set the browser’s policy for this site.',
}

/** Asks the browser to keep the data, and tells when it refuses. A browser may ask a person first, so nobody waits for it. */
export function askToKeep({ storage }: BrowserParts, onWarning: ((warning: HealthWarning) => void) | undefined): void {
  const asked = storage?.persist?.() ?? Promise.resolve(false)
  void asked.catch(() => false).then((kept) => (kept ? undefined : onWarning?.(NOT_PERSISTENT)))
}
