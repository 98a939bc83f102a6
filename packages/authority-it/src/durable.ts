// The few writes that must survive a kill or a power cut: a whole new file, and a line at the end of one.
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Writes a file whole or not at all, readable by its owner only. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.new`
  const file = openSync(temporary, 'w', 0o600)
  try {
    writeFileSync(file, content)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  syncFolder(dirname(path))
}

/** Makes names in a folder durable. */
export function syncFolder(path: string): void {
  // Folders cannot be opened on Windows; names are durable there with the file.
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
