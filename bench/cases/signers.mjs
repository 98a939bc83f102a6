// Signatures through the guarded contract beside what the key alone can do: keys in memory, on a SoftHSM token over four sessions, on a card that
// answers at once. The event loop is watched meanwhile: a till must go on breathing while its token signs. Every signature of a token is checked, so
// beside what the module does alone stands what it does when each is checked once by the platform over the same threads.
import { execFileSync } from 'node:child_process'
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { memoryAudit } from '@sigillo/core'
import { openPkcs11 } from '@sigillo/signer-pkcs11'
import { openSam } from '@sigillo/signer-sam'
import { softwareSigner } from '@sigillo/signer-software'
import { alternate, eachInTurn, inRounds, median, together } from '../measure.mjs'

const SESSIONS = 4
const CALLERS = 32
const PIN = '87654321'
const MODULES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
]
const message = () => randomBytes(900)
const request = (suite) => ({ operation: 'record', suite, input: { message: message() } })

/** `share` of the usual number of signatures; `host` is the program of a module's own process where the packages are not built. */
export async function signers({ rounds, say, share = 1, host }) {
  const size = { rounds, say, count: (usual) => Math.max(4, Math.round(usual * share)) }
  return [...(await software(size)), ...(await token(size, host)), ...(await card(size))]
}

async function software({ rounds, say, count: countOf }) {
  const results = []
  for (const [alg, suite, usual, target] of [
    ['ES256', 'es256', 4000, '≥ 4,000 /s'],
    ['RS256', 'rs256', 600, '≥ 1,500 /s'],
  ]) {
    say(`${alg}, key in memory`)
    const count = countOf(usual)
    const pair =
      alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 })
    const signer = await softwareSigner({ pkcs8: new Uint8Array(pair.privateKey.export({ format: 'der', type: 'pkcs8' })), alg })
    const key = { key: createPrivateKey(pair.privateKey.export({ format: 'pem', type: 'pkcs8' })), dsaEncoding: 'ieee-p1363' }
    const bare = async () => (await together(1, count, () => void sign('sha256', message(), key))).rate
    const guarded = async () => (await together(CALLERS, count, () => signer.sign(request(suite)))).rate
    await bare()
    await guarded()
    const { floor, value } = await alternate(rounds, bare, guarded)
    await signer.close()
    results.push({ name: `signer-software-${suite}`, value, unit: 'signatures/s', floor, ratio: value / floor, target })
  }
  return results
}

async function token({ rounds, say, count: countOf }, host) {
  const module = MODULES.find((path) => existsSync(path))
  if (module === undefined) {
    say('softhsm2 is not installed: no figures for tokens')
    return []
  }
  const native = loadModule(module)
  const results = []
  const loop = monitorEventLoopDelay({ resolution: 5 })
  const delays = []
  const floors = []
  // How late the loop is while something signs: what the module alone makes of it on this machine now is the floor.
  const watched = async (into, work) => {
    loop.reset()
    loop.enable()
    const { rate } = await work()
    loop.disable()
    into.push(loop.percentile(99) / 1e6)
    return rate
  }
  try {
    for (const [suite, object, usual, target] of [
      ['rs256', 'rsa', 400, '≥ 0.7'],
      ['es256', 'ec', 1000, undefined],
    ]) {
      const count = countOf(usual)
      for (const isolate of [false, host === undefined ? true : { host }]) {
        const name = `signer-pkcs11-${isolate ? 'isolated-' : ''}${suite}`
        say(`${name}: the module alone and through the guarded contract, ${SESSIONS} sessions each`)
        const uri = `pkcs11:token=bench;object=${object}`
        const pin = () => new TextEncoder().encode(PIN)
        const signer = await openPkcs11({ module, uri, pin, audit: memoryAudit(), sessions: SESSIONS, isolate })
        const [late, before] = isolate ? [[], []] : [delays, floors]
        const { publicJwk } = signer.describe()
        const key = { key: createPublicKey({ key: publicJwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }
        const own = () => watched(before, () => native.run(object, suite, count))
        const ownChecked = async () => (await native.run(object, suite, count, key)).rate
        const guarded = () => watched(late, () => together(CALLERS, count, () => signer.sign(request(suite))))
        await own()
        await guarded()
        const [floor, checkedFloor, value] = (await inRounds(3 * rounds, own, ownChecked, guarded)).map(median)
        await signer.close()
        results.push({
          name,
          value,
          unit: 'signatures/s',
          floor,
          ratio: value / floor,
          also: [{ name: 'module, each checked once', floor: checkedFloor, ratio: value / checkedFloor }],
          ...(target !== undefined && isolate === false && { target }),
        })
      }
    }
  } finally {
    native.dispose()
  }
  return [
    ...results,
    {
      name: 'signer-pkcs11-loop-p99',
      value: median(delays),
      unit: 'ms',
      floor: median(floors),
      ratio: median(delays) / median(floors),
      target: '≤ 50 ms',
    },
  ]
}

/** A token with two keys, and the rate of the module itself: one operation at a time in each of the sessions, the digest made beforehand. */
function loadModule(module) {
  const root = mkdtempSync(join(tmpdir(), 'sigillo-bench-hsm-'))
  mkdirSync(join(root, 'tokens'))
  const conf = join(root, 'softhsm2.conf')
  writeFileSync(conf, `directories.tokendir = ${join(root, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`)
  process.env.SOFTHSM2_CONF = conf
  execFileSync('softhsm2-util', ['--init-token', '--free', '--label', 'bench', '--pin', PIN, '--so-pin', '12345678'], {
    stdio: 'pipe',
  })
  const p = createRequire(fileURLToPath(import.meta.resolve('@sigillo/signer-pkcs11')))('pkcs11js')
  const p11 = new p.PKCS11()
  p11.load(module)
  p11.C_Initialize({ flags: 2 })
  const slot = p11.C_GetSlotList(true).find((each) => p11.C_GetTokenInfo(each).label.trim() === 'bench')
  const anchor = p11.C_OpenSession(slot, 2 | 4)
  p11.C_Login(anchor, 1, PIN)
  const privateOf = (label, id) => [
    { type: p.CKA_LABEL, value: label },
    { type: p.CKA_ID, value: Buffer.from([id]) },
    ...[p.CKA_TOKEN, p.CKA_PRIVATE, p.CKA_SENSITIVE, p.CKA_SIGN].map((type) => ({ type, value: true })),
    ...[p.CKA_EXTRACTABLE, p.CKA_DECRYPT, p.CKA_UNWRAP, p.CKA_DERIVE, p.CKA_MODIFIABLE, 0x171].map((type) => ({
      type,
      value: false,
    })),
  ]
  const publicOf = (id, own) => [
    { type: p.CKA_TOKEN, value: true },
    { type: p.CKA_VERIFY, value: true },
    { type: p.CKA_ID, value: Buffer.from([id]) },
    ...own,
  ]
  const curve = [{ type: p.CKA_EC_PARAMS, value: Buffer.from('06082a8648ce3d030107', 'hex') }]
  const size = [
    { type: p.CKA_MODULUS_BITS, value: 2048 },
    { type: p.CKA_PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) },
  ]
  const keys = {
    ec: p11.C_GenerateKeyPair(
      anchor,
      { mechanism: p.CKM_EC_KEY_PAIR_GEN, parameter: null },
      publicOf(1, curve),
      privateOf('ec', 1),
    ).privateKey,
    rsa: p11.C_GenerateKeyPair(
      anchor,
      { mechanism: p.CKM_RSA_PKCS_KEY_PAIR_GEN, parameter: null },
      publicOf(2, size),
      privateOf('rsa', 2),
    ).privateKey,
  }
  const sessions = Array.from({ length: SESSIONS }, () => p11.C_OpenSession(slot, 4))
  const info = Buffer.from('3031300d060960864801650304020105000420', 'hex')
  return {
    // With a public key each signature is checked by the platform, on a thread of the same pool, before the session takes the next one.
    run: (object, suite, count, publicKey) => {
      const mechanism = { mechanism: suite === 'rs256' ? p.CKM_RSA_PKCS : p.CKM_ECDSA, parameter: null }
      const free = [...sessions]
      const step = async () => {
        const session = free.pop()
        const bytes = message()
        const digest = createHash('sha256').update(bytes).digest()
        p11.C_SignInit(session, mechanism, keys[object])
        const input = suite === 'rs256' ? Buffer.concat([info, digest]) : digest
        const signature = await p11.C_SignAsync(session, input, Buffer.alloc(512))
        if (publicKey !== undefined && !(await verifyAside(bytes, publicKey, signature))) throw new Error('a wrong signature')
        free.push(session)
      }
      return together(SESSIONS, count, step)
    },
    dispose: () => {
      p11.C_Finalize()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

const verifyAside = (bytes, key, signature) =>
  new Promise((resolve, reject) => {
    verify('sha256', bytes, key, signature, (error, holds) => (error === null ? resolve(holds) : reject(error)))
  })

/** A card that takes no time at all: what is left is ours. */
async function card({ rounds, say, count: countOf }) {
  say('a card that answers at once')
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
  const rsaLike = { kty, crv, x, y }
  let spent = 0
  const answer = (apdu) => {
    if (apdu[1] === 0xcb) return Uint8Array.of(1, 2, 3, 4, 0x90, 0)
    if (apdu[1] !== 0x2a) return Uint8Array.of(0x90, 0)
    const begun = process.hrtime.bigint()
    const signature = signDigest(privateKey, apdu.subarray(5, 37))
    spent += Number(process.hrtime.bigint() - begun) / 1000
    return Uint8Array.of(...signature, 0x90, 0)
  }
  const connection = { atr: Uint8Array.of(0x3b, 0), protocol: 'T1', transmit: async (apdu) => answer(apdu) }
  for (const name of ['begin', 'end', 'reconnect', 'disconnect']) connection[name] = async () => {}
  const readers = { list: async () => ['bench'], connect: async () => connection, close: async () => {} }
  const profile = {
    name: 'bench',
    atr: { value: '3b00', mask: 'ffff' },
    applicationId: 'a0000000',
    selectAnswers: false,
    pinReference: 0x81,
    pin: { least: 4, most: 8, bytes: 8, padding: 0xff, digitsOnly: true },
    statusQueryIsFree: false,
    pinTries: 3,
    pinLifetime: 'session',
    keys: { record: { suite: 'es256', environment: '800104840102', input: 'digest', output: 'raw-rs', answerBytes: 64 } },
    extended: false,
    chaining: false,
    maxChunk: 255,
    order: ['select', 'environment', 'verify', 'sign'],
    serialTag: '5c015a',
    secureMessagingRequired: false,
  }
  const pin = () => new TextEncoder().encode('1234')
  const signer = await openSam({ profile, key: 'record', pin, audit: memoryAudit(), publicJwk: rsaLike, readers })
  const times = []
  for (let round = 0; round < rounds; round++) {
    spent = 0
    const all = await eachInTurn(countOf(300), () => signer.sign(request('es256')))
    times.push((all.reduce((sum, time) => sum + time, 0) - spent) / all.length / 1000)
  }
  await signer.close()
  return [
    {
      name: 'signer-sam-overhead',
      value: median(times),
      unit: 'ms beyond the card',
      floor: null,
      ratio: null,
      target: '≤ 10 ms',
    },
  ]
}

// A bare digest is signed by nothing in node:crypto: the curve's own arithmetic does it, and its time is taken off.
function signDigest(privateKey, digest) {
  const { p256 } = createRequire(fileURLToPath(import.meta.resolve('@sigillo/core')))('@noble/curves/nist.js')
  return p256.sign(digest, Buffer.from(privateKey.export({ format: 'jwk' }).d, 'base64url'), { prehash: false, lowS: false })
}
