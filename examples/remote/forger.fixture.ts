// A forger at the off-line folder of a till that is not running: one deed per outage, and what the till must say of it later.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A deed: what must be reported of it. */
export interface Deed {
  readonly episode: string
  /** `KIND seq`; TAIL for a last file that is gone: told as TAIL_MISSING, or as GAP when sales came after it. */
  readonly expected: string
  /** Sale whose only file was destroyed. */
  readonly destroyed?: string
  /** Sale whose receipt was changed. */
  readonly changed?: string
}

interface Receipt {
  request: { key: string; lines: { total: number }[]; payments: { amount: number }[] }
}

const episodesOf = (log: string): string[] =>
  existsSync(log) ? readdirSync(log).filter((name) => /^[0-9a-f-]{36}$/.test(name)) : []
const read = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T

/** Lays hands on the open episode, if it is not spared and holds a receipt whose customer has paper. */
export function forge(log: string, sold: readonly string[], spared: readonly string[], random: () => number): Deed | undefined {
  const episode = episodesOf(log).find((id) => !existsSync(join(log, id, 'end.json')))
  if (episode === undefined || spared.includes(episode)) return undefined
  const place = (seq: number): string => join(log, episode, `${String(seq).padStart(8, '0')}.json`)
  const files = readdirSync(join(log, episode)).filter((name) => /^\d{8}\.json$/.test(name))
  const [last, choice] = [files.length, files.map((name) => Number(name.slice(0, 8)))]
  const known = choice.filter((seq) => sold.includes(read<Receipt>(place(seq)).request.key))
  const seq = known[Math.floor(random() * known.length)]
  if (seq === undefined) return undefined
  const receipt = read<Receipt>(place(seq))
  const sale = receipt.request.key
  switch (Math.floor(random() * 5)) {
    case 0:
      for (const line of receipt.request.lines) line.total -= 30
      for (const payment of receipt.request.payments) payment.amount -= 30
      writeFileSync(place(seq), JSON.stringify(receipt))
      return { episode, expected: `BAD_HASH ${seq}`, changed: sale }
    case 1:
      rmSync(place(seq))
      return { episode, expected: `${seq === last ? 'TAIL' : 'GAP'} ${seq}`, destroyed: sale }
    case 2:
      writeFileSync(place(seq), `not a receipt ${random()}`)
      return { episode, expected: `UNREADABLE ${seq}`, destroyed: sale }
    case 3:
      writeFileSync(place(last + 1), readFileSync(place(seq)))
      return { episode, expected: `DUPLICATE ${last + 1}` }
    default: {
      const path = join(log, episode, 'episode.json')
      writeFileSync(path, JSON.stringify({ ...read<object>(path), reason: 'entretien' }))
      return { episode, expected: 'HEADER_ALTERED 1' }
    }
  }
}

/** What the till reported of each episode that has ended, as `KIND seq`. */
export function reported(log: string): Map<string, string[]> {
  const ended = episodesOf(log).filter((id) => existsSync(join(log, id, 'end.json')))
  return new Map(
    ended.map((id) => {
      const { breaks } = read<{ breaks: { kind: string; seq: number }[] }>(join(log, id, 'end.json'))
      return [id, breaks.map(({ kind, seq }) => `${kind} ${seq}`)]
    }),
  )
}
