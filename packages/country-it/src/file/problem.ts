// What checking a file can find.

/** Something about a file, in words. */
export interface Problem {
  /** `error`: the authority refuses it, or nobody should believe it. `warning`: it is accepted and wrong all the same. `remark`: how genuine files deviate. */
  readonly severity: 'error' | 'warning' | 'remark'
  readonly area: 'form' | 'structure' | 'arithmetic' | 'rules' | 'signature'
  /** Elements from the root down; empty for the file as a whole. */
  readonly path: string
  readonly message: string
  /** Code the authority answers with, where one is known. */
  readonly code?: string
}
