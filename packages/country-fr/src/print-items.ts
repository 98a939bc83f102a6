// Small makers of print items, shared by the documents.
import type { PrintItem } from '@sigillo/core'

/** A heading; always mandatory. */
export const title = (content: string): PrintItem => ({ kind: 'title', text: content, mandatory: true })

/** A line of text. */
export const text = (content: string, mandatory = false): PrintItem => ({
  kind: 'text',
  text: content,
  ...(mandatory && { mandatory }),
})

/** Left and right part on one line. */
export const pair = (left: string, right: string, mandatory = false): PrintItem => ({
  kind: 'pair',
  text: left,
  right,
  ...(mandatory && { mandatory }),
})

/** A line across. */
export const rule = (): PrintItem => ({ kind: 'rule', text: '' })

/** Mandatory lines of text. */
export const must = (...lines: readonly string[]): PrintItem[] => lines.map((line) => text(line, true))

/** A rate as printed: 550 → `5,5 %`. */
export function rateText(rateBp: number): string {
  return `${String(rateBp / 100).replace('.', ',')} %`
}
