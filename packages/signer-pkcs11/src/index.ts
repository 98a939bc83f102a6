// The public names of @sigillo/signer-pkcs11, one by one.
export { openPkcs11 } from './open-pkcs11.js'
export type { IsolateOptions, Pkcs11Options } from './options.js'
export type { PinSource } from './token-login.js'
export { CK, CryptokiFailure } from './cryptoki.js'
export type { Cryptoki, Handle, Mechanism, Template, TokenFacts } from './cryptoki.js'
