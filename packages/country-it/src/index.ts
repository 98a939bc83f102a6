// The public names of @sigillo/country-it, one by one.
export { italy, type Italy } from './italy.js'
export { italianAuditor } from './audit.js'
export type { ItalyOptions, Merchant, Settings } from './options.js'
export { law, type LawText } from './law.js'
export { italianErrors, type ItalianCode } from './errors.js'
export { printLines } from './print.js'
export { taxCode, vatNumber } from './tax-id.js'
export { noInstantCodes, type InstantLotteryCodeSource } from './lottery.js'
export { natures, rates } from './groups.js'
export type { ClosingPayload, DocumentPayload, LotteryPayload, OutcomePayload, TransmissionPayload } from './payload.js'
export type { DeviceState, Lane, Message, State } from './state.js'
export type { LineInput, PaymentInput, ReferenceInput, RequestOf, RequestType, Requests, Technician } from './request-types.js'
export {
  openTransmitter,
  type Blobs,
  type DrainOptions,
  type Sent,
  type Step,
  type Transmitter,
  type TransmitterParts,
} from './transmitter.js'
export { withInstantCode } from './instant.js'
export { emergencyCsv } from './emergency.js'
export { deviceCsr } from './enrolment.js'
export { posLinksCsv, reconcile, statusOf, type Days, type DeviceStatus, type Reconciliation } from './status.js'
export type { Alarm } from './schedule.js'
export { activationMessage, enrolMessage, eventMessage, lotteryMessage, namespaces, receiptsMessage } from './messages.js'
export { readPortalDay, type PortalDay, type PortalRow } from './portal.js'
export { readReply, type Reply, type ReplyError, type ReplyRemark } from './replies.js'
export { classOf, classify, type Classified, type Exchange, type RefusalClass } from './classify.js'
export { authorityCodes, explain, meaningOf, nextStep, type ExplainedCode } from './codes.js'
export { checkFile, type ExplainedReply, type FileCheckOptions, type FileSignature, type FileVerdict } from './file/check.js'
export type { Facts } from './file/facts.js'
export type { FileKind } from './file/shapes.js'
export type { Problem } from './file/problem.js'
