import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fromHex, fromBase64url } from './bytes.js'
import { noteVerifierKey, signNote, verifyNote } from './note.js'
import { treeRoot } from './tree.js'

const seed = fromHex('11'.repeat(32)) as Uint8Array
const key = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
  format: 'der',
  type: 'pkcs8',
})
const publicKey = fromBase64url(createPublicKey(key).export({ format: 'jwk' }).x as string) as Uint8Array
const head = {
  origin: 'journal.example/01939c2e-7a10-7000-8000-000000000001',
  size: 3,
  root: treeRoot(['aa', 'bb', 'cc'].map((byte) => byte.repeat(32))),
}
const verifierKey = noteVerifierKey(head.origin, publicKey)
const make = (): Promise<string> => signNote(head, publicKey, (text) => sign(null, text, key))

describe('note', () => {
  it('J-11 is accepted by its verifier key, with origin, size and root', async () => {
    expect(verifyNote(await make(), [verifierKey])).toEqual({ head, signedBy: [head.origin] })
  })
  it('S-86 an independent signed-note reader accepts it: text up to the blank line, one Ed25519 line', async () => {
    const note = await make()
    const [text, signatures] = note.split('\n\n') as [string, string]
    const line = /^— (\S+) (\S+)\n$/.exec(signatures) as RegExpExecArray
    const bytes = Buffer.from(line[2] as string, 'base64')
    const { verify } = await import('node:crypto')
    expect(line[1]).toBe(head.origin)
    expect(verify(null, Buffer.from(`${text}\n`), createPublicKey(key), bytes.subarray(4))).toBe(true)
  })
  it('S-86 unknown signature lines are passed over, unknown keys are not enough', async () => {
    const note = `${await make()}— witness.example ${Buffer.alloc(80, 7).toString('base64')}\n`
    expect(verifyNote(note, [verifierKey])?.signedBy).toEqual([head.origin])
    expect(verifyNote(note, [])).toBeUndefined()
  })
  it('S-86 refuses every changed byte of text and signature', async () => {
    const bytes = new TextEncoder().encode(await make())
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.slice()
      changed[i] = (changed[i] as number) ^ 1
      expect(verifyNote(new TextDecoder().decode(changed), [verifierKey])).toBeUndefined()
    }
  })
})
