// Where the passphrase of a key file, or the PIN of a token, comes from: a file, an open file descriptor, a named store, SIGILLO_PASSPHRASE,
// or a prompt that shows nothing. It is handed on as bytes, which the signer wipes; it never reaches a message and never stands in arguments.
import { openSync, readFileSync, statSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import type { Passphrase } from '@sigillo/signer-software'
import { numberFlag, textFlag, type Call, type OptionSpec } from './command.js'
import { usageError } from './errors.js'
import { fromStore } from './secret-store.js'

/** The options of every command that opens a key. */
export const passphraseOptions: Readonly<Record<string, OptionSpec>> = {
  'passphrase-file': {
    type: 'string',
    value: 'FILE',
    help: 'Passphrase or PIN of the key: first line of FILE (else SIGILLO_PASSPHRASE, else asked for)',
  },
  'passphrase-fd': { type: 'string', value: 'N', help: 'The same from the open file descriptor N, 3 or more' },
  'passphrase-store': {
    type: 'string',
    value: 'NAME',
    help: 'The same from a store: systemd:NAME, secret-service:NAME or keychain:NAME',
  },
}

/**
 * The source of the passphrase, fetched when the key is opened.
 * @param twice ask again, for a key that is being made
 * @param what name of it in the prompt
 */
export function passphraseOf({ flags, world, out }: Call, twice = false, what = 'Passphrase of the key'): Passphrase {
  const file = textFlag(flags, 'passphrase-file')
  if (file !== undefined) return () => secretFromFile(file, out.note)
  const descriptor = numberFlag(flags, 'passphrase-fd', [3, 65_535])
  // Read once and kept until it is asked for: a descriptor gives its bytes only once.
  if (descriptor !== undefined) return fromDescriptor(descriptor)
  const store = textFlag(flags, 'passphrase-store')
  if (store !== undefined) return () => fromStore(store, world.env)
  const given = world.env['SIGILLO_PASSPHRASE']
  if (given !== undefined && given !== '') {
    // Children of this process must not inherit it.
    delete world.env['SIGILLO_PASSPHRASE']
    const bytes = Buffer.from(given, 'utf8')
    return () => Uint8Array.from(bytes)
  }
  return () => ask(world.stdin, world.stderr, twice, what)
}

/** A secret that several openings of one command need, asked for once. Each gets a copy of its own, which it wipes. */
export function askedOnce(source: Passphrase): () => Promise<Uint8Array> {
  let kept: Uint8Array | undefined
  return async () => {
    const given = kept ?? (typeof source === 'function' ? await source() : source)
    kept = typeof given === 'string' ? Uint8Array.from(Buffer.from(given, 'utf8')) : given
    return kept.slice()
  }
}

const SOURCES = ['passphrase-file', 'passphrase-fd', 'passphrase-store']

/** True when a passphrase can be had without asking anybody. */
export function passphraseAtHand({ flags, world }: Call): boolean {
  return SOURCES.some((name) => textFlag(flags, name) !== undefined) || (world.env['SIGILLO_PASSPHRASE'] ?? '') !== ''
}

/** The first line of a file that holds a secret. @throws FiscalError USAGE */
export function secretFromFile(path: string, note: (text: string) => void): Uint8Array {
  let bytes: Buffer
  try {
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0)
      note('warning: others may read the passphrase file; give it mode 0600')
    bytes = readFileSync(path)
  } catch (error) {
    throw usageError(`the passphrase file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
  return lineIn(bytes)
}

function fromDescriptor(descriptor: number): () => Uint8Array {
  let kept: Uint8Array | undefined
  return () => {
    kept ??= firstLine(descriptor)
    return kept.slice()
  }
}

function firstLine(descriptor: number): Uint8Array {
  let bytes: Buffer
  try {
    bytes = readFileSync(descriptor)
  } catch (error) {
    throw usageError(`file descriptor ${descriptor} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
  return lineIn(bytes)
}

function lineIn(bytes: Buffer): Uint8Array {
  const end = bytes.findIndex((byte) => byte === 10 || byte === 13)
  const line = Uint8Array.from(end < 0 ? bytes : bytes.subarray(0, end))
  bytes.fill(0)
  return line
}

async function ask(stdin: NodeJS.ReadStream, stderr: NodeJS.WriteStream, twice: boolean, what: string): Promise<Uint8Array> {
  const { keyboard, done } = openKeyboard(stdin)
  try {
    const first = await readHidden(keyboard, stderr, `${what}: `)
    if (!twice) return first
    const second = await readHidden(keyboard, stderr, 'The same again: ')
    const same = first.length === second.length && first.every((byte, i) => byte === second[i])
    second.fill(0)
    if (!same) {
      first.fill(0)
      throw usageError('the two passphrases differ')
    }
    return first
  } finally {
    done()
  }
}

// Standard input may carry requests: then the terminal itself is asked.
function openKeyboard(stdin: NodeJS.ReadStream): { keyboard: ReadStream; done: () => void } {
  if (stdin.isTTY) return { keyboard: stdin, done: () => void stdin.pause() }
  try {
    const keyboard = new ReadStream(openSync(process.platform === 'win32' ? '\\\\.\\CON' : '/dev/tty', 'r'))
    return { keyboard, done: () => void keyboard.destroy() }
  } catch {
    throw usageError('no passphrase: set SIGILLO_PASSPHRASE or give --passphrase-file FILE (there is no terminal to ask on)')
  }
}

const [ENTER, LINE_FEED, CTRL_C, CTRL_D, BACKSPACE, DELETE] = [13, 10, 3, 4, 8, 127]

function readHidden(keyboard: ReadStream, stderr: NodeJS.WriteStream, prompt: string): Promise<Uint8Array> {
  stderr.write(prompt)
  keyboard.setRawMode(true)
  keyboard.resume()
  return new Promise((resolve, reject) => {
    const typed: number[] = []
    const finish = (): void => {
      keyboard.off('data', take)
      keyboard.setRawMode(false)
      keyboard.pause()
      stderr.write('\n')
    }
    const take = (chunk: Buffer): void => {
      for (const byte of chunk) {
        if (byte === ENTER || byte === LINE_FEED || byte === CTRL_D) {
          finish()
          resolve(Uint8Array.from(typed))
          typed.fill(0)
          return
        }
        if (byte === CTRL_C) {
          finish()
          typed.fill(0)
          reject(usageError('no passphrase was typed'))
          return
        }
        if (byte === BACKSPACE || byte === DELETE) dropLast(typed)
        else typed.push(byte)
      }
      chunk.fill(0)
    }
    keyboard.on('data', take)
  })
}

// The last character of UTF-8 text: its continuation bytes and its first one.
function dropLast(typed: number[]): void {
  while (typed.length > 0 && ((typed.pop() as number) & 0xc0) === 0x80);
}
