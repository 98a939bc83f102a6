// `sigillo key test TARGET`: signs random bytes with the key, checks the signature with the public key, and says what the policy allows.
import {
  concat,
  importPublicKey,
  isFiscalError,
  randomBytes,
  signerError,
  utf8,
  type FiscalError,
  type GuardedSigner,
  type KeyPolicy,
  type SuiteId,
} from '@sigillo/core'
import { EXIT, type Call, type Command } from '../command.js'
import { passphraseOptions } from '../passphrase.js'
import { deviceOptions } from './signer-flags.js'
import { nameOfTarget, openTarget, policyOf, TARGET, targetOf } from './target.js'

/** The command. */
export const testCommand: Command = {
  name: 'key test',
  summary: 'Sign and verify once with a key, and say what its policy allows',
  args: TARGET,
  arity: [0, 1],
  options: {
    spend: { type: 'boolean', help: 'Sign also where the device counts signatures or wants its PIN for each' },
    ...deviceOptions,
    ...passphraseOptions,
  },
  notes: [
    'What is signed is a probe that can be nothing else: its first words and 32 random bytes. A key policy must list the operation probe.',
    'Exit code: 0 the key signs; 1 it does not, or may not; 2 it could not be opened.\nJSON: key, keyId, alg, kind, signed, verified, error, state, reasons, certificateDaysLeft, policy.',
  ],
  run: test,
}

async function test(call: Call): Promise<number> {
  const { flags, out } = call
  const target = await targetOf(call)
  const signer = await openTarget(call, target)
  try {
    const { keyId, alg, kind } = signer.describe()
    const tried = await tryKey(signer, flags['spend'] === true)
    const { state, reasons, certificateDaysLeft } = await signer.health()
    const policy = await policyOf(target, signer)
    const said = {
      key: nameOfTarget(target),
      keyId,
      alg,
      kind,
      ...tried,
      state,
      reasons,
      certificateDaysLeft: certificateDaysLeft ?? null,
    }
    if (out.json) await out.object({ ...said, policy: policy ?? null })
    else {
      const mark = tried.verified ? out.paint.green('✔') : out.paint.red('✘')
      await out.line(`${mark} ${alg} ${keyId} (${kind}) ${tried.verified ? 'signs, and the signature verifies' : 'did not sign'}`)
      if (tried.error !== null) await out.line(`  ${tried.error.code}: ${tried.error.message}\n  ${tried.error.remedy}`)
      if (reasons.length > 0) await out.line(`  state ${state}: ${reasons.join(', ')}`)
      if (certificateDaysLeft !== undefined) await out.line(`  certificate ends in ${certificateDaysLeft} days`)
      for (const line of policyLines(policy)) await out.line(`  ${line}`)
    }
    return tried.verified ? EXIT.ok : EXIT.findings
  } finally {
    await signer.close()
  }
}

/** What came of trying a key. */
export interface Tried {
  readonly signed: boolean
  readonly verified: boolean
  readonly error: FiscalError | null
}

/** Signs a probe and checks it. Devices on which that costs something are left alone unless `spend`. */
export async function tryKey(signer: GuardedSigner, spend: boolean): Promise<Tried> {
  const { capabilities, suites, publicJwk, alg } = signer.describe()
  if ((capabilities.countsSignatures || capabilities.perUseAuthentication) && !spend) {
    const message = 'each signature of this device costs something; --spend tries one'
    return { signed: false, verified: false, error: signerError('OPERATION_NOT_ALLOWED', { message }) }
  }
  const message = concat(utf8('key-probe/v1'), randomBytes(32))
  try {
    const { signature } = await signer.sign({ operation: 'probe', suite: suites[0] as SuiteId, input: { message } })
    return { signed: true, verified: importPublicKey(publicJwk).verify(alg, message, signature), error: null }
  } catch (error) {
    if (!isFiscalError(error)) throw error
    return { signed: false, verified: false, error }
  }
}

/** A policy in words, a line per operation. */
export function policyLines(policy: KeyPolicy | undefined): readonly string[] {
  if (policy === undefined) return ['no key policy: the key signs what its holder asks']
  const head = `policy ${policy.policyId} version ${policy.version}${policy.validUntil === undefined ? '' : `, until ${policy.validUntil}`}`
  const rules = Object.entries(policy.operations).map(([name, rule]) => {
    const limits = [
      rule.suites.join('/'),
      rule.callers === undefined ? '' : `by ${rule.callers.join(', ')}`,
      rule.documentClasses === undefined ? '' : `for ${rule.documentClasses.join(', ')}`,
      rule.maxPerBatch === undefined ? '' : `${rule.maxPerBatch} a batch`,
      rule.maxPerHour === undefined ? '' : `${rule.maxPerHour} an hour`,
      rule.maxPerDay === undefined ? '' : `${rule.maxPerDay} a day`,
      rule.maxBytes === undefined ? '' : `${rule.maxBytes} bytes at most`,
      rule.windows === undefined ? '' : rule.windows.map(({ from, to, zone }) => `${from}–${to} ${zone}`).join(', '),
      rule.approvals === undefined ? '' : `${rule.approvals} approvals each`,
    ]
    return `${name}: ${limits.filter((text) => text !== '').join('; ')}`
  })
  const persons = (policy.approvers ?? []).map(({ person }) => person)
  return [head, ...rules, ...(persons.length === 0 ? [] : [`approvers: ${persons.join(', ')}`])]
}
