// The public names of @sigillo/country-fr/attest, one by one: the dossier a publisher's attestation rests on.
export { attestationDossier, type Dossier, type DossierFacts, type DossierFile } from './dossier.js'
export { fiscalFingerprint, fiscalPackages, type FiscalFile, type Fingerprint } from './fingerprint.js'
export type { LetterFacts, Party } from './letter.js'
export type { Requirement } from './requirement.js'
export { requirements } from './requirements.js'
