// `sigillo key install DIR PEM`: the certificate an authority returned, checked (signing specification 10), put beside the key, and told in the
// journal: bound the first time, renewed after that.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { equalBytes, sha256Hex, signerError, type FiscalError } from '@sigillo/core'
import { checkPath, readCertificates, type PathResult, type X509 } from '@sigillo/documents'
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { askedOnce, passphraseOf, passphraseOptions } from '../passphrase.js'
import { writeSettings, type Settings } from '../settings.js'
import { openKey, openWith, readTill, secretName, writerOptions } from '../till.js'
import { writeWhole } from '../whole-file.js'
import { approvalRecord, decide, decisionOptions } from './decision.js'
import { keyPlace } from './open-signer.js'
import { subjectOf } from './request.js'

/** The command. */
export const installCommand: Command = {
  name: 'key install',
  summary: 'Put the certificate of a till’s key in place',
  args: 'DIR PEM',
  arity: [2, 2],
  options: {
    roots: { type: 'string', value: 'FILE', help: 'Roots the chain must lead to, PEM; without it the chain is not judged' },
    subject: {
      type: 'string',
      value: 'NAME',
      help: 'The subject asked for, as in sigillo key request; each part must be in the certificate',
    },
    ...decisionOptions,
    ...passphraseOptions,
    ...writerOptions,
  },
  notes: [
    'PEM holds the certificate of the key first, then its chain. The public key must be the till’s, the certificate another than the one in\nplace, valid now, and for signatures.',
    'Exit code: 0 in place; 2 refused, nothing changed.\nJSON: keyId, certificateId, previous, notAfter, chain (checked or unchecked), seq.',
  ],
  run: install,
}

async function install(call: Call): Promise<number> {
  const { args, flags, out, world } = call
  const till = await readTill(args[0] as string)
  const place = keyPlace(till.paths.folder)
  const pem = await textOf(args[1] as string)
  const [certificate, ...pool] = readCertificates(pem)
  if (certificate === undefined) throw usageError(`${String(args[1])} holds no certificate`)
  const roots = textFlag(flags, 'roots')
  const anchors = roots === undefined ? undefined : readCertificates(await textOf(roots))
  judge(certificate, pool, anchors, textFlag(flags, 'subject'))
  const id = sha256Hex(certificate.der)
  // The secret is asked for once: the old certificate may have ended, so it is opened with the new one only.
  const secret = askedOnce(passphraseOf(call, false, secretName(till)))
  const old = await openKey(till, secret, out.note)
  const { publicKeySpki, certificates, keyId } = old.describe()
  await old.close()
  if (!equalBytes(publicKeySpki, certificate.spki))
    throw refused('KEY_MISMATCH', 'the certificate is of another key', 'certificate')
  const [before] = certificates
  const previous = before === undefined ? undefined : sha256Hex(before)
  if (previous === id) throw usageError('this certificate is in place already')
  const decision = await decide(call, till, 'certificate-install', { certificate: id })
  const path = join(place.folder, `certificate-${id.slice(0, 16)}.pem`)
  await writeWhole(path, bytesOf(pem), world.signal)
  const settings: Settings = {
    ...till.settings,
    signer: { ...(till.settings.signer ?? { kind: 'software' }), certificates: path },
  }
  const next = { ...till, settings }
  const open = await openWith(next, call, await openKey(next, secret, out.note))
  let seq: bigint
  try {
    await writeSettings(till.paths.settings, settings)
    const used = approvalRecord(decision)
    if (used !== undefined) await open.queue.recordKey(used)
    const { actor, reason } = decision
    const outcome = await open.queue.recordKey({
      type: previous === undefined ? 'cert.bound' : 'cert.renewed',
      actor,
      reason,
      certificate: certificate.der,
      ...(previous !== undefined && { previousCertificateId: previous }),
      details: { chain: pool.map(({ der }) => btoa(String.fromCharCode(...der))) },
    })
    if (outcome.outcome !== 'registered') throw outcome.error
    seq = outcome.seq
  } finally {
    await open[Symbol.asyncDispose]()
  }
  const notAfter = new Date(certificate.notAfter).toISOString()
  const chain = anchors === undefined ? 'unchecked' : 'checked'
  if (out.json) await out.object({ keyId, certificateId: id, previous: previous ?? null, notAfter, chain, seq })
  else {
    await out.line(`${out.paint.green('✔')} certificate ${id.slice(0, 16)} is in place until ${notAfter} (record ${seq})`)
    if (anchors === undefined) out.note('  its chain was not judged: --roots FILE')
  }
  return EXIT.ok
}

function judge(
  certificate: X509,
  pool: readonly X509[],
  anchors: readonly X509[] | undefined,
  subject: string | undefined,
): void {
  const now = Date.now()
  if (now > certificate.notAfter) throw refused('CERT_EXPIRED', 'the certificate has ended', 'certificate')
  if (now < certificate.notBefore) throw refused('CERT_NOT_YET_VALID', 'the certificate is not valid yet', 'certificate')
  const { keyUsage, basicConstraints } = certificate
  const signs = keyUsage === undefined || keyUsage.has('nonRepudiation') || keyUsage.has('digitalSignature')
  if (!signs || basicConstraints?.ca === true)
    throw refused('CERT_UNTRUSTED', 'the certificate is not one for signatures', 'usage')
  if (subject !== undefined) {
    const missing = subjectOf(subject).find(
      ({ oid, value }) => !certificate.subject.some((one) => one.oid === oid && one.value === value),
    )
    if (missing !== undefined)
      throw refused('CERT_UNTRUSTED', `the subject of the certificate lacks ${missing.oid}=${missing.value}`, 'subject')
  }
  if (anchors === undefined) return
  const path: PathResult = checkPath({ certificate, pool, anchors, at: now })
  if (!path.ok) throw refused('CERT_UNTRUSTED', path.message, path.code)
}

function refused(
  code: 'KEY_MISMATCH' | 'CERT_EXPIRED' | 'CERT_NOT_YET_VALID' | 'CERT_UNTRUSTED',
  message: string,
  reason: string,
): FiscalError {
  return signerError(code, { message, reason })
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw usageError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
}

async function* bytesOf(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(text)
}
