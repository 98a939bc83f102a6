// `sigillo key check DIR`: judges the certificate of a till's key by answers about revocation that somebody fetched. Revoked, the key signs nothing
// from now on: that stands in its audit log, which is read before it signs.
import { readFile } from 'node:fs/promises'
import { sha256Hex, signerError } from '@sigillo/core'
import {
  checkPath,
  checkRevocation,
  readCertificate,
  readCertificates,
  type RevocationVerdict,
  type X509,
} from '@sigillo/documents'
import { EXIT, numberFlag, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { passphraseOptions, passphraseOf } from '../passphrase.js'
import { openKey, readTill, secretName } from '../till.js'
import { withAudit } from './decision.js'
import { keyPlace } from './open-signer.js'

/** The command. */
export const checkCommand: Command = {
  name: 'key check',
  summary: 'Judge the certificate of a till’s key: its chain, whether it was revoked',
  args: 'DIR',
  arity: [1, 1],
  options: {
    roots: { type: 'string', value: 'FILE', help: 'Roots the chain must lead to, PEM' },
    ocsp: { type: 'string', value: 'FILE', multiple: true, help: 'An OCSP answer, DER; again for more' },
    crl: { type: 'string', value: 'FILE', multiple: true, help: 'A revocation list, DER or PEM; again for more' },
    'max-age': { type: 'string', value: 'HOURS', help: 'Oldest answer accepted; default 24' },
    ...passphraseOptions,
  },
  notes: [
    'Nothing is fetched: the network is the caller’s. Not knowing is not good. A key found revoked signs no more, also after a restart;\nsigillo key rotate changes it while that is possible.',
    'Exit code: 0 good; 1 revoked, or not known; 2 could not be judged.\nJSON: keyId, certificateId, verdict (good, revoked, unknown), code, message, since.',
  ],
  run: check,
}

async function check(call: Call): Promise<number> {
  const { args, flags, out } = call
  const till = await readTill(args[0] as string)
  const roots = textFlag(flags, 'roots')
  if (roots === undefined) throw usageError('which roots are trusted? --roots FILE')
  const anchors = readCertificates((await read(roots)).toString('utf8'))
  const signer = await openKey(till, passphraseOf(call, false, secretName(till)), out.note)
  const { certificates, keyId } = signer.describe()
  await signer.close()
  const [certificate, ...pool] = certificates.map(readCertificate)
  if (certificate === undefined) throw signerError('CERT_UNTRUSTED', { message: 'the key has no certificate', reason: 'none' })
  const at = Date.now()
  const path = checkPath({ certificate, pool, anchors, at })
  const id = sha256Hex(certificate.der)
  const verdict: RevocationVerdict = path.ok ? await revocation(call, certificate, path.path[1] ?? certificate, at) : path
  const revoked = !verdict.ok && verdict.code === 'CERTIFICATE_REVOKED'
  if (revoked) {
    const since = new Date(!verdict.ok && verdict.since !== undefined ? verdict.since : at).toISOString()
    await withAudit(keyPlace(till.paths.folder), async (audit) => {
      await audit.append({ event: 'certificate-revoked', certificate: id, keyId, reason: verdict.message, since })
    })
  }
  const word = verdict.ok ? 'good' : revoked ? 'revoked' : 'unknown'
  const [code, message] = verdict.ok ? [null, 'the certificate is good'] : [verdict.code, verdict.message]
  const since = !verdict.ok && verdict.since !== undefined ? new Date(verdict.since).toISOString() : null
  if (out.json) await out.object({ keyId, certificateId: id, verdict: word, code, message, since })
  else await out.line(`${verdict.ok ? out.paint.green('✔') : out.paint.red('✘')} ${code === null ? '' : `${code}: `}${message}`)
  if (revoked) out.note('  the key signs nothing from now on')
  return verdict.ok ? EXIT.ok : EXIT.findings
}

async function revocation(
  { flags }: Call,
  certificate: X509,
  issuer: X509,
  at: number,
): Promise<Awaited<ReturnType<typeof checkRevocation>>> {
  const hours = numberFlag(flags, 'max-age', [1, 24 * 366])
  const all = (name: string): Promise<Uint8Array[]> => Promise.all(((flags[name] ?? []) as readonly string[]).map(derIn))
  const question = { certificate, issuer, at, ...(hours !== undefined && { maxAgeMs: hours * 3_600_000 }) }
  return checkRevocation(question, { ocsp: await all('ocsp'), crls: await all('crl') })
}

async function derIn(path: string): Promise<Uint8Array> {
  const bytes = await read(path)
  const pem = /-----BEGIN X509 CRL-----([\s\S]+?)-----END X509 CRL-----/.exec(bytes.toString('latin1'))
  return pem === null ? new Uint8Array(bytes) : new Uint8Array(Buffer.from(pem[1] as string, 'base64'))
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw usageError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
}
