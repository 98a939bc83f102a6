// `sigillo it lottery DIR`: documents in the receipt lottery, their batches, and what the authority refused (11.2).
import { viewQueue, type FiscalRecord } from '@sigillo/core'
import type { DocumentPayload, LotteryPayload, OutcomePayload, State, TransmissionPayload } from '@sigillo/country-it'
import { explain, nextStep } from '@sigillo/country-it'
import { EXIT, type Call, type Command } from '../command.js'
import { columns, plain } from '../output.js'
import { openReading } from '../till.js'
import { readItalian, recordsWith } from './italian-till.js'

/** The command. */
export const lotteryCommand: Command = {
  name: 'it lottery',
  summary: 'Show the receipt lottery: batches, results, refused and excluded documents',
  args: 'DIR',
  arity: [1, 1],
  options: {},
  notes: [
    'Reads only. A refused document is lost to the lottery and is reported, never corrected.',
    'Exit code: 0 shown; 1 shown, and documents or batches were refused; 2 cannot be read.',
    'JSON: counts {till: {waiting, sent, accepted, rejected, excluded}}, batches [{batch, seq, till, date, documents, result, operation,\ncodes, refused [{seq, number, codes}]}], excluded [{seq, number, code, reason}].',
  ],
  run: lottery,
}

interface Batch {
  readonly batch: number
  readonly seq: number
  readonly till: string
  readonly date: string
  readonly documents: number
  readonly result: string
  readonly operation: string
  readonly codes: readonly string[]
  readonly refused: readonly { readonly seq: number; readonly number: string; readonly codes: readonly string[] }[]
}

interface Excluded {
  readonly seq: number
  readonly number: string
  readonly code: string
  readonly reason: string
}

async function lottery(call: Call): Promise<number> {
  const [dir = ''] = call.args
  const till = await readItalian(dir)
  const reader = await openReading(dir)
  try {
    const state = (await viewQueue(reader, till.country)).totals as unknown as State
    const records = await recordsWith(reader.read(0n), [
      'it.lottery',
      'it.transmission',
      'it.outcome',
      'it.sale',
      'it.return',
      'it.void',
    ])
    const shown = { counts: state.lottery.counts, batches: batchesOf(records), excluded: excludedOf(records) }
    if (call.out.json) await call.out.object(shown)
    else await tell(call, shown)
    return shown.batches.some(({ result, refused }) => result === 'rejected' || refused.length > 0) ? EXIT.findings : EXIT.ok
  } finally {
    await reader.close()
  }
}

function batchesOf(records: readonly FiscalRecord[]): Batch[] {
  const batches = new Map<number, Batch>()
  const numbers = new Map<number, string>()
  for (const { body, payload } of records) {
    if (payload === null) continue
    if (body.type === 'it.lottery') {
      const { batch, till, date, documents } = payload as unknown as LotteryPayload
      for (const { seq, number } of documents) numbers.set(seq, number)
      batches.set(body.seq, {
        batch,
        seq: body.seq,
        till,
        date,
        documents: documents.length,
        result: 'waiting',
        operation: '',
        codes: [],
        refused: [],
      })
    } else if (body.type === 'it.transmission') {
      const { op, source } = payload as unknown as TransmissionPayload
      const known = op === 'replace' ? batches.get(source) : undefined
      if (known !== undefined) batches.set(source, { ...known, result: 'split', codes: [] })
    } else if (body.type === 'it.outcome') {
      const { source, lane, result, operation = '', codes = [], refused = [] } = payload as unknown as OutcomePayload
      const known = lane === 'lottery' ? batches.get(source) : undefined
      if (known === undefined) continue
      const lost = refused.map(({ seq, codes: said }) => ({ seq, number: numbers.get(seq) ?? '', codes: said }))
      batches.set(source, { ...known, result, operation, codes, refused: lost })
    }
  }
  return [...batches.values()]
}

function excludedOf(records: readonly FiscalRecord[]): Excluded[] {
  return records.flatMap(({ body, payload }) => {
    const part = /^it\.(sale|return|void)$/.test(body.type) ? (payload as unknown as DocumentPayload | null) : null
    if (part?.lottery === undefined || part.lottery.queued) return []
    const {
      z,
      n,
      lottery: { code, reason = '' },
    } = part
    return [{ seq: body.seq, number: `${String(z).padStart(4, '0')}-${String(n).padStart(4, '0')}`, code, reason }]
  })
}

const REASONS: Readonly<Record<string, string>> = {
  'lottery-off': 'the lottery is switched off',
  'tax-identifier': 'the customer gave a tax identifier',
  'below-one-euro': 'the total is below 1.00',
  'meal-voucher': 'paid in part with meal vouchers',
  'payments-differ': 'payments do not add up to the amount',
}

async function tell(
  { out }: Call,
  { counts, batches, excluded }: { counts: State['lottery']['counts']; batches: readonly Batch[]; excluded: readonly Excluded[] },
): Promise<void> {
  const { paint } = out
  for (const [till, { waiting, sent, accepted, rejected, excluded: out_ }] of Object.entries(counts))
    await out.line(
      `${till === '' ? 'documents' : `till ${till}`}: ${waiting} waiting, ${sent} sent, ${accepted} accepted, ${rejected} refused, ${out_} not taking part`,
    )
  if (Object.keys(counts).length === 0) await out.line('no document carries a lottery code')
  const rows = batches.map(({ batch, date, till, documents, result, operation }) => [
    `${batch}`,
    date,
    till || '-',
    `${documents}`,
    result,
    operation,
  ])
  if (rows.length > 0)
    for (const line of columns(
      [['batch', 'day', 'till', 'documents', 'result', 'receipt'], ...rows].map((row) => row.map(plain)),
    ))
      await out.line(line)
  for (const { batch, codes, refused } of batches) {
    for (const code of codes)
      await out.line(
        `${paint.red('✘')} batch ${batch}: ${plain(code)} ${explain(code).meaning}; ${nextStep(explain(code).class)}`,
      )
    for (const { number, codes: said } of refused)
      for (const code of said)
        await out.line(
          `${paint.red('✘')} document ${plain(number)} of batch ${batch} is lost to the lottery: ${plain(code)} ${explain(code).meaning}`,
        )
  }
  for (const { number, reason } of excluded)
    await out.line(`  document ${number} does not take part: ${REASONS[reason] ?? plain(reason)}`)
}
