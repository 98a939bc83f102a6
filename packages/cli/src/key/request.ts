// `sigillo key request TARGET`: a certification request for a key, signed by it, for the authority that is to certify it.
import { keyUsageExtension, nameOids, requestFor, toBase64, type NamePart } from '@sigillo/documents'
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { passphraseOptions } from '../passphrase.js'
import { writeWhole } from '../whole-file.js'
import { deviceOptions } from './signer-flags.js'
import { openTarget, TARGET, targetOf } from './target.js'

const USAGES = { sign: ['nonRepudiation'], device: ['digitalSignature'], both: ['digitalSignature', 'nonRepudiation'] } as const

/** The command. */
export const requestCommand: Command = {
  name: 'key request',
  summary: 'Make a certificate request (PKCS#10) for a key',
  args: TARGET,
  arity: [0, 1],
  options: {
    subject: { type: 'string', value: 'NAME', help: 'Whom the certificate is for, as "C=IT, O=Bottega, CN=till 7"' },
    usage: {
      type: 'string',
      value: 'WORD',
      help: 'Ask for the key usage sign, device or both; by default the authority decides',
    },
    out: { type: 'string', value: 'FILE', help: 'Where the request goes; by default to standard output' },
    ...deviceOptions,
    ...passphraseOptions,
  },
  notes: [
    'The request is PEM. It is checked with the key in it before it leaves. A key policy must list the operation csr.',
    'Exit code: 0 made; 2 not made.\nJSON: keyId, subject, request (PEM), file.',
  ],
  run: request,
}

async function request(call: Call): Promise<number> {
  const { flags, out, world } = call
  const subject = subjectOf(textFlag(flags, 'subject'))
  const usage = textFlag(flags, 'usage')
  if (usage !== undefined && !Object.hasOwn(USAGES, usage)) throw usageError(`--usage takes ${Object.keys(USAGES).join(', ')}`)
  const extensions = usage === undefined ? [] : [keyUsageExtension(USAGES[usage as keyof typeof USAGES])]
  const signer = await openTarget(call, await targetOf(call))
  try {
    const der = await requestFor(signer, { subject, extensions }, { signal: world.signal })
    const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${(toBase64(der).match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE REQUEST-----\n`
    const file = textFlag(flags, 'out')
    if (file !== undefined) await writeWhole(file, bytesOf(pem), world.signal)
    const { keyId } = signer.describe()
    if (out.json) await out.object({ keyId, subject: textFlag(flags, 'subject'), request: pem, file: file ?? null })
    else if (file === undefined) await out.line(pem.trimEnd())
    else await out.line(`${out.paint.green('✔')} request for ${keyId} in ${file}`)
    return EXIT.ok
  } finally {
    await signer.close()
  }
}

async function* bytesOf(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(text)
}

/** The parts of a name like `C=IT, O=Bottega, CN=till 7`; a comma within a value is written `\,`. @throws FiscalError USAGE */
export function subjectOf(text: string | undefined): readonly NamePart[] {
  if (text === undefined) throw usageError('for whom? --subject "C=IT, O=…, CN=…"')
  return text.split(/(?<!\\),/).map((part) => {
    const [, name, value] = /^\s*([A-Za-z]+|\d+(?:\.\d+)+)\s*=\s*(.+?)\s*$/.exec(part) ?? []
    const known = name === undefined ? undefined : nameOids[name.toUpperCase() as keyof typeof nameOids]
    const oid = known ?? (name !== undefined && /^\d/.test(name) ? name : undefined)
    if (oid === undefined || value === undefined)
      throw usageError(`--subject takes ${Object.keys(nameOids).join(', ')} or an object identifier, each with = and a value`)
    return { oid, value: value.replaceAll('\\,', ',') }
  })
}
