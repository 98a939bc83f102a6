// Drives a country through its pure functions alone, without core's queue: the same requests at the same places, sealed by an
// implementation of its own, so that two runs can be compared byte for byte.
import { canonical, lineOf, payloadDigest, toTimestamp } from '@sigillo/core'
import type {
  ChainHead,
  Country,
  Decision,
  Draft,
  FiscalRecord,
  JsonObject,
  Lookup,
  Notice,
  Place,
  SealedRecord,
} from '@sigillo/core'
import { checkpoint, type Content, type KitJournal, type KitKey } from './kit-journal.js'

// A country is handed its own requests and state back; the kit looks into neither.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyCountry = Country<any, any, any>
export type AnyRequest = Readonly<Record<string, unknown>>

/** How the country's functions are called: as they are, or with the world taken away. */
export type Around = <T>(work: () => T) => T

/** One run of a country. */
export interface Drive {
  readonly country: AnyCountry
  readonly journal: KitJournal
  state: unknown
  /** Milliseconds since 1970 of the next step. */
  ms: number
  readonly around: Around
}

/** A key that signs the same message with the same bytes, for this run and the next. */
export function repeatingKey(key: KitKey): KitKey {
  const known = new Map<string, Promise<string>>()
  const sign = (message: string): Promise<string> => {
    const before = known.get(message) ?? key.sign(message)
    known.set(message, before)
    return before
  }
  return { jwk: key.jwk, sign }
}

/** Starts a run behind the genesis record of a journal. */
export function startDrive(country: AnyCountry, journal: KitJournal, ms: number, around: Around = (work) => work()): Drive {
  const drive: Drive = { country, journal, state: around(() => country.initial()), ms, around }
  for (const record of journal.kept) around(() => country.fold(drive.state, record))
  return drive
}

/** One request: parse, gather, decide, write, seal, fold. Gives the lines it became. */
export async function driveRequest(drive: Drive, input: AnyRequest): Promise<readonly SealedRecord[]> {
  const { country, around } = drive
  const request: unknown = around(() => country.parse(input))
  const needs: unknown =
    country.gather === undefined ? undefined : await around(() => country.gather?.(drive.state, request, lookupIn(drive)))
  const decision = around(() => country.decide(drive.state, request, { ...momentOf(drive), queue: drive.journal.queue, needs }))
  return seal(drive, decision, input)
}

/** What the country wants for a notice; nothing for none. */
export async function driveNotice(drive: Drive, notice: Notice): Promise<readonly SealedRecord[]> {
  const { country, around } = drive
  const decision = around(() => country.react?.(drive.state, notice, { ...momentOf(drive), queue: drive.journal.queue }))
  return decision === undefined ? [] : seal(drive, decision, undefined)
}

function momentOf(drive: Drive): { readonly now: string; readonly tsBack: number } {
  return { now: toTimestamp(drive.ms), tsBack: 0 }
}

function lookupIn({ journal }: Drive): Lookup {
  return {
    bySeq: async (seq) => journal.kept[Number(seq)],
    byKey: async (key) => journal.kept.find(({ body }) => body.ref === key),
  }
}

async function seal(drive: Drive, decision: Decision, input: AnyRequest | undefined): Promise<readonly SealedRecord[]> {
  const { journal, country, around } = drive
  const { drafts, closing } = decision
  const principal = Math.max(
    0,
    drafts.findIndex((draft) => draft.principal === true),
  )
  const total = drafts.length + (closing === true ? 1 : 0)
  const batch: SealedRecord[] = []
  const next = async (content: Content): Promise<void> => {
    const more = total - 1 - batch.length
    // Each record is sealed on its own, because the next one may quote its signature; it is the batch's first that `base` names.
    const trial = journal.upTo(journal.kept.length)
    trial.keep(batch)
    const ts = toTimestamp(drive.ms)
    const [record] = await trial.seal(1, [{ ...content, ...(more > 0 && { more }) }], (body) => ({
      ...body,
      base: journal.kept.length,
      ts,
      ...requestOf(content, input),
    }))
    batch.push(record as SealedRecord)
  }
  for (const [i, draft] of drafts.entries()) {
    const { payload, x } = around(() => draft.write(placeOf(drive, draft, batch)))
    const request = i === principal ? contentOf(input) : undefined
    const key = i === principal ? input?.['key'] : undefined
    await next({
      type: draft.type,
      payload: { ...payload, ...(request && { request }) },
      ...(x && { x }),
      ...(typeof key === 'string' && { ref: key }),
    })
  }
  if (closing === true) await next({ ...checkpoint(journal, 'manual') })
  for (const record of batch) around(() => country.fold(drive.state, record))
  journal.keep(batch)
  return batch
}

// `req` is the digest of the request in a queue's way; any digest of it serves the comparison.
function requestOf(content: Content, input: AnyRequest | undefined): { readonly req?: string } {
  return content.ref === undefined ? {} : { req: payloadDigest(canonical(contentOf(input))) }
}

function contentOf(input: AnyRequest | undefined): JsonObject | undefined {
  if (input === undefined) return undefined
  const { seen: _seen, degraded: _degraded, ...content } = input
  return content as JsonObject
}

function placeOf({ journal, ms }: Drive, draft: Draft, batch: readonly SealedRecord[]): Place {
  const before = [...journal.kept, ...batch]
  const headOf = (type: string): ChainHead | undefined => {
    const last = before.findLast(({ body }) => body.type === type)
    return last && { seq: BigInt(last.body.seq), tseq: last.body.tseq, hash: last.hash, sig: last.sig }
  }
  const types = [...new Set(before.map(({ body }) => body.type))].sort()
  return {
    queue: journal.queue,
    seq: BigInt(before.length),
    tseq: (headOf(draft.type)?.tseq ?? 0) + 1,
    ts: toTimestamp(ms),
    tsBack: 0,
    kid: journal.genesis.body.kid,
    head: headOf,
    heads: () => new Map(types.map((type) => [type, headOf(type) as ChainHead])),
  }
}

/** Lines of records. */
export function linesOf(records: readonly FiscalRecord[]): string[] {
  return (records as readonly SealedRecord[]).map(lineOf)
}
