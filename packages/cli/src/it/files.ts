// Files the Italian commands read: roots and other PEM texts.
import { readFile } from 'node:fs/promises'
import type { X509 } from '@sigillo/documents'
import { usageError } from '../errors.js'

/** Text of a file. @throws FiscalError USAGE */
export async function textOfFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw usageError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
}

/** Certificates of a PEM file; undefined without a path. @throws FiscalError USAGE when it holds none */
export async function readRoots(path: string | undefined): Promise<X509[] | undefined> {
  if (path === undefined) return undefined
  const { readCertificates } = await import('@sigillo/documents')
  const found = readCertificates(await textOfFile(path))
  if (found.length === 0) throw usageError(`${path} holds no certificate`)
  return found
}
