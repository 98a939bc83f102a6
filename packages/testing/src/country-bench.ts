// What the cases of the country kit work with.
import { canonical, createQueue, openQueue } from '@sigillo/core'
import type { FiscalRecord, Outcome, Queue, Storage } from '@sigillo/core'
import { check } from './check.js'
import { driveNotice, driveRequest, startDrive, type AnyCountry, type AnyRequest, type Drive } from './country-drive.js'
import { fixedClock } from './fixed-clock.js'
import { kitJournal, type KitKey } from './kit-journal.js'
import { kitSigner } from './kit-signer.js'
import { memoryStorage } from './memory-storage.js'

/** What a country brings. */
export interface CountryKitOptions {
  /** The country, made anew for each case. */
  readonly country: () => AnyCountry
  /** Requests in order, all of them accepted, each with its own key; every kind of record at least once. */
  readonly requests: readonly AnyRequest[]
  /** Requests that are refused after those, with the code or national code. */
  readonly refused?: readonly { readonly request: AnyRequest; readonly code: string }[]
  /** Moment of the first request; default 2 January 2026, 09:00 UTC. */
  readonly start?: string
  /** Between two requests; default one minute. */
  readonly stepMs?: number
}

/** What a case works with. */
export interface CountryBench extends CountryKitOptions {
  readonly key: KitKey
  readonly startMs: number
  readonly step: number
}

/** A case before it has a country. */
export interface CountryCase {
  readonly name: string
  readonly run: (bench: CountryBench) => Promise<void>
}

/** A run at the beginning of a journal. */
export async function freshDrive(bench: CountryBench, around?: Drive['around']): Promise<Drive> {
  const country = bench.country()
  const journal = await kitJournal(bench.key, { segBits: 16, profile: country.profile })
  return startDrive(country, journal, bench.startMs, around)
}

/** All requests of the sample, after what the country writes at opening. */
export async function driveAll(bench: CountryBench, drive: Drive): Promise<void> {
  await driveNotice(drive, { kind: 'opened', software: 'kit', reason: 'start' })
  for (const request of bench.requests) {
    await driveRequest(drive, request)
    drive.ms += bench.step
  }
}

/** The queue a store holds, opened at a moment. */
export async function queueOf(bench: CountryBench, storage: Storage, at: number = bench.startMs): Promise<Queue> {
  const country = bench.country()
  return openQueue({ country, storage, signer: kitSigner(bench.key), clock: fixedClock(at), create: 'if-missing', segBits: 16 })
}

async function recordAll(bench: CountryBench, queue: Queue, clock: { step(ms: number): void }): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const request of bench.requests) {
    outcomes.push(await queue.record(request))
    clock.step(bench.step)
  }
  return outcomes
}

/** A real queue that has registered the sample. */
export async function worked(
  bench: CountryBench,
): Promise<{ readonly queue: Queue; readonly storage: Storage; readonly outcomes: readonly Outcome[] }> {
  const storage = memoryStorage()
  const clock = fixedClock(bench.startMs)
  const queue = await createQueue({ country: bench.country(), storage, signer: kitSigner(bench.key), clock, segBits: 16 })
  const outcomes = await recordAll(bench, queue, clock)
  for (const [i, outcome] of outcomes.entries()) {
    check(
      outcome.outcome === 'registered',
      `sample request ${i} was refused: ${outcome.outcome === 'registered' ? '' : outcome.error.message}`,
    )
  }
  return { queue, storage, outcomes }
}

/** All records of a queue. */
export async function recordsOf(queue: Queue): Promise<FiscalRecord[]> {
  const records: FiscalRecord[] = []
  for await (const record of queue.records()) records.push(record)
  return records
}

/** The line of a record. */
export function lineText({ body, payload, sig, hash }: FiscalRecord): string {
  return `{"body":${canonical(body)},"hash":"${hash}","payload":${canonical(payload)},"sig":"${sig}"}`
}
