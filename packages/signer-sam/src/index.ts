// The public names of @sigillo/signer-sam, one by one.
export { openSam } from './open.js'
export type { SamOptions } from './open.js'
export type { PinSource } from './sam-card.js'
export { pcscReaders } from './binding.js'
export { CardFailure } from './card-port.js'
export type { CardConnection, CardReaders, CardTrouble } from './card-port.js'
export type { CardKey, CardProfile, CardStep } from './profile.js'
