// The record that answers for a purged beginning (FORMAT 5.7, 4): a partial start is only as good as the `sys.purge` that names it.
import type { ParsedLine } from '../read-line.js'
import { isObject } from './payload-forms.js'
import type { Start } from './state.js'

/** Watches for a believed `sys.purge` that bears exactly the floor, last hash and frontier of a partial start. */
export function watchPurge(start: Start | undefined): { placed(record: ParsedLine): void; unexplained(): boolean } {
  const frontier = start?.state === undefined ? start?.frontier : undefined
  let named = false
  return {
    placed: (record) => {
      if (start === undefined || frontier === undefined || record.body.type !== 'sys.purge' || !record.payloadMatches) return
      const { payload } = record
      if (!isObject(payload)) return
      const { floor, last, frontier: stated } = payload
      named ||= floor === start.seq + 1 && last === start.hash && JSON.stringify(stated) === JSON.stringify(frontier)
    },
    unexplained: () => frontier !== undefined && !named,
  }
}
