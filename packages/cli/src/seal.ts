// `sigillo seal make ROOT` and `sigillo seal check FILE`: the signed list of the files a release consists of (signing specification 16).
import { stat } from 'node:fs/promises'
import { sealDigest, sealSoftware, type SealManifest } from '@sigillo/core'
import { checkSealFile, listFiles, openKeyFile } from '@sigillo/signer-software'
import { dirname, resolve } from 'node:path'
import { EXIT, textFlag, type Call, type Command, type Group } from './command.js'
import { usageError } from './errors.js'
import { passphraseOf, passphraseOptions } from './passphrase.js'
import { writeWhole } from './whole-file.js'

const makeCommand: Command = {
  name: 'seal make',
  summary: 'Sign the list of files of a release',
  args: 'ROOT',
  arity: [1, 1],
  options: {
    key: {
      type: 'string',
      value: 'FILE',
      help: 'Key file of whoever publishes the release: RSA of 2048 bits or more, P-256 or P-384',
    },
    name: { type: 'string', value: 'TEXT', help: 'Name of the software' },
    release: { type: 'string', value: 'TEXT', help: 'Its version' },
    only: { type: 'string', value: 'PATH', multiple: true, help: 'Seal this file or folder below ROOT only; again for more' },
    out: { type: 'string', value: 'FILE', help: 'Where the seal goes; default ROOT/sigillo.seal.json' },
    ...passphraseOptions,
  },
  notes: [
    'Without --only the seal is complete: a file added later breaks it too. Symbolic links cannot be sealed.',
    'A till that is to check it names it in settings.json: "seal": {"file": …, "root": …, "keyId": …}. It then opens no key, token or card while\na file differs, and each opening is told in the journal.',
    'Exit code: 0 made; 2 not made.\nJSON: file, keyId, digest, files, bytes.',
  ],
  run: make,
}

async function make(call: Call): Promise<number> {
  const { args, flags, out, world } = call
  const root = args[0] as string
  const [key, name, version] = ['key', 'name', 'release'].map((flag) => textFlag(flags, flag))
  if (key === undefined || name === undefined || version === undefined)
    throw usageError('a seal needs --key FILE, --name TEXT and --release TEXT')
  const only = (flags['only'] ?? []) as readonly string[]
  const file = textFlag(flags, 'out') ?? `${root}/sigillo.seal.json`
  if (!(await stat(root).catch(() => undefined))?.isDirectory()) throw usageError(`${root}: there is no such folder`)
  const files = await listFiles(root, { except: [file], only })
  if (files.length === 0) throw usageError('there is no file to seal')
  const manifest: SealManifest = { v: 1, name, version, sealed: new Date().toISOString(), complete: only.length === 0, files }
  const signer = await openKeyFile(key, {
    passphrase: passphraseOf(call),
    onWarning: ({ message }) => out.note(`warning: ${message}`),
  })
  try {
    const seal = await sealSoftware(manifest, signer)
    await writeWhole(file, bytesOf(`${JSON.stringify(seal, null, 1)}\n`), world.signal)
    const bytes = files.reduce((sum, one) => sum + one.bytes, 0)
    const told = { file, keyId: signer.describe().keyId, digest: sealDigest(manifest), files: files.length, bytes }
    if (out.json) await out.object(told)
    else await out.line(`${out.paint.green('✔')} ${told.files} files (${bytes} bytes) sealed with ${told.keyId} in ${file}`)
    return EXIT.ok
  } finally {
    await signer.close()
  }
}

async function* bytesOf(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(text)
}

const checkCommand: Command = {
  name: 'seal check',
  summary: 'Check installed files against their seal',
  args: 'FILE',
  arity: [1, 1],
  options: {
    root: { type: 'string', value: 'DIR', help: 'Folder the sealed paths start from; default that of FILE' },
    'key-id': { type: 'string', value: 'KID', help: 'Thumbprint of the release key, from whoever publishes it; needed' },
  },
  notes: [
    'Exit code: 0 every file is as it was sealed; 1 the seal is broken; 2 wrong usage.\nJSON: sound, name, version, sealed, digest, files; or sound false, error.',
  ],
  run: check,
}

async function check({ args, flags, out }: Call): Promise<number> {
  const file = args[0] as string
  const keyId = textFlag(flags, 'key-id')
  if (keyId === undefined) throw usageError('whose seal should it be? --key-id KID, from whoever publishes the release')
  try {
    const { manifest, digest, files } = await checkSealFile({
      file,
      root: textFlag(flags, 'root') ?? dirname(resolve(file)),
      keyId,
    })
    const { name, version, sealed } = manifest
    if (out.json) await out.object({ sound: true, name, version, sealed, digest, files })
    else await out.line(`${out.paint.green('✔')} ${name} ${version}: ${files} files are as they were sealed on ${sealed}`)
    return EXIT.ok
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'SEAL_BROKEN') throw error
    const { message, remedy } = error as { message: string; remedy: string }
    if (out.json) await out.object({ sound: false, error })
    else await out.line(`${out.paint.red('✘')} ${message}\n  ${remedy}`)
    return EXIT.findings
  }
}

/** The group. */
export const sealGroup: Group = {
  name: 'seal',
  summary: 'The software seal: sign the files of a release, check them',
  commands: { make: async () => makeCommand, check: async () => checkCommand },
}
