// `sigillo key import FILE --from PEM`: a key made elsewhere, written anew in the form this product opens.
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createKeyFile } from '@sigillo/signer-software'
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { passphraseOf, passphraseOptions, secretFromFile } from '../passphrase.js'
import { algOf } from './new.js'

/** The command. */
export const importCommand: Command = {
  name: 'key import',
  summary: 'Take a private key made elsewhere into an encrypted file',
  args: 'FILE',
  arity: [1, 1],
  options: {
    from: { type: 'string', value: 'PEM', help: 'The key as PEM: PKCS#8, PKCS#1 or SEC1, encrypted or not' },
    'from-passphrase-file': { type: 'string', value: 'FILE', help: 'Passphrase of the key in --from: first line of FILE' },
    certificate: { type: 'string', value: 'PEM', help: 'Certificate of the key and its chain; checked to belong to it' },
    alg: { type: 'string', value: 'NAME', help: 'For an RSA key RS256 or PS256' },
    ...passphraseOptions,
  },
  notes: [
    'Delete what --from names afterwards, and every copy of it: a key that lay open anywhere proves less.',
    'Exit code: 0 made; 2 not made.\nJSON: file, keyId, alg, imported true.',
  ],
  run: take,
}

async function take(call: Call): Promise<number> {
  const { args, flags, out } = call
  const [file, from] = [args[0] as string, textFlag(flags, 'from')]
  if (from === undefined) throw usageError('which key? --from PEM')
  const alg = algOf(flags)
  const certificate = textFlag(flags, 'certificate')
  const pkcs8 = await privateKeyIn(from, textFlag(flags, 'from-passphrase-file'), out.note)
  try {
    const signer = await createKeyFile(file, {
      passphrase: passphraseOf(call, true, 'Passphrase of the new file'),
      onWarning: ({ message }) => out.note(`warning: ${message}`),
      pkcs8,
      ...(alg !== undefined && { alg }),
      ...(certificate !== undefined && { certificates: readText(certificate) }),
    })
    const { keyId, alg: known } = signer.describe()
    await signer.close()
    if (out.json) await out.object({ file, keyId, alg: known, imported: true })
    else await out.line(`${out.paint.green('✔')} ${known} key ${keyId} taken into ${file}; now delete ${from} and its copies`)
    return EXIT.ok
  } finally {
    pkcs8.fill(0)
  }
}

async function privateKeyIn(path: string, secretFile: string | undefined, note: (text: string) => void): Promise<Uint8Array> {
  const pem = bytesIn(path)
  const secret = secretFile === undefined ? undefined : secretFromFile(secretFile, note)
  try {
    const key = createPrivateKey({ key: pem, format: 'pem', ...(secret !== undefined && { passphrase: Buffer.from(secret) }) })
    return new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }))
  } catch {
    // What the platform says may quote what it was given.
    throw usageError(
      `${path} holds no private key that opens${secret === undefined ? '; is it encrypted? --from-passphrase-file' : ' with this passphrase'}`,
    )
  } finally {
    pem.fill(0)
    secret?.fill(0)
  }
}

function bytesIn(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw usageError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
}

function readText(path: string): string {
  return bytesIn(path).toString('utf8')
}
