// Nothing a package exports signs without core's guard: read from the types of every public name, and tried on what the factories give.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { createQueue, guarded, type Signer } from '@sigillo/core'
import { generateKey, softwareSigner } from '@sigillo/signer-software'
import { bareCountry, memoryStorage } from '@sigillo/testing'
import { beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Doubles for tests: `testing` is no part of a till. */
const doubles = new Set(['testing: faultySigner', 'testing: kitSigner'])

/** What the seam to the platform's keys gives to its own package, and nobody else. */
const internal = new Set(['generateKey', 'keyFromJwk', 'keyFromPkcs8'].map((name) => `signer-software: keys.node.ts ${name}`))

function entries(): string[] {
  return readdirSync(join(root, 'packages')).flatMap((pack) => {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', pack, 'package.json'), 'utf8')) as {
      exports?: Record<string, unknown>
    }
    return Object.values(manifest.exports ?? {}).flatMap((entry) => {
      const source = (entry as { source?: unknown }).source
      return typeof source === 'string' ? [join(root, 'packages', pack, source)] : []
    })
  })
}

/** Public functions whose answer can sign and is not a guarded signer. */
function unguarded(files: readonly string[]): string[] {
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    customConditions: ['source'],
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.asynciterable.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  }
  const program = ts.createProgram([...files], options)
  const checker = program.getTypeChecker()
  const found: string[] = []
  for (const file of files) {
    const source = program.getSourceFile(file)
    const symbol = source && checker.getSymbolAtLocation(source)
    if (source === undefined || symbol === undefined) throw new Error(`${file} exports nothing`)
    const [pack = '', , name0 = ''] = file.split('/packages/')[1]?.split('/') ?? []
    const place = name0 === 'keys.node.ts' ? `${pack}: ${name0} ` : `${pack}: `
    for (const name of checker.getExportsOfModule(symbol)) {
      if ((name.flags & ts.SymbolFlags.Alias) !== 0 && (checker.getAliasedSymbol(name).flags & ts.SymbolFlags.Value) === 0)
        continue
      const type = checker.getTypeOfSymbolAtLocation(name, source)
      const given = [type, ...type.getCallSignatures().map((call) => call.getReturnType())].map(
        (one) => checker.getAwaitedType(one) ?? one,
      )
      if (given.some((one) => signs(checker, one)) && !doubles.has(`${place}${name.name}`)) found.push(`${place}${name.name}`)
    }
  }
  return found
}

// A signer, by what it does: it describes a key and signs. Behind the guard it also tells of its audit log.
function signs(checker: ts.TypeChecker, type: ts.Type): boolean {
  const has = (name: string): boolean => checker.getPropertyOfType(type, name) !== undefined
  const raw = has('sign') && (has('describe') || has('wipe') || has('publicJwk')) && !has('auditHead')
  return raw || (has('signNow') && !has('auditHead'))
}

describe('S-46 the public surface', () => {
  // One program for both: reading the types is what takes time.
  const files = entries()
  const inside = fileURLToPath(new URL('../../packages/signer-software/src/keys.node.ts', import.meta.url))
  let found: readonly string[] = []
  beforeAll(() => {
    found = unguarded([...files, inside])
  }, 120_000)

  it('S-46 no exported symbol of any package gives an unguarded signer', () => {
    expect(files.length).toBeGreaterThan(8)
    expect(found.filter((name) => !internal.has(name))).toEqual([])
  })

  it('S-46 the look would find one: it finds those inside the package of software keys', () => {
    expect(found).toEqual(expect.arrayContaining([...internal]))
  })

  it('S-46 what factories give is behind the guard, and a key without a signer cannot sign', async () => {
    const signer = await softwareSigner()
    expect(guarded(signer)).toBe(signer)
    const key = await generateKey()
    expect(Object.keys(key).sort()).toEqual(['alg', 'publicJwk'])
    const of = await softwareSigner({ key })
    await expect(softwareSigner({ key })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await signer.close()
    await of.close()
  })

  it('S-46 a queue guards a signer that is not: a wrong signature of a device never reaches the journal', async () => {
    const own = await softwareSigner()
    const wrong: Signer = {
      describe: () => ({ ...own.describe(), kind: 'pkcs11' }),
      sign: async (request) => {
        const { signature } = await own.sign(request)
        if (broken) signature[5] = (signature[5] as number) ^ 1
        return { signature }
      },
      close: async () => undefined,
    }
    let broken = false
    expect(guarded(wrong)).not.toBe(wrong)
    expect(guarded(wrong)).toBe(guarded(wrong))
    const queue = await createQueue({ country: bareCountry(), storage: memoryStorage(), signer: wrong })
    expect(await queue.record({ type: 'ticket', key: 'A', amount: 1 })).toMatchObject({ outcome: 'registered' })
    const { seq } = queue.head()
    broken = true
    const refused = await queue.record({ type: 'ticket', key: 'B', amount: 1 })
    expect(refused).toMatchObject({ outcome: 'rejected', error: { code: 'SIGN_SELF_CHECK_FAILED' } })
    expect(queue.head().seq).toBe(seq)
    await queue.close()
  })
})
