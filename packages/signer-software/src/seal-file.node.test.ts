// The software seal over real files: every change, however small, keeps a fiscal signer closed.
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonical, sealSoftware, type FiscalError, type RecordAlg, type SealManifest } from '@sigillo/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkSealFile, createKeyFile, listFiles, openKeyFile, softwareSigner } from './index.js'

const base = mkdtempSync(join(tmpdir(), 'sigillo-seal-'))
chmodSync(base, 0o700)
afterAll(() => rmSync(base, { recursive: true, force: true }))
const passphrase = 'seal test'
const key = join(base, 'fiscal.pem')

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'sound',
    (error: FiscalError) =>
      `${error.code} ${((error.details['findings'] as { path: string; problem: string }[]) ?? []).map(({ path, problem }) => `${path} ${problem}`).join()}`.trim(),
  )

async function release(
  name: string,
  alg: RecordAlg = 'ES256',
  complete = true,
): Promise<{ root: string; file: string; keyId: string }> {
  const root = join(base, name)
  mkdirSync(join(root, 'dist', 'deep'), { recursive: true })
  writeFileSync(join(root, 'dist', 'main.js'), 'console.log(1)\n')
  writeFileSync(join(root, 'dist', 'deep', 'rules.js'), 'export const rate = 2000\n')
  writeFileSync(join(root, 'package.json'), '{}')
  const signer = await softwareSigner({ alg })
  const files = await listFiles(root)
  const manifest: SealManifest = { v: 1, name: 'shop', version: '1.2.3', sealed: new Date().toISOString(), complete, files }
  const file = join(root, 'seal.json')
  writeFileSync(file, JSON.stringify(await sealSoftware(manifest, signer)))
  const { keyId } = signer.describe()
  await signer.close()
  return { root, file, keyId }
}

describe('the software seal', () => {
  beforeAll(async () => (await createKeyFile(key, { passphrase })).close())
  const open = async (seal: { root: string; file: string; keyId: string }): Promise<void> =>
    (await openKeyFile(key, { passphrase, seal })).close()

  it('S-88 files as they were sealed let a fiscal signer open', async () => {
    const seal = await release('sound')
    expect(await codeOf(open(seal))).toBe('sound')
    expect(await checkSealFile(seal)).toMatchObject({ files: 3, manifest: { name: 'shop', version: '1.2.3' } })
  })

  it.each([
    ['a byte more', (root: string) => appendFileSync(join(root, 'dist', 'main.js'), ' '), 'dist/main.js changed'],
    [
      'a byte other',
      (root: string) => writeFileSync(join(root, 'dist', 'deep', 'rules.js'), 'export const rate = 2001\n'),
      'dist/deep/rules.js changed',
    ],
    ['an empty file', (root: string) => writeFileSync(join(root, 'package.json'), ''), 'package.json changed'],
    ['a file less', (root: string) => unlinkSync(join(root, 'dist', 'main.js')), 'dist/main.js missing'],
    ['a file more', (root: string) => writeFileSync(join(root, 'dist', 'preload.js'), ''), 'dist/preload.js added'],
    [
      'a link in place of a file',
      (root: string) => (
        cpSync(join(root, 'package.json'), join(base, 'copy.json')),
        unlinkSync(join(root, 'package.json')),
        symlinkSync(join(base, 'copy.json'), join(root, 'package.json'))
      ),
      '',
    ],
  ] as const)('S-88 %s keeps a fiscal signer closed before its key is touched', async (name, change, finding) => {
    const seal = await release(name.replaceAll(' ', '-'))
    change(seal.root)
    const asked: string[] = []
    const opening = openKeyFile(key, { passphrase: () => (asked.push('asked'), passphrase), seal })
    expect(await codeOf(opening)).toBe(`SEAL_BROKEN ${finding}`.trim())
    expect(asked).toEqual([])
  })

  it('S-88 a seal of some files lets others lie beside them, and still finds those it names', async () => {
    const seal = await release('part', 'ES256', false)
    writeFileSync(join(seal.root, 'notes.txt'), 'beside')
    expect(await codeOf(open(seal))).toBe('sound')
    appendFileSync(join(seal.root, 'package.json'), '\n')
    expect(await codeOf(open(seal))).toBe('SEAL_BROKEN package.json changed')
  })

  it('S-88 a seal altered anywhere, of another key, or missing, is broken', async () => {
    const seal = await release('altered')
    const genuine = readFileSync(seal.file, 'utf8')
    const stranger = await release('stranger')
    expect(await codeOf(checkSealFile({ ...seal, keyId: stranger.keyId }))).toBe('SEAL_BROKEN')
    expect(await codeOf(checkSealFile({ ...seal, file: stranger.file, root: stranger.root }))).toBe('SEAL_BROKEN')
    expect(await codeOf(checkSealFile({ ...seal, file: join(base, 'none.json') }))).toBe('SEAL_BROKEN')
    const value = JSON.parse(genuine) as {
      manifest: { version: string; files: { sha256: string; bytes: number }[] }
      alg: string
      sig: string
    }
    const changed = (change: (copy: typeof value) => void): string => {
      const copy = structuredClone(value)
      change(copy)
      return JSON.stringify(copy)
    }
    for (const text of [
      '',
      '{}',
      genuine.slice(0, -10),
      changed((copy) => (copy.manifest.version = '1.2.4')),
      changed((copy) => void copy.manifest.files.pop()),
      changed((copy) => void copy.manifest.files.reverse()),
      changed((copy) => ((copy.manifest.files[0] as { bytes: number }).bytes += 1)),
      changed((copy) => (copy.alg = 'none')),
      changed((copy) => (copy.alg = 'HS256')),
      changed((copy) => (copy.sig = `${copy.sig.startsWith('A') ? 'B' : 'A'}${copy.sig.slice(1)}`)),
      changed((copy) => Object.assign(copy.manifest, { more: 1 })),
      changed((copy) => Object.assign(copy.manifest.files[0] as object, { path: '../outside' })),
    ]) {
      writeFileSync(seal.file, text)
      expect(await codeOf(checkSealFile(seal)), text.slice(0, 80)).toMatch(/^SEAL_BROKEN/)
    }
    writeFileSync(seal.file, genuine)
    expect(await codeOf(checkSealFile(seal))).toBe('sound')
  })

  it('S-88 RSA of 2048 bits and P-256 make seals; Ed25519 does not', async () => {
    for (const alg of ['RS256', 'ES384'] as const) expect(await codeOf(open(await release(`alg-${alg}`, alg)))).toBe('sound')
    await expect(release('alg-ed', 'EdDSA')).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })

  it.skipIf(spawnSync('openssl', ['version']).error !== undefined)(
    'a seal is checked by openssl as well (needs openssl)',
    async () => {
      const seal = await release('openssl', 'RS256')
      const {
        manifest,
        sig,
        key: jwk,
      } = JSON.parse(readFileSync(seal.file, 'utf8')) as { manifest: object; sig: string; key: JsonWebKey }
      const { createPublicKey } = await import('node:crypto')
      writeFileSync(
        join(base, 'pub.pem'),
        createPublicKey({ key: jwk as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
      )
      writeFileSync(join(base, 'message'), `sigillo/v1/software-seal\n${canonical(manifest)}`)
      writeFileSync(join(base, 'sig'), Buffer.from(sig, 'base64url'))
      const said = spawnSync('openssl', ['dgst', '-sha256', '-verify', 'pub.pem', '-signature', 'sig', 'message'], {
        cwd: base,
        encoding: 'utf8',
      })
      expect(said.stdout).toContain('Verified OK')
    },
  )
})
