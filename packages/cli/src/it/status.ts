// `sigillo it status DIR`: what a device tells its shopkeeper, read beside a running till if need be (2.1, 9, 13).
import { systemClock, viewQueue } from '@sigillo/core'
import type { Alarm, State } from '@sigillo/country-it'
import { EXIT, type Call, type Command } from '../command.js'
import { euros } from '../country-it.js'
import { columns, plain } from '../output.js'
import { openReading } from '../till.js'
import { readItalian } from './italian-till.js'
import { nameOfMessage } from './words.js'

/** The command. */
export const statusCommand: Command = {
  name: 'it status',
  summary: 'Show the device: life, numbers, open period, outbox, alarms, certificate',
  args: 'DIR',
  arity: [1, 1],
  options: {},
  notes: [
    'Reads only. Alarms: a message refused or blocked, five days without success (take the file out and upload it on the portal),\ntwelve days (late). Warnings: certificate, memory, clock, numbers, periodic check.',
    'Exit code: 0 nothing asks for anybody; 1 alarms, or something to be done before selling; 2 cannot be read.',
    'JSON: matricola, device, simulation, merchant, certificate, progressive, tills [{till, z, openedAt, documents, grand}], toSend,\nrejected, alarms [{code, message}], warnings, idle {till: {from, to}}, offeredEvent, lottery, next.',
  ],
  run: status,
}

async function status(call: Call): Promise<number> {
  const [dir = ''] = call.args
  const { out } = call
  const till = await readItalian(dir)
  const { statusOf } = await import('@sigillo/country-it')
  const reader = await openReading(dir)
  try {
    const state = (await viewQueue(reader, till.country)).totals as unknown as State
    const { settings } = till.italy
    const now = systemClock.now()
    const found = statusOf(settings, state, now)
    const next = nextOf(state, Object.keys(found.idle).length > 0)
    const { certificate, merchant, progressive } = state
    const shown = {
      matricola: settings.matricola,
      simulation: settings.simulation,
      merchant,
      certificate,
      progressive,
      tills: tillsOf(state),
      ...found,
      next,
    }
    if (out.json) await out.object(shown)
    else await tell(call, shown)
    return found.alarms.length > 0 || next !== '' ? EXIT.findings : EXIT.ok
  } finally {
    await reader.close()
  }
}

interface Shown {
  readonly matricola: string
  readonly device: State['device']
  readonly simulation: boolean
  readonly merchant: State['merchant']
  readonly certificate: State['certificate']
  readonly progressive: number
  readonly tills: readonly TillRow[]
  readonly toSend: number
  readonly rejected: number
  readonly alarms: readonly Alarm[]
  readonly warnings: readonly string[]
  readonly idle: Readonly<Record<string, { readonly from: string; readonly to: string }>>
  readonly offeredEvent: { readonly event: string; readonly code: string } | undefined
  readonly lottery: State['lottery']['counts']
  readonly next: string
}

type TillRow = { readonly till: string; readonly z: number; readonly openedAt: string; readonly documents: number } & {
  readonly grand: { readonly sales: number; readonly returns: number; readonly voids: number }
}

function tillsOf({ tills }: State): TillRow[] {
  return Object.entries(tills).map(([till, { z, openedAt, n, grand }]) => ({ till, z, openedAt, documents: n, grand }))
}

function nextOf({ device }: State, idle: boolean): string {
  if (device === 'unknown') return 'sigillo it enrol'
  if (device === 'CENSITO' || device === 'DISATTIVATO') return 'sigillo it activate'
  if (device === 'FUORI_SERVIZIO') return 'sigillo it close --send brings it back into service'
  return idle ? 'sigillo it close --inactivity' : ''
}

const ALARMS: Readonly<Record<Alarm['code'], string>> = {
  IT_REJECTED: 'the authority refused it: sigillo it outbox tells why',
  IT_LANE_BLOCKED: 'it waits for the state of the device or for the clock',
  IT_MANUAL_INTERVENTION: 'five days without success: take the file out (sigillo it outbox --save) and upload it on the portal',
  IT_LATE: 'twelve days without success: it is late',
}

const WARNINGS: Readonly<Record<string, string>> = {
  IT_Z_NEAR_END: 'fewer than 30 closing numbers are left',
  IT_CERT_EXPIRED: 'the device certificate has expired: no new period opens; what is closed is still sent',
  IT_CERT_EXPIRES_90: 'the device certificate expires within 90 days',
  IT_CERT_EXPIRES_30: 'the device certificate expires within 30 days',
  IT_CERT_EXPIRES_7: 'the device certificate expires within 7 days',
  IT_MEMORY_80: 'the detail memory is full to 80 %',
  IT_MEMORY_90: 'the detail memory is full to 90 %',
  IT_MEMORY_95: 'the detail memory is full to 95 %',
  IT_CLOCK_SKEW: 'the clock differs by more than a minute from the authority’s; closings stop at five',
  IT_VERIFICATION_DUE: 'the periodic check is due within 60 days',
  IT_VERIFICATION_OVERDUE: 'the periodic check is overdue',
}

async function tell({ out }: Call, shown: Shown): Promise<void> {
  const { paint } = out
  const { matricola, device, simulation, merchant, certificate, progressive, tills, toSend, rejected, alarms, warnings } = shown
  await out.line(paint.bold(`${matricola}  ${device}${simulation ? '  (simulation)' : ''}`))
  const rows: [string, string][] = [
    ['merchant', merchant === null ? 'none yet' : `${merchant.name}, ${merchant.vat}`],
    ['certificate', certificate.notAfter === 0 ? 'none' : `until ${new Date(certificate.notAfter).toISOString().slice(0, 10)}`],
    ['transmissions', `${progressive} made, ${toSend} to send, ${rejected} refused`],
  ]
  for (const { till, z, openedAt, documents, grand } of tills) {
    rows.push([
      `closing${till === '' ? '' : ` ${till}`}`,
      `last Z ${z}, ${openedAt === '' ? 'no period open' : `open since ${openedAt} with ${documents} documents`}`,
    ])
    rows.push(['grand total', `${euros(grand.sales)}, returned ${euros(grand.returns)}, annulled ${euros(grand.voids)}`])
  }
  for (const [till, { waiting, sent, accepted, rejected: lost, excluded }] of Object.entries(shown.lottery))
    rows.push([
      `lottery${till === '' ? '' : ` ${till}`}`,
      `${waiting} waiting, ${sent} sent, ${accepted} accepted, ${lost} refused, ${excluded} not taking part`,
    ])
  for (const [till, { from, to }] of Object.entries(shown.idle))
    rows.push([`not worked${till === '' ? '' : ` ${till}`}`, `${from} to ${to}, not reported yet`])
  if (shown.offeredEvent !== undefined)
    rows.push(['event due', `${shown.offeredEvent.event} ${shown.offeredEvent.code}, before the next closing`])
  for (const line of columns(rows.map((row) => row.map(plain)))) await out.line(`  ${line}`)
  for (const { code, message } of alarms)
    await out.line(`${paint.red('✘')} ${code} ${nameOfMessage(message)} (message ${message.made}): ${ALARMS[code]}`)
  for (const warning of warnings)
    await out.line(`${paint.yellow('!')} ${plain(warning)}: ${WARNINGS[warning] ?? 'see the documentation'}`)
  if (shown.next !== '') await out.line(`  next: ${shown.next}`)
}
