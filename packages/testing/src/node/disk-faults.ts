// Failures of the simulated disk on request, and the errors of the system it speaks with.

/** Calls of the disk; those that change something can be cut points. */
export type DiskOperation =
  | 'list'
  | 'open'
  | 'create'
  | 'write'
  | 'writeAt'
  | 'read'
  | 'datasync'
  | 'sync'
  | 'size'
  | 'close'
  | 'makeDirectory'
  | 'syncDirectory'
  | 'rename'
  | 'unlink'
  | 'removeDirectory'
  | 'stat'
  | 'volume'

/** Operations that change what is on the disk or what a loss of power would leave. */
export const CHANGING: ReadonlySet<DiskOperation> = new Set<DiskOperation>([
  'create',
  'write',
  'writeAt',
  'datasync',
  'sync',
  'makeDirectory',
  'syncDirectory',
  'rename',
  'unlink',
  'removeDirectory',
])

/** One call that was made. */
export interface DiskCall {
  readonly index: number
  readonly operation: DiskOperation
  readonly path: string
  /** Bytes a write was given. */
  readonly bytes?: number
  /** Target of a rename. */
  readonly to?: string
  failed?: string
}

/** One failure wanted. */
export interface DiskFault {
  /** Default: any operation. */
  readonly operation?: DiskOperation | readonly DiskOperation[]
  /** Default: any path. */
  readonly path?: RegExp
  /** The n-th matching call from now on, from 1; default 1. */
  readonly nth?: number
  /** How many matching calls in a row; default 1. */
  readonly times?: number
  /** `before`: nothing happens. `after`: all happens, then the error. Default `before`. A sync that fails marks its pages clean. */
  readonly when?: 'before' | 'after'
  /** Code of the error; default `EIO`. `none`: no error, only a short count with `bytes`. */
  readonly errno?: string
  /** A write puts only this many bytes in place before it fails or returns the short count. */
  readonly bytes?: number
}

/** Failures in waiting. */
export class FaultPlan {
  #armed: { readonly fault: DiskFault; seen: number }[] = []

  add(fault: DiskFault): void {
    this.#armed.push({ fault, seen: 0 })
  }
  clear(): void {
    this.#armed = []
  }
  due(call: DiskCall): DiskFault | undefined {
    let due: DiskFault | undefined
    for (const armed of this.#armed) {
      const { operation, path, nth = 1, times = 1 } = armed.fault
      const wanted =
        operation === undefined || (Array.isArray(operation) ? operation.includes(call.operation) : operation === call.operation)
      if (!wanted || (path !== undefined && !path.test(call.path))) continue
      armed.seen += 1
      if (armed.seen >= nth && armed.seen < nth + times) due ??= armed.fault
    }
    return due
  }
}

/** An error as Node's file system raises it. */
export function systemError(code: string, operation: string, path: string): Error & { readonly code: string } {
  return Object.assign(new Error(`${code}: ${operation} '${path}'`), { code, syscall: operation, path })
}
