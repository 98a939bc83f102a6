// Where there are no files: the same names as seal-file.node.ts, saying so. openSeal and compareSeal of core work everywhere.
import { signerError, type SealedFile } from '@sigillo/core'
import type { CheckedSeal } from './seal-file.node.js'

/** Not possible here. @throws FiscalError CONFIG_INVALID (no-files) */
export async function checkSealFile(_options: object): Promise<CheckedSeal> {
  throw noFiles()
}

/** Not possible here. @throws FiscalError CONFIG_INVALID (no-files) */
export async function listFiles(_root: string, _options: object = {}): Promise<readonly SealedFile[]> {
  throw noFiles()
}

function noFiles(): Error {
  return signerError('CONFIG_INVALID', { message: 'files under a software seal need Node', reason: 'no-files' })
}
