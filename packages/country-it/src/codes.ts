// The authority's codes in words (section 7): what each says of the message, and what somebody has to do next. Their class stands in
// classify.ts; a code that is not here is kept, alarmed and never sent again by itself.
import { classOf, type RefusalClass } from './classify.js'

const meanings: Readonly<Record<string, string>> = {
  '00000': 'the file does not follow the schema',
  '99999': 'the signature is not intact',
  '00001': 'the certification request is neither DER nor PEM',
  '00002': 'the serial number in the request has the wrong form',
  '00003': 'the key is shorter than 2048 bits',
  '00004': 'the device is enrolled already',
  '00005': 'the brand is missing',
  '00006': 'the model is missing',
  '00007': 'the approval reference is missing',
  '00008': 'the brand is not known',
  '00009': 'the model is not known',
  '00010': 'the approval reference is not known',
  '00011': 'the technician’s tax code is not valid',
  '00012': 'the country of the technician’s firm is not valid',
  '00013': 'the VAT number of the technician’s firm is not valid',
  '00014': 'the state of the device does not allow this request',
  '00015': 'the serial number was longer than 30 characters and was cut',
  '00016': 'the certificate could not be issued just now',
  '00100': 'only a new or a deactivated device can be activated',
  '00101': 'the merchant is not registered',
  '00109': 'the serial number of the old register is missing',
  '00110': 'the date of entry into service lies in the past',
  '00111': 'the technician’s tax code is not valid',
  '00112': 'the country of the technician’s firm is not valid',
  '00113': 'the VAT number of the technician’s firm is not valid',
  '00114': 'the VAT number is not valid',
  '00115': 'the subject is accredited with another VAT number',
  '00200': 'the device is not activated',
  '00201': 'the kind of device does not fit the certificate',
  '00202': 'the dates of the period of inactivity do not fit together',
  '00203': 'the moment of the closing lies in the future',
  '00204': 'the moment of a technical intervention lies in the future',
  '00206': 'the moment of a report lies in the future',
  '00207': 'the kind of device and the kind of figures do not fit',
  '00208': 'the data of a technical intervention do not fit together',
  '00209': 'the data of a report do not fit together',
  '00210': 'the vending machine is unknown or another merchant’s',
  '00211': 'the vending machine is not activated',
  '00212': 'the block Dispositivo is missing',
  '00213': 'the geographic position is not in decimal degrees',
  '00214': 'the moment of the previous withdrawal lies in the future',
  '00300': 'the batch holds more than 100 documents',
  '00301': 'the batch is too large',
  '00302': 'the service is not available just now',
  '00303': 'the device is not in service',
  '00306': 'the authority has this file already',
  '00307': 'the moment of a document lies in the future',
  '00308': 'the payments of a document do not add up to its amount',
  '00700': 'the state of the device does not allow this event',
  '00701': 'event and detail code do not belong together',
  '00705': 'the moment of the event lies in the future',
  '00706': 'this event needs a description',
  '00707': 'the detail does not fit the kind of device',
  '00708': 'the moment of the event is missing or malformed',
  '00709': 'the detail is missing or incomplete',
  '00710': 'the event is unknown',
  '00711': 'the detail code is unknown',
  '00712': 'a device out of service may send no event',
}

/** Every code of the tables. */
export const authorityCodes: readonly string[] = Object.keys(meanings)

/** What a code says, in words; a code of no table says so. */
export function meaningOf(code: string): string {
  return Object.hasOwn(meanings, code) ? (meanings[code] as string) : 'a code of no published table'
}

const nexts: Readonly<Record<RefusalClass, string>> = {
  defect: 'look at the file, then replace it or annul it; it is never sent again by itself',
  state: 'bring the device into the state the authority expects, then send again',
  clock: 'set the clock right, then send again: the same bytes',
  retry: 'nothing; it is tried again by the schedule',
}

/** What is to be done about a refusal of a class. */
export function nextStep(of: RefusalClass): string {
  return nexts[of]
}

/** A code with its meaning and class. */
export interface ExplainedCode {
  readonly code: string
  readonly meaning: string
  readonly class: RefusalClass
}

/** A code, explained. */
export function explain(code: string): ExplainedCode {
  return { code, meaning: meaningOf(code), class: classOf(code) }
}
