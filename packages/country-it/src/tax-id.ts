// Tax identifiers (10.6): VAT numbers of 11 digits with their check digit, tax codes of persons with date and check letter.

const ODD = 'BAKPLCQDREVOSFTGUHMINJWZYX'
const OMOCODIA = 'LMNPQRSTUV'
const CODE = /^[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]$/

/** The 11 digits of a VAT number, a leading `IT` taken off; undefined when it is none. */
export function vatNumber(text: string): string | undefined {
  const digits = text.replace(/^IT(?=\d{11}$)/i, '')
  if (!/^\d{11}$/.test(digits) || /^0+$/.test(digits)) return undefined
  let sum = 0
  for (let i = 0; i < 10; i++) {
    const digit = Number(digits[i])
    sum += i % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit
  }
  return (10 - (sum % 10)) % 10 === Number(digits[10]) ? digits : undefined
}

/** A tax code in capitals: of a person (16 characters) or of a firm (a VAT number's 11 digits); undefined when it is none. */
export function taxCode(text: string): string | undefined {
  const code = text.toUpperCase()
  if (code.length === 11) return /^\d{11}$/.test(code) ? vatNumber(code) : undefined
  if (!CODE.test(code)) return undefined
  const day = Number(plainDigit(code[9] as string) + plainDigit(code[10] as string))
  if (!((day >= 1 && day <= 31) || (day >= 41 && day <= 71))) return undefined
  return checkLetter(code.slice(0, 15)) === code[15] ? code : undefined
}

function plainDigit(char: string): string {
  const at = OMOCODIA.indexOf(char)
  return at < 0 ? char : String(at)
}

/** The sixteenth character of a tax code, of its first fifteen. */
export function checkLetter(first15: string): string {
  let sum = 0
  for (const [i, char] of [...first15].entries()) {
    const value = /\d/.test(char) ? Number(char) : char.charCodeAt(0) - 65
    // Positions count from 1: the first is odd.
    sum += i % 2 === 0 ? ODD.indexOf(String.fromCharCode(65 + value)) : value
  }
  return String.fromCharCode(65 + (sum % 26))
}
