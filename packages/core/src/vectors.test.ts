// The vectors of vectors/core against core's functions: what any implementation of FORMAT must reproduce (FORMAT 19).
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromBase64url, fromHex, fromUtf8 } from './bytes.js'
import { canonical, isCanonical, parseCanonical, type Json, type JsonObject } from './canonical.js'
import type { PublicJwk } from './crypto-contract.js'
import { importPublicKey as importOnPlatform } from './crypto.node.js'
import { importPublicKey as importAnywhere } from './crypto.web.js'
import { payloadDigest, PAYLOAD_TAG, requestDigest, REQUEST_TAG, stateDigest } from './digest.js'
import { algsOf, thumbprint, usableJwk } from './keys.js'
import { noteVerifierKey, verifyNote } from './note.js'
import { parseLineText } from './read-line.js'
import { bodyTextOf, leafOf, lineOf, recordHash, sealOf, signingInput, type Body } from './record.js'
import {
  consistencyProof,
  inclusionProof,
  pushLeaf,
  EMPTY_FRONTIER,
  rootOf,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
  type Frontier,
} from './tree.js'
import { sha256Hex } from '#crypto'

interface Test<Input, Result> {
  readonly id: string
  readonly comment: string
  readonly flags: readonly string[]
  readonly input: Input
  readonly result: Result
}
interface File<Input, Result> {
  readonly comment: string
  readonly tests: readonly Test<Input, Result>[]
}

function load<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../../vectors/core/${name}.json`, import.meta.url), 'utf8')) as T
}

// A file read by mistake as empty must not pass.
function cases<Input, Result>(file: File<Input, Result>, flag?: string): readonly Test<Input, Result>[] {
  const chosen = file.tests.filter(({ flags }) => flag === undefined || flags.includes(flag))
  expect(chosen.length).toBeGreaterThan(3)
  return chosen
}

const isValid = ({ flags }: Test<unknown, unknown>): boolean => flags.includes('valid')

describe('vectors: canonical', () => {
  const file = load<File<{ text?: string; hex?: string; json?: string }, { accepted: boolean; canonical?: string }>>('canonical')
  it.each(cases(file, 'read'))('J-02 $id: $comment', ({ input, result }) => {
    const text = input.text ?? fromUtf8(fromHex(input.hex as string) as Uint8Array)
    expect(text !== undefined && isCanonical(text)).toBe(result.accepted)
    if (text !== undefined && result.accepted) expect(canonical(parseCanonical(text))).toBe(text)
  })
  it.each(cases(file, 'write'))('J-03 $id: $comment', ({ input, result }) => {
    const value: unknown = JSON.parse(input.json as string)
    if (result.accepted) expect(canonical(value)).toBe(result.canonical)
    else expect(() => canonical(value)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }))
  })
  it('invalid cases outnumber valid ones', () => {
    expect(file.tests.filter((test) => !isValid(test)).length).toBeGreaterThan(file.tests.filter(isValid).length)
  })
})

interface RecordsFile extends File<
  { body: Body; payload: Json },
  { line: string; signingInput: string; seal: string; leaf: string; sig: string; hash: string }
> {
  readonly keys: readonly { readonly jwk: PublicJwk; readonly kid: string }[]
  readonly roots: readonly string[]
  readonly inclusion: { readonly seq: number; readonly size: number; readonly path: readonly string[] }
  readonly consistency: { readonly from: number; readonly to: number; readonly proof: readonly string[] }
  readonly checkpointState: { readonly state: JsonObject; readonly jcs: string; readonly digest: string }
  readonly anchorNote: { readonly verifierKey: string; readonly note: string }
}

describe('vectors: records', () => {
  const file = load<RecordsFile>('records')
  const hashes = file.tests.map(({ result }) => result.hash)

  it.each(cases(file))('J-01 $id comes out byte for byte from its parts, and verifies', ({ input, result }) => {
    const { body, payload } = input
    const [bodyText, payloadText] = [canonical(body), canonical(payload)]
    expect(bodyTextOf(body)).toBe(bodyText)
    expect(payloadDigest(payloadText)).toBe(body.pay)
    expect(signingInput(body.alg, body.kid, bodyText)).toBe(result.signingInput)
    expect(leafOf(bodyText, result.sig)).toBe(result.leaf)
    expect(recordHash(bodyText, result.sig)).toBe(result.hash)
    expect(sealOf({ body, sig: result.sig })).toBe(result.seal)
    expect(lineOf({ body, bodyText, payload, payloadText, sig: result.sig, hash: result.hash })).toBe(result.line)
    const jwk = file.keys.find(({ kid }) => kid === body.kid)?.jwk as PublicJwk
    expect(thumbprint(jwk)).toBe(body.kid)
    for (const importKey of [importOnPlatform, importAnywhere]) {
      expect(importKey(jwk).verify(body.alg, result.signingInput, fromBase64url(result.sig) as Uint8Array)).toBe(true)
    }
  })
  it.each(cases(file))('J-01 $id is read back as it was written', ({ input, result }) => {
    const parsed = parseLineText(result.line)
    expect(parsed).toMatchObject({
      ...input,
      sig: result.sig,
      hash: result.hash,
      recomputedHash: result.hash,
      payloadMatches: true,
    })
  })
  it('J-02 text that has no UTF-8 is not read', () => {
    for (const { result } of file.tests) {
      const at = result.line.indexOf('"', result.line.indexOf('"payload":{"') + 12)
      expect(parseLineText(`${result.line.slice(0, at)}\ud800${result.line.slice(at)}`)).toBeUndefined()
      expect(parseLineText(`${result.line.slice(0, at)}\ufffd${result.line.slice(at)}`)?.payloadMatches).toBe(false)
    }
  })
  it('J-06 the twin (r, n − s) of a stored signature breaks the hash of its line', () => {
    for (const { result } of file.tests) {
      const twin = parseLineText(result.line.replace(result.sig, twinOf(result.sig)))
      const { body, bodyText, sig } = twin ?? expect.unreachable('the line still has its form')
      const jwk = file.keys.find(({ kid }) => kid === body.kid)?.jwk as PublicJwk
      expect(
        importOnPlatform(jwk).verify(body.alg, signingInput(body.alg, body.kid, bodyText), fromBase64url(sig) as Uint8Array),
      ).toBe(true)
      expect(twin?.recomputedHash).not.toBe(result.hash)
    }
  })
  it('J-09 roots, J-10 proofs, state and note of the worked example', () => {
    expect(hashes.map((_, i) => treeRoot(hashes.slice(0, i + 1)))).toEqual(file.roots)
    const { inclusion, consistency, checkpointState, anchorNote } = file
    expect(inclusionProof(inclusion.seq, hashes.slice(0, inclusion.size))).toEqual(inclusion.path)
    expect(consistencyProof(consistency.from, hashes.slice(0, consistency.to))).toEqual(consistency.proof)
    expect(canonical(checkpointState.state)).toBe(checkpointState.jcs)
    expect(stateDigest(checkpointState.state)).toBe(checkpointState.digest)
    const last = file.tests.at(-1)?.input.payload as JsonObject
    expect(last).toMatchObject({ root: file.roots[6], size: 7, state: checkpointState.digest })
    expect(verifyNote(anchorNote.note, [anchorNote.verifierKey])?.head).toMatchObject({ size: 8, root: file.roots[7] })
  })
})

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

function twinOf(sig: string): string {
  const bytes = Buffer.from(sig, 'base64url')
  const s = ORDER - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  return Buffer.from(bytes.subarray(0, 32).toString('hex') + s.toString(16).padStart(64, '0'), 'hex').toString('base64url')
}

describe('vectors: digests, keys, signatures', () => {
  const digests = load<File<{ tag: string; value: Json; digest?: string }, { digest?: string }>>('digests')
  it.each(cases(digests))('J-06 $id: $comment', ({ input, result }) => {
    const byTag: Readonly<Record<string, (text: string) => string>> = {
      [PAYLOAD_TAG]: payloadDigest,
      [REQUEST_TAG]: requestDigest,
    }
    const made = byTag[input.tag]?.(canonical(input.value))
    expect(made).toMatch(/^[0-9a-f]{64}$/)
    if (result.digest !== undefined) expect(made).toBe(result.digest)
    else expect(made).not.toBe(input.digest)
  })

  const keys = load<File<{ jwk: Json }, { kid?: string; algs?: readonly string[]; usable?: boolean }>>('keys')
  it.each(cases(keys))('J-06 $id: $comment', ({ input, result }) => {
    const jwk = usableJwk(input.jwk)
    if (result.usable === false) return expect(jwk).toBeUndefined()
    expect(jwk).toEqual(input.jwk)
    expect(thumbprint(jwk as PublicJwk)).toBe(result.kid)
    expect(algsOf(jwk as PublicJwk)).toEqual(result.algs)
  })

  const signatures = load<File<{ jwk: PublicJwk; body: Body; sig: string }, { valid: boolean }>>('signatures')
  it.each([
    ['the platform', importOnPlatform],
    ['plain JavaScript', importAnywhere],
  ] as const)('J-06 on %s signatures are taken and refused as stated', (_, importKey) => {
    for (const { id, comment, input, result } of cases(signatures)) {
      const { jwk, body, sig } = input
      const bytes = fromBase64url(sig)
      const message = signingInput(body.alg, body.kid, canonical(body))
      const valid = algsOf(jwk).includes(body.alg) && bytes !== undefined && importKey(jwk).verify(body.alg, message, bytes)
      expect(valid, `${id}: ${comment}`).toBe(result.valid)
    }
  })
})

type Inclusion = { leaf: string; index: number; size: number; proof: readonly string[]; root: string }
type Consistency = { first: number; second: number; firstRoot: string; secondRoot: string; proof: readonly string[] }
interface MerkleFile extends File<Inclusion & Consistency, { valid: boolean }> {
  readonly leaf: Readonly<Record<string, string>>
  readonly roots: readonly string[]
  readonly frontiers: readonly { readonly size: number; readonly frontier: readonly string[] }[]
}

describe('vectors: merkle', () => {
  const file = load<MerkleFile>('merkle')
  const leaves = Array.from({ length: 300 }, (_, i) => sha256Hex(`\u0000leaf ${i}`))

  it('J-09 roots and frontiers of every size up to 300', () => {
    for (const [i, hash] of Object.entries(file.leaf)) expect(leaves[Number(i)]).toBe(hash)
    let frontier: Frontier = EMPTY_FRONTIER
    const grown = [rootOf(frontier)]
    const frontiers = new Map([[0, frontier.roots]])
    for (const leaf of leaves) {
      frontier = pushLeaf(frontier, leaf)
      grown.push(rootOf(frontier))
      frontiers.set(frontier.size, frontier.roots)
    }
    expect(grown).toEqual(file.roots)
    for (const { size, frontier: roots } of file.frontiers) expect(frontiers.get(size)).toEqual(roots)
  })
  it('J-10 inclusion proofs are made and judged as stated', () => {
    for (const test of cases(file, 'inclusion')) {
      const { leaf, index, size, proof, root } = test.input
      expect(verifyInclusion(leaf, index, size, proof, root), `${test.id}: ${test.comment}`).toBe(test.result.valid)
      if (test.result.valid) expect(inclusionProof(index, leaves.slice(0, size))).toEqual(proof)
    }
  })
  it('J-10 consistency proofs are made and judged as stated', () => {
    for (const test of cases(file, 'consistency')) {
      const { first, second, firstRoot, secondRoot, proof } = test.input
      const holds = verifyConsistency({ size: first, root: firstRoot }, { size: second, root: secondRoot }, proof)
      expect(holds, `${test.id}: ${test.comment}`).toBe(test.result.valid)
      if (test.result.valid) expect(consistencyProof(first, leaves.slice(0, second))).toEqual(proof)
    }
  })
})

describe('vectors: state and notes', () => {
  const states = load<File<{ state: JsonObject; digest?: string }, { digest?: string }>>('state')
  it.each(cases(states))('J-39 $id: $comment', ({ input, result }) => {
    if (result.digest !== undefined) expect(stateDigest(input.state)).toBe(result.digest)
    else expect(stateDigest(input.state)).not.toBe(input.digest)
  })

  const notes =
    load<File<{ note: string; verifierKey: string }, { accepted: boolean; origin?: string; size?: number; root?: string }>>(
      'note',
    )
  it.each(cases(notes))('J-11 $id: $comment', ({ input, result }) => {
    const read = verifyNote(input.note, [input.verifierKey])
    if (!result.accepted) return expect(read).toBeUndefined()
    const { origin, size, root } = result
    expect(read?.head).toEqual({ origin, size, root })
    const key = fromBase64url(
      input.verifierKey.split('+').slice(2).join('+').replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
    )
    expect(noteVerifierKey(origin as string, (key as Uint8Array).subarray(1))).toBe(input.verifierKey)
  })
})
