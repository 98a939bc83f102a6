// The simple types of the messages (4, 5): each takes the text of an element, white space treated as the schema's base type does,
// and says whether it is one.

/** A simple type. */
export interface Simple {
  readonly name: string
  /** How the base type treats white space before anything else is checked. */
  readonly space: 'keep' | 'replace' | 'collapse'
  test(value: string): boolean
}

const make = (name: string, space: Simple['space'], test: (value: string) => boolean): Simple => ({ name, space, test })
const pattern = (name: string, space: Simple['space'], source: string): Simple => {
  const whole = new RegExp(`^(?:${source})$`, 'u')
  return make(name, space, (value) => whole.test(value))
}
const length = (value: string): number => [...value].length

/** The text a type looks at. */
export function normalise(type: Simple, raw: string): string {
  if (type.space === 'keep') return raw
  const spaced = raw.replace(/[\t\n\r]/g, ' ')
  return type.space === 'replace' ? spaced : spaced.replace(/ +/g, ' ').replace(/^ | $/g, '')
}

/** Any text. */
export const anyText: Simple = make('text', 'keep', () => true)
/** Any text on one line. */
export const oneLine: Simple = make('text on one line', 'replace', () => true)
/** Text of Latin-1 characters. */
export const latin = (most: number): Simple =>
  pattern(`1 to ${most} characters of Latin-1`, 'replace', `[\\u0000-\\u00ff]{1,${most}}`)
/** Text of so many characters. */
export const sized = (least: number, most: number, space: Simple['space'] = 'keep'): Simple =>
  make(least === most ? `${least} characters` : `${least} to ${most} characters`, space, (value) => {
    const many = length(value)
    return many >= least && many <= most
  })
/** One of these. */
export const oneOf = (...values: readonly string[]): Simple =>
  make(`one of ${values.join(', ')}`, 'keep', (value) => values.includes(value))
/** Text of this shape. */
export const shaped = (name: string, source: string, space: Simple['space'] = 'keep'): Simple => pattern(name, space, source)

/** An amount: at most 11 digits, a point, two decimals. */
export const amount: Simple = pattern('an amount with two decimals', 'collapse', '-?[0-9]{1,11}\\.[0-9]{2}')
/** A rate up to 100.00. */
export const rate: Simple = make(
  'a rate up to 100.00',
  'collapse',
  (value) => /^[0-9]{1,3}\.[0-9]{2}$/.test(value) && Number(value.replace('.', '')) <= 10_000,
)
/** Degrees with a sign, as in daily receipts. */
export const degrees: Simple = pattern('decimal degrees', 'collapse', '-?[0-9]{1,3}\\.[0-9]{2,9}')
/** Degrees without a sign and with two digits at most, as in an activation. */
export const plainDegrees: Simple = pattern('decimal degrees', 'collapse', '[0-9]{1,2}\\.[0-9]{2,9}')
/** A whole number in a range; leading zeros are allowed. */
export const whole = (least: number, most: number): Simple =>
  make(`a whole number from ${least} to ${most}`, 'collapse', (value) => {
    if (!/^[+-]?[0-9]+$/.test(value)) return false
    const number = BigInt(value.replace('+', ''))
    return number >= BigInt(least) && number <= BigInt(most)
  })

const DATE = '(-?(?:[1-9][0-9]{4,}|[0-9]{4}))-([0-9]{2})-([0-9]{2})'
const ZONE = '(Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?'
const TIME = '([0-9]{2}):([0-9]{2}):([0-9]{2}(?:\\.[0-9]+)?)'

function isDay(year: number, month: number, day: number): boolean {
  if (year === 0 || month < 1 || month > 12 || day < 1) return false
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return day <= (month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31)
}

/** A date, with or without a zone. */
export const date: Simple = make('a date', 'collapse', (value) => {
  const found = new RegExp(`^${DATE}${ZONE}$`).exec(value)
  return found !== null && isDay(Number(found[1]), Number(found[2]), Number(found[3]))
})

/** A date and time, with or without an offset. */
export const dateTime: Simple = make('a date and time', 'collapse', (value) => {
  const found = new RegExp(`^${DATE}T${TIME}${ZONE}$`).exec(value)
  if (found === null || !isDay(Number(found[1]), Number(found[2]), Number(found[3]))) return false
  const [hours, minutes, seconds] = [Number(found[4]), Number(found[5]), Number(found[6])]
  return (hours < 24 && minutes < 60 && seconds < 60) || (hours === 24 && minutes === 0 && seconds === 0)
})

/** Base64, wrapped or not. */
export const base64: Simple = make('base64', 'collapse', (value) => {
  const packed = value.replaceAll(' ', '')
  return packed.length % 4 === 0 && /^[A-Za-z0-9+/]*(?:[AEIMQUYcgkosw048]=|[AQgw]==)?$/.test(packed)
})
