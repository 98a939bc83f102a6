// The last head, kept outside the queue's folder: the only thing that notices when the newest records are cut off.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** A witness in a file, where `sigillo verify` looks for it. */
export const fileWitness = (path) => ({
  read: async () => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined),
  write: async (statement) => {
    writeFileSync(`${path}.new`, JSON.stringify(statement))
    renameSync(`${path}.new`, path)
  },
})
