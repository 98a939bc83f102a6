// The audit log in a file: one line per event, linked by SHA-256, durable before an append is answered. Waiting lines share one write and
// one data sync. The file is private to this user, as key files are.
import { constants, type Stats } from 'node:fs'
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import {
  auditLine,
  checkAudit,
  FiscalError,
  parseAuditLine,
  signerError,
  systemClock,
  utf8,
  type AuditEntry,
  type AuditHead,
  type AuditLog,
  type Clock,
} from '@sigillo/core'

/** An audit log with a file to close. */
export interface AuditFile extends AuditLog {
  /** Waits for what is being written; idempotent. */
  close(): Promise<void>
}

interface Waiting {
  readonly entry: AuditEntry
  readonly done: (head: AuditHead) => void
  readonly failed: (error: unknown) => void
}

/**
 * Opens or creates an audit log. A last line a crash left half-written stays where it is and is skipped.
 * @throws FiscalError JOURNAL_CORRUPT when a line does not follow the one before, KEY_FILE_UNSAFE (mode, owner, directory-writable) when others
 * may write the file or exchange it
 */
export async function openAuditFile(path: string, options: { readonly clock?: Clock } = {}): Promise<AuditFile> {
  await mkdir(dirname(resolve(path)), { recursive: true, mode: 0o700 })
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0), 0o600)
  try {
    return await AuditInFile.load(path, handle, options.clock ?? systemClock)
  } catch (error) {
    await handle.close()
    throw error
  }
}

class AuditInFile implements AuditFile {
  readonly #path: string
  readonly #handle: FileHandle
  readonly #clock: Clock
  #head: AuditHead
  #size: number
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #failed: FiscalError | undefined

  static async load(path: string, handle: FileHandle, clock: Clock): Promise<AuditInFile> {
    const found = await handle.stat()
    const unsafe = await faultOf(path, found)
    if (unsafe !== undefined)
      throw signerError('KEY_FILE_UNSAFE', { message: `others may change ${basename(path)}`, reason: unsafe })
    const text = await handle.readFile('utf8')
    // A torn last line is ended, so that the next one starts on a line of its own.
    if (text !== '' && !text.endsWith('\n')) await handle.writeFile('\n')
    const { head, findings } = checkAudit(linesOf(text))
    const broken = findings.find(({ problem }) => problem === 'broken')
    if (broken !== undefined)
      throw new FiscalError('JOURNAL_CORRUPT', {
        message: `line ${broken.line} of ${basename(path)} does not follow the one before`,
      })
    return new AuditInFile(path, handle, clock, head, (await handle.stat()).size)
  }

  constructor(path: string, handle: FileHandle, clock: Clock, head: AuditHead, size: number) {
    this.#path = path
    this.#handle = handle
    this.#clock = clock
    this.#head = head
    this.#size = size
  }

  append(entry: AuditEntry): Promise<AuditHead> {
    return new Promise((done, failed) => {
      this.#waiting.push({ entry, done, failed })
      this.#writing ??= this.#drain()
    })
  }

  head(): AuditHead {
    return this.#head
  }

  async *read(): AsyncGenerator<NonNullable<ReturnType<typeof parseAuditLine>>> {
    await this.#writing
    const handle = await open(this.#path, 'r')
    try {
      for await (const line of handle.readLines({ encoding: 'utf8', autoClose: false })) {
        const parsed = parseAuditLine(line)
        if (parsed !== undefined) yield parsed
      }
    } finally {
      await handle.close()
    }
  }

  async close(): Promise<void> {
    await this.#writing
    this.#failed ??= new FiscalError('STORAGE_FAILED', { message: 'the audit log is closed' })
    await this.#handle.close().catch(() => {})
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0)
      try {
        const heads = await this.#write(batch.map(({ entry }) => entry))
        for (const [index, { done }] of batch.entries()) done(heads[index] as AuditHead)
      } catch (error) {
        for (const { failed } of batch) failed(error)
      }
    }
    this.#writing = undefined
  }

  async #write(entries: readonly AuditEntry[]): Promise<readonly AuditHead[]> {
    if (this.#failed !== undefined) throw this.#failed
    const heads: AuditHead[] = []
    let text = ''
    let head = this.#head
    for (const entry of entries) {
      const next = auditLine(head, this.#clock.now(), entry)
      head = next.head
      heads.push(head)
      text += `${next.line}\n`
    }
    const bytes = utf8(text)
    try {
      // Another writer would fork the chain: its lines show as a size nobody here made.
      const { size } = await this.#handle.stat()
      if (size !== this.#size) throw new FiscalError('STORAGE_CONFLICT', { message: 'another process wrote this audit log' })
      await this.#handle.writeFile(bytes)
      await this.#handle.datasync()
    } catch (error) {
      // How much was written is not known: reopening finds out.
      this.#failed =
        error instanceof FiscalError
          ? error
          : new FiscalError('STORAGE_FAILED', { message: 'the audit log cannot be written', cause: error })
      throw this.#failed
    }
    this.#size += bytes.length
    this.#head = head
    return heads
  }
}

// Whoever may write the file, or put another in its place, may take back a latch, a limit or a revocation.
async function faultOf(path: string, { mode, uid }: Stats): Promise<string | undefined> {
  const own = process.geteuid?.()
  if (own === undefined) return undefined
  if ((mode & 0o022) !== 0) return 'mode'
  if (uid !== own) return 'owner'
  const folder = await stat(dirname(resolve(path)))
  return (folder.mode & 0o022) === 0 || (folder.mode & 0o1000) !== 0 ? undefined : 'directory-writable'
}

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n')
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}
