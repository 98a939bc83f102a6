// What tests of this package share: queues in real temporary folders, and what a folder holds.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { lineOf, type FiscalError, type SealedRecord, type StorageReader } from '@sigillo/core'
import {
  appendTo,
  checkpoint,
  kitJournal,
  kitKey,
  openEpoch,
  tickets,
  type Content,
  type KitJournal,
  type KitKey,
} from '@sigillo/testing'
import { onTestFinished } from 'vitest'
import { openFolder, type FolderOptions, type FolderStorage, type FolderWriter } from './open-folder.js'
import { join, parseLive, parseSealed } from './paths.js'

let key: Promise<KitKey> | undefined

/** A queue in a folder of its own that is removed after the test. */
export interface Place {
  readonly path: string
  readonly journal: KitJournal
  storage(options?: FolderOptions): Promise<FolderStorage>
  /** Opens the writer and writes its `sys.open`. */
  begin(options?: Parameters<FolderStorage['openWriter']>[0]): Promise<FolderWriter>
  /** All lines a fresh reader gives. */
  lines(): Promise<readonly string[]>
  /** A copy of the folder beside it. */
  copy(): string
}

/** An empty temporary directory, removed after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sigillo-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A queue that was just created. */
export async function newPlace(segBits = 4): Promise<Place> {
  const directory = temporaryDirectory()
  const path = join(directory, 'queue')
  const journal = await kitJournal(await (key ??= kitKey()), { segBits })
  const storage = (options: FolderOptions = {}): Promise<FolderStorage> => openFolder(path, { reserveBytes: 4096, ...options })
  await (await storage()).create(journal.genesis)
  let copies = 0
  return {
    path,
    journal,
    storage,
    begin: async (options) => {
      const writer = await (await storage()).openWriter(options)
      onTestFinished(() => writer.close({ clean: false }))
      await openEpoch(journal, writer)
      return writer
    },
    lines: () => linesIn(path),
    copy: () => {
      const to = join(directory, `copy-${copies++}`)
      cpSync(path, to, { recursive: true })
      return to
    },
  }
}

/** Lines a fresh reader of a folder gives. */
export async function linesIn(path: string): Promise<readonly string[]> {
  const reader = await (await openFolder(path)).openReader()
  const lines = await linesOf(reader)
  await reader.close()
  return lines
}

/** All lines of a reader or writer. */
export async function linesOf(reader: StorageReader, from = 0n): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const { line } of reader.read(from)) lines.push(new TextDecoder().decode(line))
  return lines
}

/** Lines as they must be stored. */
export function linesFor(records: readonly SealedRecord[]): readonly string[] {
  return records.map((record) => lineOf(record))
}

/** A request of several records: a closing with what belongs to it. */
export async function appendRequest(
  { journal }: Pick<Place, 'journal'>,
  writer: FolderWriter,
  name: string,
  size: number,
): Promise<void> {
  const contents = tickets(name, size).map((content, at) => ({ ...content, ...(at < size - 1 && { more: size - 1 - at }) }))
  await appendTo(journal, writer, contents)
}

/** Fills the present segment to its end. */
export async function completeSegment({ journal }: Pick<Place, 'journal'>, writer: FolderWriter, name: string): Promise<void> {
  const size = 2 ** writer.segBits
  for (let part = 0; ; part++) {
    const left = size - (journal.kept.length % size)
    if (left === 1) {
      await appendTo(journal, writer, [checkpoint(journal)])
      return
    }
    await appendTo(journal, writer, tickets(`${name}-${part}`, Math.min(5, left - 1)))
  }
}

/** Names of journal files, sorted. */
export function journalFiles(path: string): readonly string[] {
  return readdirSync(path)
    .filter((name) => parseLive(name) !== undefined || parseSealed(name) !== undefined)
    .sort()
}

/** Every file below a folder with its bytes, by relative name. */
export function filesIn(path: string, under = ''): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (const entry of readdirSync(join(path, under), { withFileTypes: true })) {
    const name = under === '' ? entry.name : `${under}/${entry.name}`
    if (entry.isDirectory()) for (const [inner, bytes] of filesIn(path, name)) files.set(inner, bytes)
    else if (entry.isFile()) files.set(name, new Uint8Array(readFileSync(join(path, name))))
  }
  return files
}

/** The error a promise is rejected with. */
export async function errorOf(work: Promise<unknown>): Promise<FiscalError> {
  try {
    await work
  } catch (error) {
    return error as FiscalError
  }
  throw new Error('nothing was refused')
}

/** The first record of a writer's epoch, for batches that the journal in memory is not told of. */
export function openingOf({ adoption }: FolderWriter): Content {
  return {
    type: 'sys.open',
    payload: {
      adopted: { ...adoption.adopted },
      dead: null,
      host: adoption.host,
      nonce: '00',
      reason: adoption.reason,
      software: 'test',
    },
  }
}
