// The public names of @sigillo/storage-fs, one by one.
export type { FileFacts, FileSystem, OpenFile, OpenMode, VolumeFacts } from './file-system.js'
export { nodeFileSystem } from './node-file-system.js'
