// `sigillo key rotate DIR`: another key takes over the journal (FORMAT 4, `sys.key`). Planned, the old key signs the change; with --recovery the
// new one does, vouched for by the organisation's key. Cut off anywhere, the same call or the next opening finishes it.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  canonical,
  ENDORSEMENT_TAG,
  toBase64url,
  utf8,
  type GuardedSigner,
  type KeyPolicy,
  type Queue,
  type SuiteId,
} from '@sigillo/core'
import { createKeyFile, openAuditFile, openKeyFile, type Passphrase } from '@sigillo/signer-software'
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { askedOnce, passphraseOf, passphraseOptions, secretFromFile } from '../passphrase.js'
import { writeSettings, type Settings } from '../settings.js'
import { checkSealOf, keyOfJournal, openWith, readTill, secretName, writerOptions, type OpenTill, type Till } from '../till.js'
import { approvalRecord, decide, decisionOptions, type Decision } from './decision.js'
import { algOf } from './new.js'
import { isFile, KEY_FILES, keyFileOf, keyPlace, openSigner, type KeyPlace } from './open-signer.js'
import { carriedPolicy, putPolicy } from './policy-file.js'
import { policyInForce } from './policy-in-force.js'
import { deviceOptions, deviceSetting } from './signer-flags.js'
import { boundTo, type SignerSetting } from './signer-setting.js'

/** The command. */
export const rotateCommand: Command = {
  name: 'key rotate',
  summary: 'Change the key that signs a till’s records',
  args: 'DIR',
  arity: [1, 1],
  options: {
    to: { type: 'string', value: 'FILE', help: 'Key file that takes over; by default one is made beside the old one' },
    alg: { type: 'string', value: 'NAME', help: 'Algorithm of a key that is made; default that of the old one' },
    'new-passphrase-file': { type: 'string', value: 'FILE', help: 'Secret of the new key, when it is not that of the old one' },
    recovery: { type: 'boolean', help: 'The old key opens but is no longer trusted: the new one signs the change' },
    endorser: {
      type: 'string',
      value: 'FILE',
      help: 'With --recovery: key file of the organisation that vouches for the new key',
    },
    'endorser-passphrase-file': { type: 'string', value: 'FILE', help: 'Its passphrase' },
    ...deviceOptions,
    ...decisionOptions,
    ...passphraseOptions,
    ...writerOptions,
  },
  notes: [
    'The old key file stays: whoever verifies needs only its public half, which is in the journal, but a backup of the folder may still be\nopened with it. The key policy goes over to the new key, one version higher.',
    'A journal whose key is lost while the till is stopped goes on in a successor queue, as no record can be signed for it\nany more: sigillo init NEW --predecessor DIR --reason TEXT.',
    'Exit code: 0 changed; 2 not changed.\nJSON: from, to, mode, seq, key.',
  ],
  run: rotate,
}

async function rotate(call: Call): Promise<number> {
  const { flags, out } = call
  const till = await readTill(call.args[0] as string)
  const place = keyPlace(till.paths.folder)
  const from = await keyOfJournal(till)
  if (till.settings.next?.keyId === from) return await finish(call, till, from)
  const recovery = flags['recovery'] === true
  if (recovery !== (textFlag(flags, 'endorser') !== undefined)) throw usageError('--recovery and --endorser FILE go together')
  const secret = askedOnce(passphraseOf(call, false, secretName(till)))
  await checkSealOf(till)
  const old = await policyInForce(till, out.note)
  const audit =
    needsAudit(till, call, old) || (await isFile(join(place.folder, KEY_FILES.audit)))
      ? await openAuditFile(join(place.folder, KEY_FILES.audit))
      : undefined
  let next: GuardedSigner | undefined
  try {
    const opening = { place, note: out.note, audit }
    const chosen = await nextSetting(call, till, place, secret)
    const bare = await openSigner(chosen, { ...opening, secret: newSecret(call, secret), policy: undefined, ignorePolicy: true })
    const { keyId, hardware } = bare.describe()
    const setting = boundTo(chosen, hardware)
    await bare.close()
    if (keyId === from) throw usageError('this is the key in use')
    await audit?.close()
    const decision = await decide(call, till, 'key-rotation', { from, to: keyId })
    const again = audit === undefined ? undefined : await openAuditFile(join(place.folder, KEY_FILES.audit))
    try {
      const policy = carriedPolicy(old, keyId)
      const shared = setting.kind === 'sam' && till.settings.signer?.kind === 'sam'
      const both = { place, note: out.note, audit: again, shared }
      next = await openSigner(setting, { ...both, secret: newSecret(call, secret), policy, ignorePolicy: policy === undefined })
      await writeSettings(till.paths.settings, { ...till.settings, next: { ...setting, keyId } })
      const guard = { recordsAfterExpiry: till.country.recordsAfterExpiry === true }
      const signer = await openSigner(till.settings.signer ?? { kind: 'software' }, { ...both, secret, guard, policy: old })
      const open = await openWith(till, call, signer)
      const seq = await change(call, open, next, decision, recovery, policy)
      await finishFiles(till, { ...setting, keyId }, policy)
      const told = { from, to: keyId, mode: recovery ? 'recovery' : 'rollover', seq, key: nameOf(setting, place) }
      if (out.json) await out.object(told)
      else {
        await out.line(`${out.paint.green('✔')} ${keyId} signs from record ${seq + 1n} on; ${from} no longer`)
        await out.line(`  key  ${told.key}`)
      }
      return EXIT.ok
    } finally {
      await next?.close()
      await again?.close()
    }
  } finally {
    await audit?.close()
  }
}

// The record of the change, then what belongs to it under the new key.
async function change(
  call: Call,
  open: OpenTill,
  next: GuardedSigner,
  decision: Decision,
  recovery: boolean,
  policy: KeyPolicy | undefined,
): Promise<bigint> {
  const { actor, reason } = decision
  try {
    const used = approvalRecord(decision)
    const told = used === undefined ? undefined : await open.queue.recordKey(used)
    const endorsement = recovery ? await endorse(call, open.queue, open.signer, next) : undefined
    const outcome = await open.queue.changeKey({ signer: next, reason, ...(endorsement !== undefined && { endorsement }) })
    if (outcome.outcome !== 'registered') throw outcome.error
    // A key that was ended could not tell of the approvals itself.
    if (used !== undefined && told?.outcome !== 'registered') await open.queue.recordKey(used)
    if (policy !== undefined) {
      const details = { policyId: policy.policyId, version: policy.version, policy: policy as unknown as Record<string, never> }
      await open.queue.recordKey({ type: 'policy.set', actor, reason, details })
    }
    const key = outcome.records.find(({ type }) => type === 'sys.key')
    return key?.seq ?? outcome.seq
  } finally {
    await open[Symbol.asyncDispose]()
  }
}

// What the organisation vouches for names the record's own number: nobody else writes while this till is ours.
async function endorse(call: Call, queue: Queue, old: GuardedSigner, next: GuardedSigner): Promise<string> {
  const secretFile = textFlag(call.flags, 'endorser-passphrase-file')
  const passphrase: Passphrase =
    secretFile === undefined
      ? passphraseOf({ ...call, flags: {} }, false, 'Passphrase of the endorser')
      : () => secretFromFile(secretFile, call.out.note)
  const onWarning = ({ message }: { readonly message: string }): void => call.out.note(`warning: ${message}`)
  const endorser = await openKeyFile(textFlag(call.flags, 'endorser') as string, { passphrase, onWarning })
  try {
    const statement = {
      kid: next.describe().keyId,
      prevKid: old.describe().keyId,
      queue: queue.id,
      seq: Number(queue.head().seq) + 1,
    }
    const input = { message: utf8(ENDORSEMENT_TAG + canonical(statement)) }
    const suite = endorser.describe().suites[0] as SuiteId
    return toBase64url((await endorser.sign({ operation: 'key-endorsement', suite, input })).signature)
  } finally {
    await endorser.close()
  }
}

async function finish(call: Call, till: Till, keyId: string): Promise<number> {
  const policy = await policyInForce(till)
  await finishFiles(till, till.settings.next as SignerSetting, carriedPolicy(policy, keyId))
  if (call.out.json) await call.out.object({ from: null, to: keyId, mode: 'finished', seq: null, key: null })
  else await call.out.line(`${call.out.paint.green('✔')} the change to ${keyId} had been cut off and is finished`)
  return EXIT.ok
}

async function finishFiles(till: Till, signer: SignerSetting, policy: KeyPolicy | undefined): Promise<void> {
  const { next: _next, ...rest } = till.settings
  const settings: Settings = { ...rest, signer }
  if (policy !== undefined) await putPolicy(join(keyPlace(till.paths.folder).folder, KEY_FILES.policy), policy)
  await writeSettings(till.paths.settings, settings)
}

// A change that was cut off before its record goes on with the key it had made.
async function nextSetting(call: Call, till: Till, place: KeyPlace, secret: Passphrase): Promise<SignerSetting> {
  const device = deviceSetting(call.flags)
  const to = textFlag(call.flags, 'to')
  if (device !== undefined && to !== undefined) throw usageError('--to and a device name two signers')
  if (device !== undefined) return device
  if (to !== undefined) return { kind: 'software', file: to.startsWith('/') ? to : join(process.cwd(), to) }
  if (till.settings.next !== undefined) return till.settings.next
  const setting: SignerSetting = { kind: 'software', file: join(place.folder, await freeName(place.folder)) }
  const alg = algOf(call.flags)
  const made = await createKeyFile(keyFileOf(setting, place), {
    passphrase: newSecret(call, secret),
    ...(alg !== undefined && { alg }),
  })
  await made.close()
  return setting
}

async function freeName(folder: string): Promise<string> {
  for (let n = 2; ; n++) {
    const name = `key-${n}.pem`
    if ((await stat(join(folder, name)).catch(() => undefined)) === undefined) return name
  }
}

function newSecret({ flags, out }: Call, old: Passphrase): Passphrase {
  const file = textFlag(flags, 'new-passphrase-file')
  return file === undefined ? old : () => secretFromFile(file, out.note)
}

function needsAudit({ settings }: Till, { flags }: Call, policy: KeyPolicy | undefined): boolean {
  const isDevice = (setting: SignerSetting | undefined): boolean => setting !== undefined && setting.kind !== 'software'
  return policy !== undefined || isDevice(settings.signer) || isDevice(settings.next) || isDevice(deviceSetting(flags))
}

function nameOf(setting: SignerSetting, place: KeyPlace): string {
  return setting.kind === 'software' ? keyFileOf(setting, place) : setting.kind === 'pkcs11' ? setting.uri : setting.key
}
