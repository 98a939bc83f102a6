// A page that checks a bundle dropped on it, with nothing but this file and the bundle: no server, no network, no product.
import { verifyBundle, type BundleReport } from '@sigillo/core/bundle'
import { meanings, type FindingCode } from '@sigillo/core/verify'
import { frenchAuditor } from '@sigillo/country-fr'

const byId = (id: string): HTMLElement => document.getElementById(id) as HTMLElement
const auditorOf = (profile: string): ReturnType<typeof frenchAuditor> | undefined =>
  profile === 'FR' ? frenchAuditor() : undefined

async function check(file: File): Promise<void> {
  show('busy', `Checking ${file.name} …`)
  const total = file.size
  const report = await verifyBundle(() => pieces(file), {
    auditorOf,
    progress: (bytes) => {
      byId('progress').setAttribute('value', String(bytes / total))
    },
  })
  show(
    report.sound ? 'sound' : 'unsound',
    report.sound
      ? `Sound: ${report.records} records, nothing altered, removed or inserted.`
      : `${report.findings.length + report.more} findings in ${report.records} records.`,
  )
  list(report)
}

// One mebibyte at a time, and a breath between them so that the page stays alive.
async function* pieces(file: File): AsyncIterable<Uint8Array> {
  for (let at = 0; at < file.size; at += 1 << 20) {
    yield new Uint8Array(await file.slice(at, at + (1 << 20)).arrayBuffer())
    await new Promise((resolve) => setTimeout(resolve))
  }
}

function show(state: string, text: string): void {
  document.body.dataset['state'] = state
  byId('verdict').textContent = text
}

function list({ findings, index, head, unchecked }: BundleReport): void {
  const facts =
    index === undefined
      ? []
      : [
          `Queue ${index.queue} (${index.profile})`,
          `Records ${index.from} to ${index.to}, exported ${index.created} by ${index.software}`,
        ]
  if (head !== null) facts.push(`Last record ${head.seq}, hash ${head.hash}`)
  byId('facts').replaceChildren(
    ...[...facts, ...unchecked.map((text) => `Not checked: ${text}`)].map((text) => element('li', text)),
  )
  byId('findings').replaceChildren(
    ...findings.slice(0, 500).map(({ seq, code, where, message, severity }) => {
      const row = element('tr', '')
      row.className = severity
      row.append(
        ...[seq === null || seq < 0 ? '' : String(seq), code, where, `${meanings[code as FindingCode] ?? ''} — ${message}`].map(
          (text) => element('td', text),
        ),
      )
      return row
    }),
  )
}

// Text only: what stands in a bundle may come from an attacker.
function element(name: string, text: string): HTMLElement {
  const made = document.createElement(name)
  made.textContent = text
  return made
}

const drop = byId('drop')
drop.addEventListener('dragover', (event) => event.preventDefault())
drop.addEventListener('drop', (event) => {
  event.preventDefault()
  const file = event.dataTransfer?.files[0]
  if (file !== undefined) void check(file)
})
byId('file').addEventListener('change', (event) => {
  const file = (event.target as HTMLInputElement).files?.[0]
  if (file !== undefined) void check(file)
})
