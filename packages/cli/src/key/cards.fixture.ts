// The command with cards: the bundled command, a PC/SC daemon with two readers, virtual cards in them, and a till's files.
import { createPublicKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { startPcsc, type PcscDaemon } from '../../../signer-sam/src/fixtures/pcsc.js'
import { CARD_PIN, virtualProfile, type VirtualCard } from '../../../signer-sam/src/fixtures/virtual-card.js'
import { buildCli, type CliUnderTest, type Ran } from '../cli.fixture.js'

/** Command and cards under test. */
export interface CardBench {
  readonly cli: CliUnderTest
  readonly daemon: PcscDaemon
  /** Runs the command with the PIN of the cards, or another one. */
  run(args: readonly string[], pin?: string): Promise<Ran>
  /** The same with `--json`: its object; the exit code must be the one expected, 0 unless told. */
  json(args: readonly string[], options?: { readonly code?: number; readonly pin?: string }): Promise<Record<string, unknown>>
  /** The code of the error a command ends with, told in JSON and in words alike. */
  refusal(args: readonly string[], pin?: string): Promise<string>
  path(name: string): string
  read(name: string): string
  write(name: string, content: string | object): string
  /** Options that name a key of the profile on disk, in the first reader. */
  key(name?: string): string[]
  dispose(): Promise<void>
}

/** Builds the command and starts the daemon. */
export async function cardBench(card: VirtualCard): Promise<CardBench> {
  const cli = buildCli()
  const daemon = await startPcsc()
  await daemon.plug(card)
  const path = (name: string): string => join(cli.work, name)
  const run: CardBench['run'] = (args, pin = CARD_PIN) => cli.run(args, { env: { SIGILLO_PASSPHRASE: pin } })
  const write: CardBench['write'] = (name, content) => {
    writeFileSync(path(name), typeof content === 'string' ? content : JSON.stringify(content))
    return path(name)
  }
  write('profile.json', virtualProfile())
  for (const name of ['ec', 'rsa']) write(`${name}.pub`, publicPem(card, name))
  return {
    cli,
    daemon,
    run,
    json: async (args, { code = 0, pin } = {}) => {
      const ran = await run([...args, '--json'], pin)
      expect(ran.code, ran.stdout + ran.stderr).toBe(code)
      return JSON.parse(ran.stdout) as Record<string, unknown>
    },
    refusal: async (args, pin) => {
      const ran = await run([...args, '--json'], pin)
      expect(ran.code, ran.stdout + ran.stderr).toBe(2)
      const { code } = (JSON.parse(ran.stdout) as { error: { code: string } }).error
      return code
    },
    path,
    read: (name) => readFileSync(path(name), 'utf8'),
    write,
    key: (name = 'record') => [
      '--card',
      'profile.json',
      '--card-key',
      name,
      '--reader',
      '00 00',
      '--public-key',
      name === 'seal' ? 'rsa.pub' : 'ec.pub',
    ],
    dispose: async () => {
      await daemon.stop()
      cli.remove()
    },
  }
}

/** The public key of a card's key, PEM. */
export function publicPem(card: VirtualCard, name: string): string {
  return createPublicKey(card.keys[name] as never).export({ type: 'spki', format: 'pem' }) as string
}

/** PINs a card was given, in hexadecimal. */
export function pinsGiven({ trace }: VirtualCard): readonly string[] {
  return trace.filter(({ apdu }) => apdu.startsWith('002000') && apdu.length > 10).map(({ apdu }) => apdu.slice(10))
}
