// The command over a real token: the bundled command, a SoftHSM with P-256 keys in it, and a till made on one of them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { buildCli, SHOP, type CliUnderTest, type Ran } from '../cli.fixture.js'
import { otherComponent, softHsmModule, tokenStore, USER_PIN } from '../../../signer-pkcs11/src/fixtures/softhsm.js'

/** The module of SoftHSM; undefined when it is not installed. */
export const module: string | undefined = softHsmModule()

/** Command and token under test. */
export interface TokenBench {
  readonly cli: CliUnderTest
  /** Runs the command with the PIN of the token, or another one. */
  run(args: readonly string[], pin?: string): Promise<Ran>
  /** The same with `--json`, which must end well: its object. */
  json(...args: readonly string[]): Promise<Record<string, unknown>>
  /** Options that name a key of the token. */
  token(label: string): string[]
  /** What the settings of the till say. */
  settings(): Record<string, unknown>
  /** Makes the till `shop` on the key `record`, and looks at what the settings say of it. Gives what `init` told. */
  makeShop(): Promise<Record<string, unknown>>
  dispose(): void
}

/** Builds the command and a token with keys of these labels. */
export function tokenBench(labels: readonly string[]): TokenBench {
  const cli = buildCli()
  const store = tokenStore()
  store.init('till')
  const maker = otherComponent(module as string)
  for (const [i, label] of labels.entries()) maker.makeKey({ token: 'till', label, id: i + 1, type: 'P-256' })
  const run: TokenBench['run'] = (args, pin = USER_PIN) =>
    cli.run(args, { env: { SOFTHSM2_CONF: join(store.root, 'softhsm2.conf'), SIGILLO_PASSPHRASE: pin } })
  const json: TokenBench['json'] = async (...args) => {
    const ran = await run([...args, '--json'])
    expect(ran.code, ran.stdout + ran.stderr).toBe(0)
    return JSON.parse(ran.stdout) as Record<string, unknown>
  }
  const token = (label: string): string[] => ['--pkcs11', `pkcs11:token=till;object=${label}`, '--module', module as string]
  const settings = (): Record<string, unknown> =>
    JSON.parse(readFileSync(join(cli.work, 'shop', 'settings.json'), 'utf8')) as Record<string, unknown>
  return {
    cli,
    run,
    json,
    token,
    settings,
    makeShop: async () => {
      const made = await json('init', 'shop', ...SHOP, ...token('record'))
      const uri = 'pkcs11:token=till;object=record'
      expect(made['key']).toBe(uri)
      const serial: unknown = expect.stringMatching(/^[0-9a-f]{16}$/)
      expect(settings()['signer']).toEqual({ kind: 'pkcs11', module, uri, serial })
      return made
    },
    dispose: () => {
      store.dispose()
      cli.remove()
    },
  }
}
