// The public names of @sigillo/signer-software, one by one.
export { createKeyFile, openKeyFile } from '#key-file'
export { generateKey } from '#keys'
export { softwareSigner } from './software-signer.js'
export type { CreateKeyFileOptions, OpenKeyFileOptions } from './key-file.node.js'
export type { GenerateOptions, PrivateJwk, SoftwareKey } from './key-contract.js'
export type { SoftwareSignerOptions } from './software-signer.js'
export type { Certificates } from './certificates.js'
export type { Passphrase } from './passphrase.js'
