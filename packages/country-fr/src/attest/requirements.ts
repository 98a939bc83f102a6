// The requirement matrix: what the law and the LNE referential ask, and where it is met. A test holds it against the files it names.
import type { Requirement } from './requirement.js'
import { lawRequirements } from './requirements-law.js'
import { lneRequirements } from './requirements-lne.js'

/** Every row, the law's conditions first. */
export const requirements: readonly Requirement[] = [...lawRequirements, ...lneRequirements]
