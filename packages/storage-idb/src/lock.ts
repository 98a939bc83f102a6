// One writer: a Web Lock that the browser lets go when its page or worker ends, whatever the end.
import { FiscalError } from '@sigillo/core'

/** Takes the lock. The page before, being reloaded, may need a moment to let go. @throws FiscalError OFFLINE_LOCKED */
export async function takeLock(locks: LockManager, name: string, waitMs: number): Promise<() => Promise<void>> {
  let release!: () => void
  const held = new Promise<void>((resolve) => (release = resolve))
  let ended: Promise<unknown> | undefined
  const taken = await new Promise<boolean>((resolve, reject) => {
    const signal = AbortSignal.timeout(waitMs)
    ended = locks.request(name, { signal }, () => {
      resolve(true)
      return held
    })
    ended.catch((error: unknown) => (signal.aborted ? resolve(false) : reject(error as Error)))
  })
  if (!taken) throw new FiscalError('OFFLINE_LOCKED', { message: `another page or tab holds the off-line log ${name}` })
  return async () => {
    release()
    await ended?.catch(() => undefined)
  }
}
