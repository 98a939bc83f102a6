// What one row of the requirement matrix says: the duty, how it is met, in which code, and what proves it.

/** One requirement, and where it is met. Texts are French: the matrix is a paper for French auditors. */
export interface Requirement {
  /** `ISCA-I` for a condition of the law, `LNE-7` for a requirement of the LNE referential. */
  readonly id: string
  readonly title: string
  /** Ids of the texts in `law`. */
  readonly law: readonly string[]
  /** The duty in short, in our words. */
  readonly duty: string
  /** How the code meets it. */
  readonly how: string
  /** Source files, from the root of the repository. */
  readonly code: readonly string[]
  /** Tests: file and beginning of their title. */
  readonly tests: readonly (readonly [file: string, title: string])[]
  /** What anybody can look at: pages of the repository, commands. */
  readonly evidence: readonly string[]
  /** What the publisher of the till has to add, when the code alone cannot meet it. */
  readonly remains?: string
}
