// Where there are no files: the same names as key-file.node.ts, each saying so. Give keys in memory instead (softwareSigner).
import { signerError, type GuardedSigner } from '@sigillo/core'

/** Not possible here. @throws FiscalError CONFIG_INVALID (no-files) */
export async function openKeyFile(_path: string, _options: object): Promise<GuardedSigner> {
  throw noFiles()
}

/** Not possible here. @throws FiscalError CONFIG_INVALID (no-files) */
export async function createKeyFile(_path: string, _options: object): Promise<GuardedSigner> {
  throw noFiles()
}

function noFiles(): Error {
  return signerError('CONFIG_INVALID', { message: 'key files need Node; give the key in memory instead', reason: 'no-files' })
}
