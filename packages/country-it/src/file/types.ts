// Simple types of the authority's files (4, 5), by their lexical rules: each says in words what is wrong with a text, or nothing.
// White space counts as the schemas count it: kept in plain strings, turned into blanks in Latin ones, cut off around numbers.

/** What is wrong with a text, or undefined when nothing is. */
export type TextType = (text: string) => string | undefined

const collapsed = (text: string): string => text.replace(/[\t\n\r ]+/g, ' ').trim()

function matching(pattern: RegExp, what: string, trimmed = false): TextType {
  return (text) => (pattern.test(trimmed ? collapsed(text) : text) ? undefined : `${quoted(text)} is not ${what}`)
}

/** A text as it is shown in a message. */
export function quoted(text: string): string {
  const short = text.length > 40 ? `${text.slice(0, 40)}…` : text
  return `“${short.replaceAll(/[\t\n\r]/g, ' ')}”`
}

/** Any text. */
export const anyText: TextType = () => undefined

/** Text with the line breaks and tabs of the file taken as blanks, at most so long. */
export const upTo =
  (length: number): TextType =>
  (text) =>
    [...text].length <= length ? undefined : `has ${[...text].length} characters, ${length} are allowed`

/** A text of exactly so many characters. */
export const exactly =
  (length: number): TextType =>
  (text) =>
    [...text].length === length ? undefined : `${quoted(text)} has ${[...text].length} characters instead of ${length}`

/** A text of so many characters, both ends included. */
export const between =
  (least: number, most: number): TextType =>
  (text) =>
    [...text].length >= least && [...text].length <= most ? undefined : `must have ${least} to ${most} characters`

/** One to so many characters of Latin-1. */
export const latin =
  (most: number): TextType =>
  (text) => {
    const length = [...text].length
    if (length < 1 || length > most) return `must have 1 to ${most} characters`
    const beyond = [...text].find((char) => (char.codePointAt(0) as number) > 0xff)
    return beyond === undefined ? undefined : `holds “${beyond}”, which is beyond Latin-1`
  }

/** One of a list of words. */
export const oneOf =
  (...words: readonly string[]): TextType =>
  (text) =>
    words.includes(text) ? undefined : `${quoted(text)} is not ${words.length === 1 ? words[0] : `one of ${words.join(', ')}`}`

/** Amount: up to 11 digits, a point, two decimals; may be negative. */
export const amount: TextType = matching(
  /^-?\d{1,11}\.\d{2}$/,
  'an amount: up to 11 digits, a point and exactly two decimals',
  true,
)

/** VAT rate: up to 100.00. */
export const rate: TextType = (text) =>
  /^\d{1,3}\.\d{2}$/.test(collapsed(text)) && Number(collapsed(text)) <= 100
    ? undefined
    : `${quoted(text)} is not a rate: up to 100.00, with exactly two decimals`

/** A whole number within bounds; leading zeros are accepted. */
export const whole =
  (least: bigint, most: bigint): TextType =>
  (text) => {
    const digits = collapsed(text)
    if (!/^[+-]?\d{1,40}$/.test(digits)) return `${quoted(text)} is not a whole number`
    const value = BigInt(digits.replace('+', ''))
    return value >= least && value <= most ? undefined : `${digits} is not between ${least} and ${most}`
  }

/** 15 digits at most, from 1. */
export const positive15: TextType = whole(1n, 999_999_999_999_999n)
/** 15 digits at most, from 0. */
export const counting15: TextType = whole(0n, 999_999_999_999_999n)
/** Any whole number. */
export const anyWhole: TextType = whole(-(10n ** 39n), 10n ** 39n)

/** Decimal degrees, with sign, 2 to 9 decimals. */
export const degrees: TextType = matching(/^-?\d{1,3}\.\d{2,9}$/, 'decimal degrees with 2 to 9 decimals', true)
/** The stricter degrees of an activation: no sign, two digits. */
export const shortDegrees: TextType = matching(/^\d{1,2}\.\d{2,9}$/, 'decimal degrees without sign, with 2 to 9 decimals', true)
/** Two capitals. */
export const country: TextType = matching(/^[A-Z]{2}$/, 'a country: two capital letters')
/** 11 to 16 capitals and digits. */
export const taxCodeText: TextType = matching(/^[A-Z0-9]{11,16}$/, 'a tax code: 11 to 16 capital letters and digits')
/** `0056-0003`. */
export const documentNumberText: TextType = matching(/^\d{4}-\d{4}$/, 'a document number: closing and document, four digits each')
/** 1 to 16 letters and digits. */
export const lotteryCodeText: TextType = matching(/^[A-Za-z0-9]{1,16}$/, 'a lottery code: 1 to 16 letters and digits')

const ZONE = '(?:Z|[+-](?:0\\d|1[0-3]):[0-5]\\d|[+-]14:00)?'
const MOMENT = new RegExp(`^(-?\\d{4,}-\\d{2}-\\d{2})T(\\d{2}):(\\d{2}):(\\d{2})(?:\\.\\d+)?${ZONE}$`)
const DATE = new RegExp(`^(-?\\d{4,}-\\d{2}-\\d{2})${ZONE}$`)

/** Date and time, with or without offset. */
export const dateTime: TextType = (text) => {
  const [, day, hour, minute, second] = MOMENT.exec(collapsed(text)) ?? []
  const clock = Number(hour) <= 23 && Number(minute) <= 59 && Number(second) <= 59
  // 24:00:00 is the midnight that ends the day.
  const midnight = hour === '24' && Number(minute) === 0 && Number(second) === 0
  return day !== undefined && isDay(day) && (clock || midnight)
    ? undefined
    : `${quoted(text)} is not a date and time like 2026-11-20T20:15:00+01:00`
}

/** A date. */
export const date: TextType = (text) => {
  const [, day] = DATE.exec(collapsed(text)) ?? []
  return day !== undefined && isDay(day) ? undefined : `${quoted(text)} is not a date like 2026-11-20`
}

function isDay(text: string): boolean {
  const [, year = 0, month = 0, day = 0] = (/^-?(\d{4,})-(\d{2})-(\d{2})$/.exec(text) ?? []).map(Number)
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  return year > 0 && month >= 1 && month <= 12 && day >= 1 && day <= (days[month - 1] as number)
}

/** Base64 of anything. */
export const base64: TextType = (text) => {
  const bare = text.replaceAll(/[\t\n\r ]/g, '')
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(bare) ? undefined : 'is not base64'
}
