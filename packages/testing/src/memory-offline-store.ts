// The off-line log's store in memory: the reference, and what tests damage on purpose.
import { FiscalError } from '@sigillo/core'
import type { OfflineStore } from '@sigillo/core/offline'

/** A store in memory whose files a test can see and change. */
export interface MemoryOfflineStore extends OfflineStore {
  readonly files: Map<string, Uint8Array>
  /** Fails the n-th writing call from now on, before or after its effect; undefined heals. */
  failAt(nth: number | undefined, when?: 'before' | 'after'): void
}

/** An empty store. */
export function memoryOfflineStore(): MemoryOfflineStore {
  const files = new Map<string, Uint8Array>()
  let locked = false
  let plan: { left: number; readonly when: 'before' | 'after' } | undefined
  const write = (effect: () => void): Promise<void> => {
    const due = plan !== undefined && --plan.left === 0 ? plan.when : undefined
    if (due === 'before') return Promise.reject(new Error('no space left'))
    effect()
    return due === 'after' ? Promise.reject(new Error('the power went')) : Promise.resolve()
  }
  return {
    files,
    failAt: (nth, when = 'before') => {
      plan = nth === undefined ? undefined : { left: nth, when }
    },
    lock: () => {
      if (locked) return Promise.reject(new FiscalError('OFFLINE_LOCKED', { message: 'another till holds this log' }))
      locked = true
      return Promise.resolve(() => {
        locked = false
        return Promise.resolve()
      })
    },
    list: (folder) => {
      const prefix = folder === '' ? '' : `${folder}/`
      const names = [...files.keys()]
        .filter((path) => path.startsWith(prefix))
        .map((path) => path.slice(prefix.length).split('/')[0] as string)
      return Promise.resolve([...new Set(names)].sort())
    },
    read: (path) => Promise.resolve(files.get(path)?.slice()),
    create: (path, bytes) => {
      if (files.has(path)) return Promise.reject(new Error(`${path} exists`))
      return write(() => void files.set(path, bytes.slice()))
    },
    replace: (path, bytes) => write(() => void files.set(path, bytes.slice())),
    move: (from, to) =>
      write(() => {
        const bytes = files.get(from)
        if (bytes === undefined) return
        files.set(to, bytes)
        files.delete(from)
      }),
  }
}
