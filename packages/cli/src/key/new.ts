// `sigillo key new FILE`: a fresh key in an encrypted file, tried before it is kept.
import type { RecordAlg } from '@sigillo/core'
import { createKeyFile } from '@sigillo/signer-software'
import { EXIT, numberFlag, textFlag, type Call, type Command, type Flags } from '../command.js'
import { usageError } from '../errors.js'
import { passphraseOf, passphraseOptions } from '../passphrase.js'

const ALGORITHMS: readonly string[] = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256']

/** The algorithm the options name. @throws FiscalError USAGE */
export function algOf(flags: Flags): RecordAlg | undefined {
  const alg = textFlag(flags, 'alg')
  if (alg !== undefined && !ALGORITHMS.includes(alg)) throw usageError(`--alg takes one of ${ALGORITHMS.join(', ')}`)
  return alg as RecordAlg | undefined
}

/** The command. */
export const newCommand: Command = {
  name: 'key new',
  summary: 'Make a key in an encrypted file',
  args: 'FILE',
  arity: [1, 1],
  options: {
    alg: { type: 'string', value: 'NAME', help: `${ALGORITHMS.join(', ')}; default ES256` },
    bits: { type: 'string', value: 'N', help: 'Length of an RSA key, 2048 (RS256 only) to 8192; default 3072' },
    ...passphraseOptions,
  },
  notes: [
    'FILE is encrypted PKCS#8 (AES-256, 600,000 rounds), mode 0600; it must not exist. Keys in tokens and cards are made with the tools of\ntheir makers and then named by --pkcs11 or --card: see DEVICES.md of the two packages.',
    'Exit code: 0 made; 2 not made.\nJSON: file, keyId, alg, publicKey (JWK).',
  ],
  run: make,
}

async function make(call: Call): Promise<number> {
  const { args, flags, out } = call
  const file = args[0] as string
  const [alg, modulusLength] = [algOf(flags), numberFlag(flags, 'bits', [2048, 8192])]
  const signer = await createKeyFile(file, {
    passphrase: passphraseOf(call, true),
    onWarning: ({ message }) => out.note(`warning: ${message}`),
    ...(alg !== undefined && { alg }),
    ...(modulusLength !== undefined && { modulusLength }),
  })
  const { keyId, alg: made, publicJwk: publicKey } = signer.describe()
  await signer.close()
  if (out.json) await out.object({ file, keyId, alg: made, publicKey })
  else await out.line(`${out.paint.green('✔')} ${made} key ${keyId} in ${file}`)
  return EXIT.ok
}
