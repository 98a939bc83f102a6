// Where there are no files: the same name as audit-file.node.ts, saying so. memoryAudit of core works everywhere.
import { signerError, type AuditLog } from '@sigillo/core'

/** Not possible here. @throws FiscalError CONFIG_INVALID (no-files) */
export async function openAuditFile(_path: string, _options: object = {}): Promise<AuditLog & { close(): Promise<void> }> {
  throw signerError('CONFIG_INVALID', { message: 'an audit file needs Node; use memoryAudit instead', reason: 'no-files' })
}
