// Who may import whom, read from the sources themselves: arrows go down, never sideways, and the platform stays out of the middle.
// The rules are the tables below; docs/adr/0003-layers.md says why. Each rule is also shown to bite on a synthetic file.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('.', import.meta.url))

/** Siblings a package of this role may import from its product code; first match wins. `*` is any package. */
const arrows: readonly (readonly [role: RegExp, may: readonly string[]])[] = [
  [/^core$/, []],
  [/^documents$/, ['core']],
  [/^country-/, ['core', 'documents']],
  [/^(storage|signer|transport)-|^testing$/, ['core']],
  [/^authority-it$/, ['core']],
  [/^(cli|server-rt)$/, ['*']],
]
/** Packages that compose the rest: nobody imports them. */
const composers = new Set(['cli', 'server-rt'])
/** Packages whose product code runs wherever JavaScript runs. */
const portable = /^(core|documents|country-.*|storage-idb|testing)$/
/** The seam: the only files of a portable package that may touch Node. */
const seam = /\.node\.ts$|^src\/node(\/|\.ts$)/
const nodeNames = new Set(['Buffer', 'process', 'NodeJS', '__dirname', '__filename', 'require', 'setImmediate'])
/** What a country must be handed instead of reaching for it: the same input gives the same bytes, for ever. */
const ambient =
  /\bDate\.now\s*\(|\bnew Date\s*\(\s*\)|\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b|\bfetch\s*\(|\bperformance\.now\b/
/** Error codes of one country, which core and the stores must not know. */
const national = /['"`](FR|IT)_[A-Z]/

interface Manifest {
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

interface Source {
  /** Folder name of the package. */
  pack: string
  /** Path inside the package, with slashes. */
  path: string
  text: string
  manifest: Manifest
}

interface Imported {
  name: string
  star: boolean
}

const isTest = (path: string): boolean => /\.(test|bench|fixture|test-support)\.ts$|\/fixtures\//.test(path)

function read(file: ts.SourceFile): { imports: Imported[]; names: Set<string> } {
  const imports: Imported[] = []
  const names = new Set<string>()
  const add = (node: ts.Node | undefined, star = false): void => {
    if (node !== undefined && ts.isStringLiteral(node)) imports.push({ name: node.text, star })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier)
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.exportClause === undefined)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0])
    else if (ts.isIdentifier(node) && isUse(node)) names.add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return { imports, names }
}

/** True for a name that is looked up, false for a member (`x.process`), a key of a literal or a declared property. */
function isUse(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isQualifiedName(parent)) return parent.left === node
  const named = ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodSignature(parent)
  return !((named || ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent)) && parent.name === node)
}

function sideways({ pack, path }: Source, name: string): string | undefined {
  if (!name.startsWith('@sigillo/')) return undefined
  const other = name.split('/')[1] ?? ''
  if (other === pack) return `${name}: imports itself by name`
  if (composers.has(other) && pack !== 'examples') return `${name}: nobody imports a package that composes the rest`
  if (isTest(path)) return undefined
  const may = arrows.find(([role]) => role.test(pack))?.[1] ?? []
  return may.includes('*') || may.includes(other) ? undefined : `${name}: ${pack} may not import it`
}

function undeclared({ path, manifest }: Source, name: string): string | undefined {
  if (/^[.#]/.test(name) || name.startsWith('node:') || builtinModules.includes(name)) return undefined
  const parts = name.split('/')
  const owner = name.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? name)
  const { dependencies, optionalDependencies, peerDependencies, devDependencies } = manifest
  const given = { ...dependencies, ...optionalDependencies, ...peerDependencies, ...(isTest(path) ? devDependencies : {}) }
  // Tests share the runner and the property tester of the workspace root.
  const shared = isTest(path) && ['vitest', 'fast-check', '@types/node', 'typescript'].includes(owner)
  return owner in given || shared ? undefined : `${name}: not among the dependencies of its package.json`
}

function badPath({ path }: Source, name: string): string | undefined {
  if (!name.startsWith('.')) return undefined
  if (!/\.(js|mjs|json)$/.test(name)) return `${name}: a relative import ends in .js`
  const target = new URL(name, `file:///x/y/${path}`).pathname
  return isTest(path) || target.startsWith('/x/y/src/') ? undefined : `${name}: leaves the package`
}

/** Every rule over one file. */
function findings(source: Source): string[] {
  const { pack, path, text } = source
  const { imports, names } = read(ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true))
  const bad: (string | undefined)[] = imports.flatMap(({ name, star }) => [
    sideways(source, name),
    undeclared(source, name),
    badPath(source, name),
    star ? `${name}: exports everything by star; list the names` : undefined,
  ])
  if (!isTest(path)) {
    if (portable.test(pack) && !seam.test(path)) {
      for (const { name } of imports)
        if (name.startsWith('node:') || builtinModules.includes(name)) bad.push(`${name}: Node in the middle`)
      for (const name of names) if (nodeNames.has(name)) bad.push(`${name}: Node in the middle`)
    }
    const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    if (pack.startsWith('country-') && ambient.test(code))
      bad.push(`${ambient.exec(code)?.[0]}: a country is handed time and chance`)
    if (/^(core|storage-.*)$/.test(pack) && national.test(code))
      bad.push(`${national.exec(code)?.[0]}…: a country's code outside it`)
  }
  return bad.filter((line) => line !== undefined).map((line) => `${pack}/${path} ${line}`)
}

function manifestOf(pack: string): Manifest {
  return JSON.parse(readFileSync(`${root}packages/${pack}/package.json`, 'utf8')) as Manifest
}

function sources(): Source[] {
  return readdirSync(`${root}packages`)
    .filter((pack) => existsSync(`${root}packages/${pack}/package.json`) && existsSync(`${root}packages/${pack}/src`))
    .flatMap((pack) => {
      const manifest = manifestOf(pack)
      return readdirSync(`${root}packages/${pack}/src`, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => `src/${name.replaceAll('\\', '/')}`)
        .map((path) => ({ pack, path, manifest, text: readFileSync(`${root}packages/${pack}/${path}`, 'utf8') }))
    })
}

describe('layers', () => {
  it('every package has a role in the table', () => {
    const packs = new Set(sources().map(({ pack }) => pack))
    expect(packs.size).toBeGreaterThan(5)
    expect([...packs].filter((pack) => !arrows.some(([role]) => role.test(pack)))).toEqual([])
  })

  it('no import points the wrong way and no platform leaks into the middle', () => {
    expect(sources().flatMap(findings)).toEqual([])
  })

  it('manifests name no sibling that the sources may not import', () => {
    const wrong = [...new Set(sources().map(({ pack }) => pack))].flatMap((pack) =>
      Object.keys(manifestOf(pack).dependencies ?? {}).flatMap(
        (name) => sideways({ pack, path: 'package.json', text: '', manifest: {} }, name) ?? [],
      ),
    )
    expect(wrong).toEqual([])
  })
})

describe('layers: each rule bites', () => {
  const manifest = { dependencies: { '@sigillo/core': '*', '@sigillo/storage-fs': '*', '@sigillo/cli': '*', zod: '*' } }
  const look = (pack: string, path: string, text: string): string[] => findings({ pack, path, text, manifest })

  it.each([
    ['core', 'src/a.ts', `import { x } from '@sigillo/storage-fs'`, 'may not import'],
    ['core', 'src/a.ts', `export type X = import('@sigillo/storage-fs').X`, 'may not import'],
    ['core', 'src/a.ts', `const m = await import('@sigillo/storage-fs')`, 'may not import'],
    ['country-fr', 'src/a.ts', `import type { X } from '@sigillo/storage-fs'`, 'may not import'],
    ['signer-x', 'src/a.ts', `export { x } from '@sigillo/storage-fs'`, 'may not import'],
    ['testing', 'src/a.test.ts', `import { run } from '@sigillo/cli'`, 'composes the rest'],
    ['core', 'src/a.ts', `import { readFileSync } from 'node:fs'`, 'Node in the middle'],
    ['core', 'src/a.ts', `import { readFileSync } from 'fs'`, 'Node in the middle'],
    ['documents', 'src/a.ts', `export const b = Buffer.from('x')`, 'Node in the middle'],
    ['country-it', 'src/a.ts', `export const b = process.env['X']`, 'Node in the middle'],
    ['testing', 'src/a.ts', `export type T = NodeJS.Timeout`, 'Node in the middle'],
    ['country-fr', 'src/a.ts', `export const now = () => Date.now()`, 'handed time'],
    ['country-it', 'src/a.ts', `export const r = Math.random()`, 'handed time'],
    ['core', 'src/a.ts', `export const code = 'FR_CLOSING_DUE'`, "country's code"],
    ['storage-fs', 'src/a.ts', `import x from 'left-pad'`, 'not among the dependencies'],
    ['storage-fs', 'src/a.ts', `import { x } from '../../core/src/index.js'`, 'leaves the package'],
    ['storage-fs', 'src/a.ts', `import { x } from './b'`, 'ends in .js'],
    ['storage-fs', 'src/index.ts', `export * from './b.js'`, 'by star'],
  ])('%s/%s refuses %s', (pack, path, text, why) => {
    const found = look(pack, path, text)
    expect(found).not.toEqual([])
    expect(found.join('\n')).toContain(why)
  })

  it.each([
    ['core', 'src/a.ts', `import { z } from 'zod'; export const code = z.string(); // process the Buffer`],
    ['core', 'src/crypto.node.ts', `import { hash } from 'node:crypto'; export const b = Buffer.from(hash('sha256', 'x'))`],
    ['testing', 'src/node/crash.ts', `import { spawn } from 'node:child_process'; export const s = spawn`],
    [
      'core',
      'src/a.test.ts',
      `import { readFileSync } from 'node:fs'; import { it } from 'vitest'; it('x', () => readFileSync('y'))`,
    ],
    ['core', 'src/a.ts', `export const x = (step: { process: number }) => step.process`],
    ['country-fr', 'src/a.ts', `import { x } from '@sigillo/core'; export const d = (ms: number) => new Date(ms)`],
    ['cli', 'src/a.ts', `import { x } from '@sigillo/storage-fs'; export const c = process.cwd()`],
  ])('%s/%s accepts %s', (pack, path, text) => {
    expect(look(pack, path, text)).toEqual([])
  })
})
