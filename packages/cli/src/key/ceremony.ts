// `sigillo key ceremony DIR`: puts a key into service before witnesses (signing specification 9.4): five persons, each step written down, nothing
// repeated when taken up again, and a transcript whose digest two custodians sign and the journal keeps.
import { url } from 'node:inspector'
import { readFile } from 'node:fs/promises'
import { sha256Hex, canonical, type JsonObject } from '@sigillo/core'
import { requestFor, toBase64 } from '@sigillo/documents'
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { askedOnce, passphraseOf, passphraseOptions } from '../passphrase.js'
import { checkSealOf, keyOfJournal, openKey, openTill, readTill, secretName, writerOptions, type Till } from '../till.js'
import { writeWhole } from '../whole-file.js'
import { approvalRecord, decide, decisionOptions } from './decision.js'
import { subjectOf } from './request.js'
import { tryKey } from './test-key.js'

const ROLES = ['administrator', 'custodian', 'witness', 'operator'] as const

/** The command. */
export const ceremonyCommand: Command = {
  name: 'key ceremony',
  summary: 'Put a till’s key into service before witnesses, with a transcript',
  args: 'DIR',
  arity: [1, 1],
  options: {
    transcript: { type: 'string', value: 'FILE', help: 'Where the steps are written; taken up again when it is there' },
    role: { type: 'string', value: 'ROLE=NAME', multiple: true, help: `${ROLES.join(', ')}; custodian twice; nobody holds two` },
    confirm: { type: 'string', value: 'KID', help: 'The thumbprint as it was read aloud and agreed to' },
    subject: { type: 'string', value: 'NAME', help: 'Also make a certificate request for this subject' },
    spend: { type: 'boolean', help: 'Try the key also where each signature of the device costs something' },
    ...decisionOptions,
    ...passphraseOptions,
    ...writerOptions,
  },
  notes: [
    'Steps: roles, software seal, device, pairwise test, thumbprint, request, record. Refused while an inspector is attached. The key itself is\nmade before, by sigillo init or with the tools of the device; what its attributes must be is checked whenever it is opened.',
    'Exit code: 0 in service; 1 a step waits (the thumbprint to be confirmed); 2 refused.\nJSON: transcript, digest, keyId, steps, seq; while a step waits: waits.',
  ],
  run: ceremony,
}

interface Step {
  readonly name: string
  readonly at: string
  readonly result: JsonObject
}

interface Transcript {
  readonly format: 'sigillo-ceremony/1'
  readonly till: string
  readonly roles: Readonly<Record<string, readonly string[]>>
  readonly steps: readonly Step[]
  /** Number of the journal's record, once it stands there. */
  readonly seq?: number
}

async function ceremony(call: Call): Promise<number> {
  const { args, flags, out } = call
  const file = textFlag(flags, 'transcript')
  if (file === undefined) throw usageError('where are the steps written? --transcript FILE')
  if (url() !== undefined) throw usageError('an inspector is attached to this process; end it first')
  const till = await readTill(args[0] as string)
  let transcript = await begin(call, till, file)
  if (transcript.seq !== undefined) throw usageError(`this ceremony ended with record ${transcript.seq}`)
  const write = async (step: string, result: () => Promise<JsonObject>): Promise<void> => {
    if (transcript.steps.some(({ name }) => name === step)) return
    const done = { name: step, at: new Date().toISOString(), result: await result() }
    transcript = { ...transcript, steps: [...transcript.steps, done] }
    await save(file, transcript, call)
    out.note(`  ${step} written down`)
  }
  const secret = askedOnce(passphraseOf(call, false, secretName(till)))
  await write('software-seal', async () => {
    const seal = await checkSealOf(till)
    return seal === undefined ? { configured: false } : { configured: true, manifest: seal.digest }
  })
  const keyId = await withKey(call, till, secret, write)
  const confirmed = textFlag(flags, 'confirm')
  if (confirmed === undefined && !transcript.steps.some(({ name }) => name === 'thumbprint')) {
    const aloud = keyId.match(/.{1,4}/g)?.join(' ') ?? keyId
    if (out.json) await out.object({ transcript: file, waits: 'thumbprint', keyId })
    else await out.line(`Read aloud and agree: ${aloud}\nThen again with --confirm ${keyId}`)
    return EXIT.findings
  }
  if (confirmed !== undefined && confirmed !== keyId) throw usageError('this is not the thumbprint of the key')
  await write('thumbprint', async () => ({ keyId }))
  const { seq, digest } = await enter(call, till, transcript, keyId, secret)
  await save(file, { ...transcript, seq }, call)
  if (out.json) await out.object({ transcript: file, digest, keyId, steps: transcript.steps, seq })
  else await out.line(`${out.paint.green('✔')} ${keyId} is in service: record ${seq}, transcript ${digest.slice(0, 16)}`)
  return EXIT.ok
}

// Steps that need the key: what device it is in, that both halves belong together, a request for its certificate.
async function withKey(
  call: Call,
  till: Till,
  secret: () => Promise<Uint8Array>,
  write: (step: string, result: () => Promise<JsonObject>) => Promise<void>,
): Promise<string> {
  const signer = await openKey(till, secret, call.out.note)
  try {
    const { keyId, alg, kind, hardware, publicJwk } = signer.describe()
    if (keyId !== (await keyOfJournal(till))) throw usageError('the key of this till is not the one its journal names')
    await write('device', async () => ({
      alg,
      kind,
      keyId,
      publicKey: { ...publicJwk },
      ...(hardware !== undefined && { hardware: { ...hardware } }),
    }))
    await write('pairwise-test', async () => {
      const { verified, error } = await tryKey(signer, call.flags['spend'] === true)
      if (error !== null) throw error
      return { verified }
    })
    const subject = textFlag(call.flags, 'subject')
    if (subject !== undefined)
      await write('request', async () => ({
        subject,
        pkcs10: toBase64(await requestFor(signer, { subject: subjectOf(subject) })),
      }))
    return keyId
  } finally {
    await signer.close()
  }
}

async function enter(
  call: Call,
  till: Till,
  { roles, steps, till: name }: Transcript,
  keyId: string,
  secret: () => Promise<Uint8Array>,
): Promise<{ readonly seq: number; readonly digest: string }> {
  const said = { roles: roles as unknown as JsonObject, steps: steps as unknown as JsonObject[], till: name }
  const digest = sha256Hex(`sigillo/v1/ceremony\n${canonical(said)}`)
  const decision = await decide(call, till, 'ceremony', { transcript: digest })
  await using open = await openTill(call.args[0] as string, call, secret)
  const used = approvalRecord(decision)
  if (used !== undefined) await open.queue.recordKey(used)
  const { actor, reason } = decision
  const details = { transcript: digest, roles: said.roles }
  const outcome = await open.queue.recordKey({ type: 'key.activated', actor, reason, details })
  if (outcome.outcome !== 'registered') throw outcome.error
  call.out.note(`  ${keyId} stands in the journal`)
  return { seq: Number(outcome.seq), digest }
}

async function begin(call: Call, till: Till, file: string): Promise<Transcript> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) {
    const transcript: Transcript = { format: 'sigillo-ceremony/1', till: till.settings.name, roles: rolesOf(call), steps: [] }
    await save(file, transcript, call)
    return transcript
  }
  const known = JSON.parse(text) as Transcript
  if (known.format !== 'sigillo-ceremony/1' || known.till !== till.settings.name)
    throw usageError(`${file} is no transcript of this till`)
  return known
}

function rolesOf({ flags }: Call): Readonly<Record<string, readonly string[]>> {
  const roles: Record<string, string[]> = Object.fromEntries(ROLES.map((role) => [role, []]))
  for (const pair of (flags['role'] ?? []) as readonly string[]) {
    const [role = '', name = ''] = pair.split('=', 2)
    if (!Object.hasOwn(roles, role) || name === '') throw usageError(`--role takes ${ROLES.join(', ')}, each as ROLE=NAME`)
    roles[role]?.push(name)
  }
  for (const role of ROLES) {
    const wanted = role === 'custodian' ? 2 : 1
    if (roles[role]?.length !== wanted) throw usageError(`a ceremony has ${wanted} ${role}${wanted === 1 ? '' : 's'}`)
  }
  const persons = Object.values(roles).flat()
  if (new Set(persons).size !== persons.length) throw usageError('nobody holds two roles')
  return roles
}

async function save(file: string, transcript: Transcript, { world }: Call): Promise<void> {
  await writeWhole(file, bytesOf(`${JSON.stringify(transcript, null, 1)}\n`), world.signal)
}

async function* bytesOf(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(text)
}
