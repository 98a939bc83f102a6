// The tax authority's own schemas, when a folder with them is given: libxml2 validates each message against them besides the tables.
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { FiscalError } from '@sigillo/core'
import { ParseOption, XmlDocument, XsdValidator } from 'libxml2-wasm'
import { xmlRegisterFsInputProviders } from 'libxml2-wasm/lib/nodejs.mjs'
import { uris } from './tables.js'

/** Schemas in hand. */
export interface Schemas {
  /** The first thing the schema of that namespace does not allow; undefined when it fits. */
  problemOf(document: XmlDocument, uri: string): string | undefined
  close(): void
}

const files: Readonly<Record<string, string>> = {
  [uris.receipts]: 'CorrispettiviTypes_v1.0.xsd',
  [uris.device]: 'CorrispettiviMessaggiTypes_v1.0.xsd',
  [uris.lottery]: 'DocCommercialiLotteriaTypes_v1.0.xsd',
}

/**
 * Reads the schemas of a folder, which must hold the signature's schema beside them.
 * @throws FiscalError OPTION_INVALID
 */
export function openSchemas(folder: string): Schemas {
  xmlRegisterFsInputProviders()
  const validators = new Map(Object.entries(files).map(([uri, name]) => [uri, validatorOf(join(resolve(folder), name))]))
  return {
    problemOf(document, uri) {
      try {
        validators.get(uri)?.validate(document)
        return undefined
      } catch (error) {
        return (error as Error).message.trim().split('\n')[0] ?? 'not valid'
      }
    },
    close: () => validators.forEach((one) => one.dispose()),
  }
}

function validatorOf(path: string): XsdValidator {
  const fail = (why: string, cause?: unknown): FiscalError =>
    new FiscalError('OPTION_INVALID', { message: `schemas: ${path}: ${why}`, path: 'schemas', cause })
  if (!existsSync(path)) throw fail('is not there')
  try {
    const document = XmlDocument.fromBuffer(readFileSync(path), { url: path, option: ParseOption.XML_PARSE_NONET })
    return XsdValidator.fromDoc(document)
  } catch (error) {
    throw fail('cannot be read as a schema', error)
  }
}
