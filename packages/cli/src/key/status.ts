// `sigillo key status TARGET`: which key it is, what state it is in, when its certificate ends, what has been asked of it. Sends no signature.
import type { GuardedSigner, JsonObject } from '@sigillo/core'
import { readCertificate, type X509 } from '@sigillo/documents'
import { EXIT, type Call, type Command } from '../command.js'
import { passphraseOptions } from '../passphrase.js'
import { keyInJournal } from '../till.js'
import { deviceOptions } from './signer-flags.js'
import { nameOfTarget, openTarget, policyOf, TARGET, targetOf } from './target.js'
import { policyLines } from './test-key.js'

/** The command. */
export const statusCommand: Command = {
  name: 'key status',
  summary: 'Tell which key it is, its state, its certificate, its policy',
  args: TARGET,
  arity: [0, 1],
  options: { ...deviceOptions, ...passphraseOptions },
  notes: [
    'The key is opened: a token or card that has not been unlocked is, once, as the rules of PINs allow.',
    'Exit code: 0 ready; 1 it needs attention, or is not the key the journal names; 2 it could not be opened.\nJSON: key, keyId, alg, kind, hardware, state, reasons, inUse, expected, ended, certificate {subject, issuer, serial, notBefore, notAfter, daysLeft}, auditCount, auditHead, policy.',
  ],
  run: status,
}

async function status(call: Call): Promise<number> {
  const { out } = call
  const target = await targetOf(call)
  const signer = await openTarget(call, target)
  try {
    const { keyId, alg, kind, hardware, certificates } = signer.describe()
    const health = await signer.health()
    const named = target.till === undefined ? undefined : await keyInJournal(target.till)
    const expected = named?.kid
    const inUse = expected === undefined ? null : expected === keyId
    const ended = named?.keyEnd ?? null
    const policy = await policyOf(target, signer)
    const [first] = certificates
    const certificate = first === undefined ? null : facts(readCertificate(first), health.certificateDaysLeft)
    const said = {
      key: nameOfTarget(target),
      keyId,
      alg,
      kind,
      hardware: hardware ?? null,
      state: health.state,
      reasons: health.reasons,
      inUse,
      expected: expected ?? null,
      ended,
      certificate,
      ...auditOf(signer),
      policy: policy ?? null,
    }
    const good = health.state === 'ready' && inUse !== false && ended === null
    if (out.json) await out.object(said)
    else for (const line of linesOf(said, policyLines(policy))) await out.line(line)
    return good ? EXIT.ok : EXIT.findings
  } finally {
    await signer.close()
  }
}

function auditOf(signer: GuardedSigner): { readonly auditCount: number | null; readonly auditHead: string | null } {
  if (!signer.keepsAudit) return { auditCount: null, auditHead: null }
  const { count, hash } = signer.auditHead()
  return { auditCount: count, auditHead: hash }
}

function facts({ subject, issuer, serial, notBefore, notAfter }: X509, daysLeft: number | undefined): JsonObject {
  const text = (parts: X509['subject']): string => parts.map(({ oid, value }) => `${oid}=${value}`).join(', ')
  return {
    subject: text(subject),
    issuer: text(issuer),
    serial,
    notBefore: new Date(notBefore).toISOString(),
    notAfter: new Date(notAfter).toISOString(),
    daysLeft: daysLeft ?? null,
  }
}

function linesOf(
  said: {
    readonly key: string
    readonly keyId: string
    readonly alg: string
    readonly kind: string
    readonly hardware: { readonly vendor: string; readonly model: string; readonly serial: string } | null
    readonly state: string
    readonly reasons: readonly string[]
    readonly inUse: boolean | null
    readonly expected: string | null
    readonly ended: string | null
    readonly certificate: JsonObject | null
    readonly auditCount: number | null
  },
  policy: readonly string[],
): readonly string[] {
  const { hardware, certificate } = said
  return [
    `${said.alg} ${said.keyId} (${said.kind})`,
    `  key          ${said.key}`,
    ...(hardware === null ? [] : [`  device       ${hardware.vendor} ${hardware.model}, serial ${hardware.serial}`]),
    `  state        ${said.state}${said.reasons.length === 0 ? '' : `: ${said.reasons.join(', ')}`}`,
    ...(said.inUse === null ? [] : [`  journal      ${standing(said)}`]),
    ...(certificate === null
      ? ['  certificate  none']
      : [
          `  certificate  ${String(certificate['serial'])} until ${String(certificate['notAfter'])} (${String(certificate['daysLeft'])} days)`,
        ]),
    ...(said.auditCount === null ? [] : [`  audit log    ${said.auditCount} lines`]),
    ...policy.map((line) => `  ${line}`),
  ]
}

function standing({
  inUse,
  expected,
  ended,
}: {
  readonly inUse: boolean | null
  readonly expected: string | null
  readonly ended: string | null
}): string {
  if (inUse !== true) return `names another key: ${expected ?? ''}`
  return ended === null ? 'signs with this key' : `says that this key is ${ended}; nothing is sealed with it`
}
