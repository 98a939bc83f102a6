// `sigillo show DIR SEQ`: one record in full: what was signed, what it says, its seal taken apart, what was printed.
import {
  isJournalType,
  fromBase64url,
  FiscalError,
  importPublicKey,
  parseLine,
  parsePublicJwk,
  sealOf,
  signingInput,
  thumbprint,
} from '@sigillo/core'
import type { FiscalRecord, JsonObject, ParsedLine, PrintItem, StorageReader, VerifyingKey } from '@sigillo/core'
import { EXIT, type Call, type Command } from './command.js'
import { usageError } from './errors.js'
import { plain } from './output.js'
import { printText } from './print-text.js'
import { findTill, openReading } from './till.js'

/** The command. */
export const showCommand: Command = {
  name: 'show',
  summary: 'Show one record: body, content, seal, printed form',
  args: 'DIR SEQ',
  arity: [2, 2],
  options: {},
  notes: [
    'Exit code: 0 shown, and hash, content and signature are right; 1 shown, and one of them is not; 2 there is no such record.',
    'JSON: body, payload, sig, hash, seal (compact JWS), header (its first part), checks {hash, payload, signature}, print.',
  ],
  run: show,
}

interface Checks {
  readonly hash: boolean
  /** `blanked` when the content was removed by rule. */
  readonly payload: boolean | 'blanked'
  readonly signature: boolean
}

async function show(call: Call): Promise<number> {
  const [dir, text] = call.args as [string, string]
  if (!/^#?\d{1,15}$/.test(text)) throw usageError('SEQ is the number of a record')
  const seq = BigInt(text.replace('#', ''))
  const till = await findTill(dir)
  const reader = await openReading(dir)
  try {
    const record = await recordOf(reader, seq)
    const checks = await checksOf(reader, record)
    const print = printOf(record, till?.country)
    if (call.out.json) {
      const { body, payload, sig, hash } = record
      await call.out.object({ body, payload, sig, hash, seal: sealOf(record), header: headerIn(record), checks, print })
    } else await tell(call, record, checks, print)
    return checks.hash && checks.signature && checks.payload !== false ? EXIT.ok : EXIT.findings
  } finally {
    await reader.close()
  }
}

async function recordOf(reader: StorageReader, seq: bigint): Promise<ParsedLine> {
  for await (const { line } of reader.read(seq, seq)) {
    const record = parseLine(line)
    if (record !== undefined) return record
    throw new FiscalError('RECORD_MALFORMED', { message: `record ${seq} cannot be read` })
  }
  throw usageError(`there is no record ${seq}`)
}

async function checksOf(reader: StorageReader, record: ParsedLine): Promise<Checks> {
  const { body, bodyText, sig, hash, recomputedHash, payloadMatches, payload } = record
  const key = await keyFor(reader, body.kid, BigInt(body.seq))
  const signature = fromBase64url(sig)
  return {
    hash: hash === recomputedHash,
    payload: payloadMatches || (payload === null ? 'blanked' : false),
    signature:
      key !== undefined && signature !== undefined && key.verify(body.alg, signingInput(body.alg, body.kid, bodyText), signature),
  }
}

const MARKS = [Buffer.from('"type":"sys.genesis"'), Buffer.from('"type":"sys.key"')]

// The key must have been introduced at or before the record: by genesis or by a change of key.
async function keyFor(reader: StorageReader, kid: string, seq: bigint): Promise<VerifyingKey | undefined> {
  for await (const { line } of reader.read(0n, seq)) {
    const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength)
    if (!MARKS.some((mark) => bytes.includes(mark))) continue
    const record = parseLine(line)
    if (record === undefined || !/^sys\.(genesis|key)$/.test(record.body.type)) continue
    const jwk = parsePublicJwk((record.payload as JsonObject | null)?.['key'])
    if (jwk !== undefined && thumbprint(jwk) === kid) return importPublicKey(jwk)
  }
  return undefined
}

function printOf(
  record: FiscalRecord,
  country: { print(record: FiscalRecord): readonly PrintItem[] } | undefined,
): readonly PrintItem[] {
  if (country === undefined || record.payload === null || isJournalType(record.body.type)) return []
  return country.print(record)
}

function headerIn(record: FiscalRecord): unknown {
  const part = sealOf(record).split('.')[0] as string
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as unknown
}

async function tell({ out }: Call, record: ParsedLine, checks: Checks, print: readonly PrintItem[]): Promise<void> {
  const { paint } = out
  const { body, payload, sig, hash } = record
  const mark = (good: boolean): string => (good ? paint.green('✔') : paint.red('✘ WRONG'))
  const block = async (title: string, value: unknown): Promise<void> => {
    await out.line(`\n${paint.bold(title)}`)
    for (const line of JSON.stringify(value, null, 2).split('\n')) await out.line(`  ${plain(line)}`)
  }
  await out.line(paint.bold(`Record #${body.seq}: ${plain(body.type)} ${body.tseq}`))
  await out.line(`  ${body.ts}${body.ref === undefined ? '' : `  key ${plain(body.ref)}`}`)
  await out.line(`  hash       ${hash} ${mark(checks.hash)}`)
  await out.line(`  content    ${body.pay} ${checks.payload === 'blanked' ? paint.yellow('blanked') : mark(checks.payload)}`)
  await out.line(`  signature  ${sig.slice(0, 43)}… ${mark(checks.signature)}`)
  await block('Signed (body)', body)
  await block('Content (payload)', payload)
  await block('Seal: header', headerIn(record))
  await out.line(`  ${sealOf(record)}`)
  if (print.length === 0) return
  await out.line(`\n${paint.bold('Printed')}`)
  for (const line of printText(print)) await out.line(`  ${line}`)
}
