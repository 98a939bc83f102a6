// Takes the world away from a piece of code: clock, chance and network throw while it runs. What a country must not touch, because
// the same request has to give the same bytes for ever (design 4).

type Undo = () => void

function replace(target: object, name: string, value: unknown): Undo {
  const own = Object.getOwnPropertyDescriptor(target, name)
  Object.defineProperty(target, name, { value, configurable: true, writable: true })
  return () => {
    if (own === undefined) Reflect.deleteProperty(target, name)
    else Object.defineProperty(target, name, own)
  }
}

function refuse(what: string): (...args: readonly unknown[]) => never {
  return () => {
    throw new Error(`${what} was read: a country is given all it may know`)
  }
}

function takeAway(): readonly Undo[] {
  const RealDate = globalThis.Date
  class OnlyGivenDate extends RealDate {
    constructor(...args: readonly unknown[]) {
      if (args.length === 0) refuse('the clock')()
      super(...(args as [number]))
    }
    static override now(): never {
      return refuse('the clock')()
    }
  }
  const undo = [replace(globalThis, 'Date', OnlyGivenDate), replace(Math, 'random', refuse('chance'))]
  for (const [target, names] of [
    [globalThis, ['fetch', 'setTimeout', 'setInterval']],
    [globalThis.performance, ['now']],
    [globalThis.crypto, ['getRandomValues', 'randomUUID']],
  ] as const) {
    for (const name of names) undo.push(replace(target, name, refuse(name)))
  }
  return undo
}

/** Runs `work` without clock, chance and network; a promise it gives is waited for in the same state. */
export function withoutWorld<T>(work: () => T): T {
  const undo = takeAway()
  const giveBack = (): void => {
    for (const step of undo.toReversed()) step()
  }
  let result: T
  try {
    result = work()
  } catch (error) {
    giveBack()
    throw error
  }
  if (!(result instanceof Promise)) {
    giveBack()
    return result
  }
  return result.finally(giveBack) as T
}
