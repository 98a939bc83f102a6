// Which file systems can keep the durability promise (FORMAT 16.4; docs/adr, "file systems"). Network mounts are refused: their
// syncs and exclusive creation differ from server to server. Volatile ones are used with a warning.
import { FiscalError } from '@sigillo/core'
import type { FileSystem } from './file-system.js'
import { parentOf } from './paths.js'

// Magic numbers of statfs(2) on Linux; elsewhere the type says nothing.
const REMOTE: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB 2',
  0x65735546: 'FUSE',
  0x01021997: '9P',
  0x00c36400: 'Ceph',
  0x5346414f: 'AFS',
  0x73757245: 'Coda',
  0x0bd00bd0: 'Lustre',
  0x564c: 'NCP',
  0x786f4256: 'a VirtualBox shared folder',
}
const VOLATILE: Readonly<Record<number, string>> = {
  0x01021994: 'tmpfs: it lies in memory and is lost when the system stops',
  0x858458f6: 'ramfs: it lies in memory and is lost when the system stops',
  0x794c7630: 'an overlay: it is lost with its container; mount a volume',
}

/** What to tell about a file system; nothing for a good one. */
export function judgeVolume(type: number, path: string): { readonly refused?: string; readonly warning?: string } {
  // Node gives a signed number on some platforms.
  const magic = type >>> 0
  if (path.startsWith('\\\\') && !path.startsWith('\\\\?\\') && !path.startsWith('\\\\.\\')) return { refused: 'a network share' }
  if (process.platform !== 'linux') return {}
  const [refused, warning] = [REMOTE[magic], VOLATILE[magic]]
  return { ...(refused !== undefined && { refused }), ...(warning !== undefined && { warning }) }
}

/**
 * Looks at the volume of a folder that exists or is about to.
 * @throws FiscalError STORAGE_UNSUPPORTED on a network mount unless it is allowed
 */
export async function checkVolume(fs: FileSystem, path: string, allowed: boolean): Promise<readonly string[]> {
  let place = path
  while ((await fs.stat(place)) === undefined && parentOf(place) !== place) place = parentOf(place)
  const { refused, warning } = judgeVolume((await fs.volume(place)).type, path)
  if (refused !== undefined && !allowed) {
    throw new FiscalError('STORAGE_UNSUPPORTED', { message: `the folder lies on ${refused}`, details: { fileSystem: refused } })
  }
  if (refused !== undefined) return [`the folder lies on ${refused}; nothing is promised about loss of power there`]
  return warning === undefined ? [] : [`the folder lies on ${warning}`]
}
