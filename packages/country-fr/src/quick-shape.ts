// The form of an everyday ticket, checked by hand: nine tenths of all requests (measured: a tenth of the time of the schema). It
// accepts only what the schema accepts; whatever it does not know is left to the schema, which also words the refusals.

type Loose = Readonly<Record<string, unknown>>

const isWord = (value: unknown): boolean => typeof value === 'string' && value.length > 0 && value.length <= 200
const isMoney = (value: unknown): boolean => (typeof value === 'number' ? Number.isSafeInteger(value) : typeof value === 'string')

/** True for a ticket of plain lines and payments that the schema would accept. */
export function isPlainTicket(content: Loose): boolean {
  let members = 0
  for (const name in content) {
    const value = content[name]
    switch (name) {
      case 'type':
        if (value !== 'ticket') return false
        break
      case 'key':
        if (typeof value !== 'string' || value.length === 0 || value.length > 128) return false
        members |= 1
        break
      case 'operatorId':
        if (typeof value !== 'string' || value.length === 0 || value.length > 64) return false
        members |= 2
        break
      case 'posMoment':
        if (typeof value !== 'string') return false
        members |= 4
        break
      case 'lines':
        if (!Array.isArray(value) || value.length > 1000 || !value.every(isPlainLine)) return false
        break
      case 'payments':
        if (!Array.isArray(value) || value.length > 100 || !value.every(isPlainPayment)) return false
        break
      case 'operatorName':
      case 'table':
      case 'room':
        if (!isWord(value)) return false
        break
      default:
        return false
    }
  }
  return members === 7
}

function isPlainLine(line: unknown): boolean {
  if (typeof line !== 'object' || line === null || Array.isArray(line)) return false
  let named = false
  for (const name in line) {
    const value = (line as Loose)[name]
    switch (name) {
      case 'label':
        named = true
        if (!isWord(value)) return false
        break
      case 'productId':
      case 'unit':
        if (!isWord(value)) return false
        break
      case 'quantity':
      case 'unitPrice':
      case 'discount':
      case 'total':
        if (!isMoney(value)) return false
        break
      case 'rateBp':
        if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 9999) return false
        break
      case 'nature':
      case 'exemption':
        if (typeof value !== 'string') return false
        break
      default:
        return false
    }
  }
  return named
}

function isPlainPayment(payment: unknown): boolean {
  if (typeof payment !== 'object' || payment === null || Array.isArray(payment)) return false
  let members = 0
  for (const name in payment) {
    const value = (payment as Loose)[name]
    if (name === 'mode' && typeof value === 'string') members |= 1
    else if (name === 'amount' && isMoney(value)) members |= 2
    else return false
  }
  return members === 3
}
