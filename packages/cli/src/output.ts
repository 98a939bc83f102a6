// What a command says: text for people or one JSON object a line, from the same values. Colours only on a terminal; progress and
// remarks go to standard error, so that standard output can be piped.
import type { World } from './command.js'

/** Colours, or none. */
export interface Paint {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
}

/** How far long work has come; shown on a terminal only. */
export interface Progress {
  /** `total` 0 means unknown. */
  at(done: number, total: number): void
  end(): void
}

/** Where a command writes. */
export interface Output {
  /** True when the caller wants JSON. */
  readonly json: boolean
  readonly paint: Paint
  /** Standard output was closed by its reader: whoever asked has gone. */
  readonly gone: boolean
  /** One line of text on standard output. */
  line(text?: string): Promise<void>
  /** One JSON object on standard output. */
  object(value: unknown): Promise<void>
  /** A remark on standard error. */
  readonly note: (text: string) => void
  progress(label: string, unit: string): Progress
}

/** Output for one call. */
export function makeOutput({ stdout, stderr, env }: World, json: boolean): Output {
  let gone = false
  stdout.on('error', () => {
    gone = true
  })
  const write = async (text: string): Promise<void> => {
    if (gone || stdout.write(text)) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stdout.off('drain', done).off('error', done)
        resolve()
      }
      stdout.once('drain', done).once('error', done)
    })
  }
  return {
    json,
    paint: paintFor(stdout.isTTY && coloured(env)),
    get gone() {
      return gone
    },
    line: (text = '') => write(`${text}\n`),
    object: (value) => write(`${toJson(value)}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    progress: (label, unit) => (stderr.isTTY ? showProgress(stderr, label, unit) : { at: () => undefined, end: () => undefined }),
  }
}

/** JSON text; numbers of records as integers, bytes left out. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_key, member: unknown) => (typeof member === 'bigint' ? Number(member) : member), indent)
}

function coloured(env: NodeJS.ProcessEnv): boolean {
  return (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
}

/** Colours when `on`, else the text as it is. */
export function paintFor(on: boolean): Paint {
  const style = (code: number, end: number) => (text: string) => (on ? `\u001b[${code}m${text}\u001b[${end}m` : text)
  return { bold: style(1, 22), dim: style(2, 22), red: style(31, 39), green: style(32, 39), yellow: style(33, 39) }
}

function showProgress(stderr: NodeJS.WriteStream, label: string, unit: string): Progress {
  const began = Date.now()
  let shown = 0
  return {
    at: (done, total) => {
      const now = Date.now()
      // Short work shows nothing at all.
      if (now - began < 500 || now - shown < 100) return
      shown = now
      const share = total > 0 ? ` ${Math.min(100, Math.floor((100 * done) / total))} %` : ''
      stderr.write(`\r\u001b[K${label}${share} (${done} ${unit})`)
    },
    end: () => {
      if (shown > 0) stderr.write('\r\u001b[K')
    },
  }
}

/** Rows in columns, two spaces apart; the last column is not padded. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  }
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

/** Text from outside, safe on a terminal: control characters, which could move the cursor or recolour, are made visible. */
export function plain(text: string): string {
  return text.replaceAll(
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
}
