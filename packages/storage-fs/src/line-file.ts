// A file of lines that are added one by one and now and then replaced as a whole: what a till remembers of its dialogue with a device.
// No journal: no chain, no lock; one process at a time.
import { fromUtf8, utf8 } from '@sigillo/core'
import { readFile, writeWhole } from './durable.js'
import type { FileSystem, OpenFile } from './file-system.js'
import { nodeFileSystem } from './node-file-system.js'
import { absolute, parentOf } from './paths.js'

/** An open file of lines, mode 0600. */
export interface LineFile {
  /** All whole lines, oldest first. */
  load(): Promise<readonly string[]>
  /** Adds a line, which may hold no line feed; durable when it returns. */
  append(line: string): Promise<void>
  /** Puts these lines in place of all others, whole or not at all, durably. */
  replace(lines: readonly string[]): Promise<void>
  close(): Promise<void>
}

/**
 * Opens a file of lines, made when it is missing. A last line cut off by a crash was never acknowledged and is left out.
 * @throws Error of the file system
 * @example
 * const memory = await openLineFile('./till-01.device')
 */
export async function openLineFile(path: string, fileSystem: FileSystem = nodeFileSystem): Promise<LineFile> {
  const place = absolute(path)
  const bytes = await readFile(fileSystem, place)
  const whole = (fromUtf8(bytes ?? new Uint8Array()) ?? '').split('\n').slice(0, -1)
  const lines = new Lines(fileSystem, place)
  await lines.replace(whole)
  return lines
}

class Lines implements LineFile {
  readonly #fs: FileSystem
  readonly #path: string
  #lines: string[] = []
  #file: OpenFile | undefined

  constructor(fs: FileSystem, path: string) {
    this.#fs = fs
    this.#path = path
  }

  load(): Promise<readonly string[]> {
    return Promise.resolve([...this.#lines])
  }

  async append(line: string): Promise<void> {
    await writeWhole(this.#file as OpenFile, utf8(`${line}\n`))
    await this.#file?.datasync()
    this.#lines.push(line)
  }

  // A new file takes over with its handle, so that nothing is ever written behind a torn line.
  async replace(lines: readonly string[]): Promise<void> {
    const temporary = `${this.#path}.new`
    if ((await this.#fs.stat(temporary)) !== undefined) await this.#fs.unlink(temporary)
    const file = await this.#fs.open(temporary, 'append')
    if (lines.length > 0) await writeWhole(file, utf8(lines.map((line) => `${line}\n`).join('')))
    await file.sync()
    await this.#fs.rename(temporary, this.#path)
    await this.#fs.syncDirectory(parentOf(this.#path))
    await this.#file?.close()
    this.#file = file
    this.#lines = [...lines]
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }
}
