// Check digits and letters of Italian tax identifiers (10.6), for whoever signs as technician, firm or merchant.

const ODD_VALUES = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23] as const
const PERSON = /^[A-Z]{6}[\dL-NP-V]{2}[ABCDEHLMPRST][\dL-NP-V]{2}[A-Z][\dL-NP-V]{3}[A-Z]$/

/** True for eleven digits with the right check digit, not all zero. */
export function isVatNumber(value: string): boolean {
  if (!/^\d{11}$/.test(value) || /^0{11}$/.test(value)) return false
  const digits = [...value].map(Number)
  const sum = digits.slice(0, 10).reduce((total, digit, i) => {
    const doubled = digit * 2
    return total + (i % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled)
  }, 0)
  return (sum + (digits[10] as number)) % 10 === 0
}

// Letters stand for digits where two persons would have the same code.
const plain = (char: string): string => (/\d/.test(char) ? char : String('LMNPQRSTUV'.indexOf(char)))

/** True for a person's or a firm's tax code with the right check character. */
export function isTaxCode(value: string): boolean {
  if (/^\d{11}$/.test(value)) return isVatNumber(value)
  if (!PERSON.test(value)) return false
  const index = (char: string): number => (/\d/.test(char) ? Number(char) : char.charCodeAt(0) - 65)
  const day = Number(Array.from(value.slice(9, 11), plain).join(''))
  if (!((day >= 1 && day <= 31) || (day >= 41 && day <= 71))) return false
  const sum = Array.from(value.slice(0, 15)).reduce(
    (total, char, i) => total + (i % 2 === 0 ? (ODD_VALUES[index(char)] as number) : index(char)),
    0,
  )
  return String.fromCharCode(65 + (sum % 26)) === value[15]
}

const MEMBERS = new Set('AT BE BG CY CZ DE DK EE EL ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK SM XI'.split(' '))

/** What is wrong with a firm's identifier: its country, its number, or neither. */
export function firmProblems(country: string, code: string): { readonly country: boolean; readonly number: boolean } {
  const known = MEMBERS.has(country)
  return { country: !known, number: known ? (country === 'IT' ? !isVatNumber(code) : !/^[0-9A-Z+*]{2,13}$/.test(code)) : false }
}
