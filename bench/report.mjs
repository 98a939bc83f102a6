// What a bench leaves behind: a table for people, JSON for machines, both from the same results. A result has name, value, unit, floor and ratio (null
// where nothing is measured beside it), and where an aim is set `target`; `also` lists further floors.
import { cpus, totalmem } from 'node:os'

/** The machine it ran on. */
export function machine() {
  const [cpu] = cpus()
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    date: new Date().toISOString(),
  }
}

/** True when the aim is met, false when it is missed, null without one that is a number. A bare number is the ratio's where there is one. */
export function isMet({ value, ratio, target }) {
  const [, sign, digits, unit] = /^([<≤≥]) ([\d.,]+)(.*)$/.exec(target ?? '') ?? []
  if (sign === undefined) return null
  const aim = Number(digits.replaceAll(',', ''))
  const measured = unit === '' && ratio !== null ? ratio : value
  if (sign === '≥') return measured >= aim
  return sign === '<' ? measured < aim : measured <= aim
}

/** The object `--json` writes. */
export function jsonOf(on, results) {
  const rows = results.map(({ target, ...rest }) => ({
    ...rest,
    ...(target !== undefined && { target, met: isMet({ ...rest, target }) }),
  }))
  return { machine: on, results: rows }
}

/** The same as a table. */
export function tableOf(on, results) {
  const rows = results.flatMap((result) => [
    [result.name, figure(result.value), result.unit, figure(result.floor), figure(result.ratio), aimOf(result)],
    ...(result.also ?? []).map(({ name, floor, ratio }) => [`  ${name}`, '', '', figure(floor), figure(ratio), '']),
  ])
  const head = ['name', 'value', 'unit', 'floor', 'ratio', 'aim']
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)))
  const line = (row) => row.map((cell, i) => (i === 0 || i === 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')
  const lines = [head, widths.map((width) => '─'.repeat(width)), ...rows].map(line)
  return `${on.cpu}, ${on.cores} cores, Node ${on.node}, ${on.date}\n\n${lines.join('\n')}\n`
}

function aimOf(result) {
  return isMet(result) === false ? `${result.target} (missed)` : (result.target ?? '')
}

function figure(value) {
  if (value === null || value === undefined) return ''
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}
