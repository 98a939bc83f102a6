// Key files against the real openssl: what we write it opens, what it writes we open or refuse with the reason.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createPrivateKey } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FiscalError, importPublicKey, utf8, type RecordAlg } from '@sigillo/core'
import { lacking, selfSigned } from '@sigillo/testing/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKeyFile, openKeyFile } from './index.js'

const root = mkdtempSync(join(tmpdir(), 'sigillo-keys-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let count = 0
const fresh = (): string => join(root, `keys-${++count}`, 'main.pem')
const passphrase = 'correct horse battery staple'
// One derivation of 600,000 iterations for all tests that only need some key file.
const shared = join(root, 'shared', 'main.pem')
beforeAll(async () => (await createKeyFile(shared, { passphrase })).close())
const copyTo = (path: string): void => {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
  writeFileSync(path, readFileSync(shared), { mode: 0o600 })
}
const noOpenssl = lacking('openssl') !== undefined
const openssl = (args: readonly string[], input = ''): string =>
  execFileSync('openssl', [...args], { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] })
const reasonOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof FiscalError)) return `no FiscalError but ${String(error)}`
  expect(error.kind).toBe('signer')
  return `${error.code} ${String(error.details['reason'])}`
}
/** A PKCS#8 file of openssl with the given encryption options, private to this user. */
const opensslFile = (
  encryption: readonly string[],
  algorithm: readonly string[] = ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
): string => {
  const path = fresh()
  mkdirSync(join(path, '..'), { mode: 0o700 })
  const clear = openssl(['genpkey', '-algorithm', ...algorithm])
  writeFileSync(path, openssl(['pkcs8', '-topk8', ...encryption, '-passout', `pass:${passphrase}`], clear), { mode: 0o600 })
  return path
}

describe('createKeyFile', () => {
  it.skipIf(noOpenssl)(
    'S-19 writes mode 0600 in a 0700 folder, PBES2 to the figures, opened by openssl pkey (needs openssl)',
    async () => {
      const path = fresh()
      const signer = await createKeyFile(path, { passphrase })
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
      expect(readdirSync(join(path, '..'))).toEqual(['main.pem'])
      const asn1 = openssl(['asn1parse', '-in', path])
      expect(asn1).toMatch(/PBES2[\s\S]*PBKDF2[\s\S]*hmacWithSHA256[\s\S]*aes-256-cbc/)
      const salt = /OCTET STRING\s+\[HEX DUMP\]:([0-9A-F]+)/.exec(asn1)?.[1] ?? ''
      expect(salt).toHaveLength(32)
      expect(Number.parseInt(/INTEGER\s+:([0-9A-F]+)/.exec(asn1)?.[1] ?? '0', 16)).toBeGreaterThanOrEqual(600_000)
      const text = openssl(['pkey', '-in', path, '-passin', `pass:${passphrase}`, '-noout', '-text_pub'])
      expect(text).toContain('prime256v1')
      const spki = openssl(['pkey', '-in', path, '-passin', `pass:${passphrase}`, '-pubout'])
      expect(spki.replace(/-----[^-]+-----|\s/g, '')).toBe(Buffer.from(signer.describe().publicKeySpki).toString('base64'))
      await signer.close()
    },
  )

  it('S-19 keeps an existing folder as it is and salts every file afresh', async () => {
    const path = fresh()
    mkdirSync(join(path, '..'), { mode: 0o750 })
    const warnings: string[] = []
    await createKeyFile(path, { passphrase, onWarning: ({ code }) => warnings.push(code) })
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o750)
    expect(warnings).toContain('DIRECTORY_READABLE')
    const second = join(path, '..', 'second.pem')
    await createKeyFile(second, { passphrase, onWarning: () => {} })
    expect(readFileSync(second, 'utf8')).not.toBe(readFileSync(path, 'utf8'))
  })

  it.each<RecordAlg>(['ES256', 'ES384', 'EdDSA', 'RS256', 'PS256'])('opens again with the same key and signs %s', async (alg) => {
    const path = fresh()
    const made = await createKeyFile(path, { passphrase, alg, ...(alg === 'RS256' && { modulusLength: 2048 }) })
    const opened = await openKeyFile(path, { passphrase })
    expect(opened.describe().keyId).toBe(made.describe().keyId)
    expect(opened.describe().alg).toBe(alg)
    const [message, suite] = [utf8('a receipt'), opened.describe().suites[0]!]
    const { signature } = await opened.sign({ operation: 'record', suite, input: { message } })
    expect(importPublicKey(opened.describe().publicJwk).verify(alg, message, signature)).toBe(true)
    await Promise.all([made.close(), opened.close()])
  })

  it('keeps an existing file unless told to replace it, and leaves nothing else behind', async () => {
    const path = fresh()
    const first = await createKeyFile(path, { passphrase })
    const before = readFileSync(path, 'utf8')
    expect(await reasonOf(createKeyFile(path, { passphrase }))).toBe('CONFIG_INVALID exists')
    expect(readFileSync(path, 'utf8')).toBe(before)
    const second = await createKeyFile(path, { passphrase, replace: true })
    expect(second.describe().keyId).not.toBe(first.describe().keyId)
    expect(readdirSync(join(path, '..'))).toEqual(['main.pem'])
  })

  it('makes one key when two programs make the same file at once', async () => {
    const path = fresh()
    const results = await Promise.allSettled([1, 2, 3].map(() => createKeyFile(path, { passphrase })))
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(won).toHaveLength(1)
    const opened = await openKeyFile(path, { passphrase })
    expect(opened.describe().keyId).toBe(won[0]!.describe().keyId)
  })

  it('S-21 replacing a file open to all never shows the key to others', async () => {
    const path = fresh()
    mkdirSync(join(path, '..'), { mode: 0o700 })
    writeFileSync(path, 'old', { mode: 0o644 })
    chmodSync(path, 0o644)
    let watching = true
    const seen: string[] = []
    const watch = (async () => {
      while (watching) {
        for (const name of readdirSync(join(path, '..'))) {
          const file = join(path, '..', name)
          if (!existsSync(file)) continue
          try {
            // Mode first: a name may change hands between the two calls only from open to private.
            const { mode } = statSync(file)
            if ((mode & 0o077) !== 0 && readFileSync(file, 'utf8') !== 'old' && (statSync(file).mode & 0o077) !== 0)
              seen.push(name)
          } catch (error) {
            if ((error as { code?: string }).code !== 'ENOENT') throw error
          }
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    await createKeyFile(path, { passphrase, replace: true })
    watching = false
    await watch
    expect(seen).toEqual([])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8')).toContain('ENCRYPTED PRIVATE KEY')
  })

  it('refuses keys too short and folders others may change', async () => {
    expect(await reasonOf(createKeyFile(fresh(), { passphrase, alg: 'RS256', modulusLength: 1024 }))).toBe(
      'CONFIG_INVALID weak-key',
    )
    expect(await reasonOf(createKeyFile(fresh(), { passphrase, alg: 'PS256', modulusLength: 2048 }))).toBe(
      'CONFIG_INVALID weak-key',
    )
    const path = fresh()
    mkdirSync(join(path, '..'))
    chmodSync(join(path, '..'), 0o777)
    expect(await reasonOf(createKeyFile(path, { passphrase }))).toBe('KEY_FILE_UNSAFE directory-writable')
    expect(readdirSync(join(path, '..'))).toEqual([])
  })
})

describe('openKeyFile', () => {
  it.skipIf(noOpenssl)(
    'S-20 refuses 0640, 0644, symbolic links, other owners, clear keys and 2,048 iterations (needs openssl)',
    async () => {
      const path = fresh()
      copyTo(path)
      for (const mode of [0o640, 0o644, 0o604, 0o610]) {
        chmodSync(path, mode)
        expect(await reasonOf(openKeyFile(path, { passphrase }))).toBe('KEY_FILE_UNSAFE mode')
      }
      chmodSync(path, 0o600)
      const linked = join(path, '..', 'linked.pem')
      symlinkSync(path, linked)
      expect(await reasonOf(openKeyFile(linked, { passphrase }))).toBe('KEY_FILE_UNSAFE symlink')
      if (process.geteuid?.() === 0) {
        chownSync(path, 12345, 12345)
        expect(await reasonOf(openKeyFile(path, { passphrase }))).toBe('KEY_FILE_UNSAFE owner')
        chownSync(path, 0, 0)
      }
      chmodSync(join(path, '..'), 0o770)
      expect(await reasonOf(openKeyFile(path, { passphrase }))).toBe('KEY_FILE_UNSAFE directory-writable')
      expect(await reasonOf(openKeyFile(opensslFile(['-v2', 'aes-256-cbc', '-iter', '2048']), { passphrase }))).toBe(
        'CONFIG_INVALID weak-kdf',
      )
      for (const clear of [['-nocrypt'], ['-nocrypt', '-traditional']]) {
        const bare = opensslFile(clear.slice(0, 1))
        if (clear.length > 1) writeFileSync(bare, openssl(['pkey', '-in', bare, '-traditional']))
        expect(await reasonOf(openKeyFile(bare, { passphrase }))).toBe('CONFIG_INVALID not-encrypted')
      }
    },
  )

  it('refuses a folder in the place of the file and a missing file, by last component only', async () => {
    const path = fresh()
    mkdirSync(path, { recursive: true, mode: 0o700 })
    expect(await reasonOf(openKeyFile(path, { passphrase }))).toBe('KEY_FILE_UNSAFE not-a-file')
    const missing = await openKeyFile(join(root, 'nowhere', 'secret.pem'), { passphrase }).catch((error: unknown) => error)
    expect(String((missing as Error).message)).not.toContain(root)
    expect((missing as FiscalError).details['reason']).toBe('not-found')
  })

  it('tells a wrong passphrase from a missing one', async () => {
    const path = fresh()
    copyTo(path)
    expect(await reasonOf(openKeyFile(path, { passphrase: 'wrong' }))).toBe('CONFIG_INVALID wrong-passphrase')
    expect(await reasonOf(openKeyFile(path, { passphrase: '' }))).toBe('CONFIG_INVALID missing-passphrase')
    expect(await reasonOf(openKeyFile(path, {} as never))).toBe('CONFIG_INVALID missing-passphrase')
  })

  it.skipIf(noOpenssl)('answers wrong-passphrase also when the padding is right by chance (needs openssl)', async () => {
    const path = opensslFile(['-v2', 'aes-256-cbc', '-iter', '1'])
    for (let i = 0; i < 1500; i++) {
      expect(await reasonOf(openKeyFile(path, { passphrase: `wrong ${i}`, allowWeakKdf: true, onWarning: () => {} }))).toBe(
        'CONFIG_INVALID wrong-passphrase',
      )
    }
  })

  it.skipIf(noOpenssl).each([
    ['scrypt', ['-scrypt'], []],
    ['AES-128-CBC with HMAC-SHA-512', ['-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA512', '-iter', '150000'], []],
    ['AES-192-CBC with HMAC-SHA-1', ['-v2', 'aes-192-cbc', '-v2prf', 'hmacWithSHA1', '-iter', '20000'], ['WEAK_KDF']],
    ['three-key DES', ['-v2', 'des3', '-iter', '100000'], []],
    ['a cipher only the platform names', ['-v2', 'aes-256-ofb', '-iter', '99999'], ['WEAK_KDF']],
  ])('reads %s as openssl writes it (needs openssl)', async (_name, encryption, warnings) => {
    const path = opensslFile(encryption)
    const told: string[] = []
    const signer = await openKeyFile(path, { passphrase, onWarning: ({ code }) => told.push(code) })
    const spki = openssl(['pkey', '-in', path, '-passin', `pass:${passphrase}`, '-pubout'])
    expect(spki.replace(/-----[^-]+-----|\s/g, '')).toBe(Buffer.from(signer.describe().publicKeySpki).toString('base64'))
    expect(told).toEqual(warnings)
  })

  it.skipIf(noOpenssl)('refuses envelopes that are not PBES2 and opens a weak one only when told (needs openssl)', async () => {
    const old = opensslFile(['-v1', 'PBE-SHA1-3DES'])
    expect(await reasonOf(openKeyFile(old, { passphrase }))).toBe('CONFIG_INVALID unsupported-encryption')
    const weak = opensslFile(['-v2', 'aes-256-cbc', '-iter', '9999'])
    expect(await reasonOf(openKeyFile(weak, { passphrase }))).toBe('CONFIG_INVALID weak-kdf')
    const signer = await openKeyFile(weak, { passphrase, allowWeakKdf: true, onWarning: () => {} })
    expect(signer.describe().alg).toBe('ES256')
  })

  it('takes the passphrase as text, bytes or a function, wipes what a function hands over, never what a caller keeps', async () => {
    const path = fresh()
    copyTo(path)
    const kept = utf8(passphrase)
    const handed: Uint8Array[] = []
    const callback = async (): Promise<Uint8Array> => {
      handed.push(utf8(passphrase))
      return handed[0]!
    }
    const signers = [await openKeyFile(path, { passphrase: kept }), await openKeyFile(path, { passphrase: callback })]
    expect(new Set(signers.map((signer) => signer.describe().keyId)).size).toBe(1)
    expect(kept).toEqual(utf8(passphrase))
    expect(handed).toHaveLength(1)
    expect(handed[0]!.every((byte) => byte === 0)).toBe(true)
  })

  it.skipIf(noOpenssl)('reads certificates after the key and refuses one of another key (needs openssl)', async () => {
    const path = fresh()
    const signer = await createKeyFile(path, { passphrase, alg: 'RS256', modulusLength: 2048 })
    const { certificatePem: certificate } = selfSigned({ keyPem: readFileSync(path, 'utf8'), passphrase })
    const withChain = join(path, '..', 'chain.pem')
    writeFileSync(withChain, readFileSync(path, 'utf8') + certificate, { mode: 0o600 })
    const opened = await openKeyFile(withChain, { passphrase })
    expect(opened.describe().certificates.map((der) => Buffer.from(der).toString('base64'))).toEqual([
      certificate.replace(/-----[^-]+-----|\s/g, ''),
    ])
    expect(opened.describe().alg).toBe('RS256')
    const other = fresh()
    copyTo(other)
    expect(await reasonOf(openKeyFile(other, { passphrase, certificates: certificate }))).toBe('KEY_MISMATCH certificate')
    expect(await reasonOf(openKeyFile(other, { passphrase, certificates: 'no certificate' }))).toBe(
      'CONFIG_INVALID certificate-unreadable',
    )
    await signer.close()
  })

  it('holds a key that signs nothing after close', async () => {
    const path = fresh()
    copyTo(path)
    const moved = join(path, '..', 'moved.pem')
    renameSync(path, moved)
    const signer = await openKeyFile(moved, { passphrase })
    await signer.close()
    await signer.close()
    expect(await reasonOf(signer.sign({ operation: 'record', suite: 'es256', input: { message: utf8('x') } }))).toMatch(/^CLOSED/)
    expect(() => signer.signNow!(utf8('x'))).toThrow(/closed|wiped/)
  })

  it('S-22 shows neither passphrase nor key bytes in errors, descriptions or inspection', async () => {
    const { inspect } = await import('node:util')
    const path = fresh()
    const canary = 'CANARY-7f3a9e51c2'
    const signer = await createKeyFile(path, { passphrase: canary })
    const key = createPrivateKey({ key: readFileSync(path), passphrase: canary }).export({ format: 'jwk' }) as { d: string }
    const wrong = await openKeyFile(path, { passphrase: `${canary}-wrong` }).catch((error: unknown) => error)
    const shown = [signer, signer.describe(), wrong].flatMap((value) => [
      inspect(value, { depth: 10, showHidden: true }),
      JSON.stringify(value, (_name, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? '',
      String((value as Error).stack ?? value),
    ])
    const secrets = [
      canary,
      key.d,
      Buffer.from(key.d, 'base64url').toString('hex'),
      Buffer.from(key.d, 'base64url').toString('base64'),
    ]
    for (const secret of secrets) expect(shown.filter((text) => text.includes(secret))).toEqual([])
  })
})
