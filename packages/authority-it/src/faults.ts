// Faults asked for one by one or so many times: what goes wrong with the next exchanges, and where in the exchange (16.5).
import type { Route } from './tables.js'

/** A fault. */
export type Fault =
  /** Waits before the request is looked at, or before the answer leaves. */
  | { readonly kind: 'delay'; readonly ms: number; readonly where?: 'before' | 'after' }
  /** Cuts the connection: nothing read; read but not looked at; stored, and the answer lost. */
  | { readonly kind: 'drop'; readonly where: 'beforeReading' | 'afterReading' | 'afterStoring' }
  /** Answers with a bare status, nothing stored. */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** A signed refusal with these codes, nothing stored. */
  | { readonly kind: 'refuse'; readonly codes: readonly string[] }
  /** The message is stored, but what comes back is no answer to believe. */
  | { readonly kind: 'garbage' | 'unsigned' | 'wrongSigner' | 'altered' | 'empty'; readonly store?: boolean }
  /** The message is stored; of its answer only the first bytes arrive. */
  | { readonly kind: 'truncate'; readonly bytes?: number }
  /** The message is stored; its answer drips, so many bytes at a time. */
  | { readonly kind: 'trickle'; readonly bytes?: number; readonly everyMs?: number }
  /** The process dies: before storing, in the middle of it, after it, after answering. */
  | { readonly kind: 'crash'; readonly where: 'beforeStoring' | 'whileStoring' | 'afterStoring' | 'afterAnswering' }

/** A fault with where and how often. */
export interface FaultPlan {
  readonly fault: Fault
  /** Only exchanges of this operation; any when undefined. */
  readonly route?: Route
  /** How many exchanges; 1 when undefined. */
  readonly times?: number
  /** How many fitting exchanges pass first; 0 when undefined. */
  readonly after?: number
}

/** Faults in waiting. */
export interface Faults {
  add(plan: FaultPlan): void
  clear(): void
  /** What is still to come. */
  readonly pending: readonly FaultPlan[]
  /** The fault of this exchange, taken off the list. */
  take(route: Route): Fault | undefined
}

/** An empty list of faults. */
export function openFaults(): Faults {
  let list: { plan: FaultPlan; after: number; times: number }[] = []
  return {
    add: (plan) => void list.push({ plan, after: plan.after ?? 0, times: plan.times ?? 1 }),
    clear: () => void (list = []),
    get pending() {
      return list.map(({ plan, after, times }) => ({ ...plan, after, times }))
    },
    take(route) {
      const found = list.find(({ plan }) => plan.route === undefined || plan.route === route)
      if (found === undefined) return undefined
      if (found.after > 0) {
        found.after--
        return undefined
      }
      if (--found.times === 0) list = list.filter((one) => one !== found)
      return found.plan.fault
    },
  }
}
