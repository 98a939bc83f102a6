// A forger at work on copies of the queue: a smaller total, a sale that never was, a night's takings cut off. Each copy is shown to
// the verifier, which must find it.
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command, say, title } from '../stage.mjs'

/** The file that holds the newest records, and its lines. */
function newest(folder) {
  const name = readdirSync(folder)
    .filter((each) => /^j-.*\.jsonl$/.test(each))
    .sort((a, b) => readFileSync(join(folder, b), 'utf8').length - readFileSync(join(folder, a), 'utf8').length)[0]
  const path = join(folder, name)
  return { path, lines: readFileSync(path, 'utf8').split('\n') }
}

const deeds = [
  {
    what: 'He makes one sale smaller: 12.00 less in the content of a ticket',
    forge: ({ path, lines }) => {
      const at = lines.findIndex((line) => line.includes('"type":"ticket"') && /"total":[2-9]\d{3}\b/.test(line))
      lines[at] = lines[at].replace(/"total":(\d+)/, (_, cents) => `"total":${Number(cents) - 1200}`)
      writeFileSync(path, lines.join('\n'))
    },
  },
  {
    what: 'He takes one sale out altogether',
    forge: ({ path, lines }) => {
      lines.splice(Math.floor(lines.length / 2), 1)
      writeFileSync(path, lines.join('\n'))
    },
  },
  {
    what: 'He cuts off the end of the week, closings and all, hint and snapshots too: what remains is whole in itself',
    forge: ({ path, lines }, copy) => {
      writeFileSync(path, `${lines.slice(0, 200).join('\n')}\n`)
      for (const name of readdirSync(copy)) {
        // Later sessions, and everything the folder itself remembers of the end.
        if (/^(hint|snapshot-.*)\.json$/.test(name) || (name.startsWith('j-') && join(copy, name) > path))
          rmSync(join(copy, name))
      }
    },
  },
]

/** Plays all forgeries. */
export function forgeries(base, folder) {
  for (const [i, { what, forge }] of deeds.entries()) {
    title(`A forger, attempt ${i + 1}`)
    say(what)
    const copy = join(base, `forged-${i + 1}`)
    cpSync(folder, copy, { recursive: true })
    // What others saw of this queue is not in the forger's hands.
    copyFileSync(`${folder}.witness.json`, `${copy}.witness.json`)
    forge(newest(copy), copy)
    command(['verify', copy], 1)
  }
}
