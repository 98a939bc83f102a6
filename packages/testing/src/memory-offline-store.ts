// The off-line log's store in memory: the reference, and what tests damage on purpose.
import { FiscalError } from '@sigillo/core'
import { offlinePath, type OfflineStore } from '@sigillo/core/offline'

/** A store in memory whose files a test can see and change. */
export interface MemoryOfflineStore extends OfflineStore {
  readonly files: Map<string, Uint8Array>
  /** Fails the n-th writing call from now on, before or after its effect; undefined heals. */
  failAt(nth: number | undefined, when?: 'before' | 'after'): void
  /** Bytes all files may hold together; undefined for any number. */
  limit(bytes: number | undefined): void
}

/** An empty store. */
export function memoryOfflineStore(): MemoryOfflineStore {
  const files = new Map<string, Uint8Array>()
  let locked = false
  let most = Infinity
  let plan: { left: number; readonly when: 'before' | 'after' } | undefined
  const write = async (effect: () => void): Promise<void> => {
    const due = plan !== undefined && --plan.left === 0 ? plan.when : undefined
    if (due === 'before') throw new Error('the disk failed')
    effect()
    if (due === 'after') throw new Error('the power went')
  }
  const put = (path: string, bytes: Uint8Array): void => {
    const others = [...files].reduce((sum, [name, { length }]) => (name === path ? sum : sum + length), 0)
    if (others + bytes.length > most) throw new FiscalError('STORAGE_FULL', { message: 'no space left' })
    files.set(path, bytes.slice())
  }
  const free = (path: string): void => {
    if (files.has(path)) throw new FiscalError('STORAGE_CONFLICT', { message: `${path} exists already`, retry: 'never' })
  }
  const named = (path: string): string => offlinePath(path).join('/')
  return {
    files,
    failAt: (nth, when = 'before') => {
      plan = nth === undefined ? undefined : { left: nth, when }
    },
    limit: (bytes = Infinity) => {
      most = bytes
    },
    lock: async () => {
      if (locked) throw new FiscalError('OFFLINE_LOCKED', { message: 'another till holds this log' })
      locked = true
      let held = true
      return async () => {
        if (held) locked = false
        held = false
      }
    },
    list: async (folder) => {
      const prefix = folder === '' ? '' : `${named(folder)}/`
      const names = [...files.keys()]
        .filter((path) => path.startsWith(prefix))
        .map((path) => path.slice(prefix.length).split('/')[0] as string)
      return [...new Set(names)].sort()
    },
    read: async (path) => files.get(named(path))?.slice(),
    create: async (path, bytes) => {
      free(named(path))
      await write(() => put(path, bytes))
    },
    replace: async (path, bytes) => {
      named(path)
      await write(() => put(path, bytes))
    },
    move: async (from, to) => {
      const bytes = files.get(named(from))
      free(named(to))
      if (bytes === undefined) throw new FiscalError('STORAGE_FAILED', { message: `${from} does not exist` })
      await write(() => {
        files.set(to, bytes)
        files.delete(from)
      })
    },
  }
}
