// How the messages are built, as data (5): what an element holds, in order and how often. `structure.ts` walks it.
import type { Simple } from './types.js'

/** An element at its place. */
export interface Part {
  readonly el: string
  readonly least: number
  readonly most: number
  readonly is: Simple | Content
  /** Namespace; children of messages have none. */
  readonly uri?: string
}

/** One of several parts. */
export interface Choice {
  readonly choice: readonly Part[]
  readonly least: number
}

/** What an element holds. */
export interface Content {
  readonly sequence: readonly (Part | Choice)[]
  /** Attributes by name: the values allowed, and whether it must be there. */
  readonly attributes?: Readonly<Record<string, { readonly values?: readonly string[]; readonly needed?: boolean }>>
  /** Holds whatever it likes: parts of a signature that its own check judges. */
  readonly open?: boolean
}

/** Exactly one. */
export const one = (el: string, is: Simple | Content): Part => ({ el, is, least: 1, most: 1 })
/** None or one. */
export const maybe = (el: string, is: Simple | Content): Part => ({ el, is, least: 0, most: 1 })
/** So many. */
export const many = (el: string, is: Simple | Content, least: number, most: number): Part => ({ el, is, least, most })
/** One of these. */
export const choose = (...choice: readonly Part[]): Choice => ({ choice, least: 1 })
/** A sequence. */
export const seq = (...sequence: readonly (Part | Choice)[]): Content => ({ sequence })

/** A message: its root and what it holds. */
export interface MessageShape {
  readonly root: string
  readonly uri: string
  readonly content: Content
}
