// Requests an Italian device takes, as a till writes them. Money: an integer is cents, a string is euros. Dates are `YYYY-MM-DD`,
// local; moments are ISO 8601 with offset or Z. The sign of an amount follows from the kind of line or document.
import type { MoneyInput } from './money.js'

/** What every request carries. */
export interface RequestBase {
  readonly type: string
  /** Idempotency key, unique in the queue for ever. */
  readonly key: string
  readonly operatorId?: string | undefined
}

/** A request to one till; a stand-alone register leaves `till` out. */
export interface TillRequest extends RequestBase {
  readonly till?: string | undefined
}

/** Kinds of line (16.2). */
export type LineKind =
  | 'sale'
  | 'discount'
  | 'surcharge'
  | 'gift'
  | 'deposit'
  | 'depositRedeemed'
  | 'singleUseVoucher'
  | 'singleUseVoucherRedeemed'
  | 'text'

/** One line. `gift` and the redeemed kinds take the value of a sold line off again; a discount without VAT is spread over all groups. */
export interface LineInput {
  readonly kind?: LineKind | undefined
  readonly description?: string | undefined
  /** Units, or a decimal string with at most three decimals. */
  readonly quantity?: MoneyInput | undefined
  readonly unitPrice?: MoneyInput | undefined
  /** VAT included. Needed unless a unit price is given. */
  readonly amount?: MoneyInput | undefined
  /** Rate in hundredths of a percent; or `nature` N1 to N6; or `apportioned`. */
  readonly rateBp?: number | undefined
  readonly nature?: string | undefined
  readonly apportioned?: boolean | undefined
  /** Activity code, where those are switched on. */
  readonly activity?: number | undefined
}

/** What of a document stays open. */
export type OpenKind = 'goods' | 'services' | 'invoice' | 'healthService'
/** Kinds of payment. */
export type PaymentKind =
  | 'cash'
  | 'cheque'
  | 'electronic'
  | 'transfer'
  | 'ticket'
  | 'discountAtPayment'
  | 'multiUseVoucher'
  | 'uncollected'

/** One payment. Cash above what is due gives change. */
export interface PaymentInput {
  readonly kind: PaymentKind
  readonly amount: MoneyInput
  /** Meal vouchers handed in; needed for `ticket`. */
  readonly count?: number | undefined
  /** Needed for `uncollected`. */
  readonly of?: OpenKind | undefined
  /** Terminal of an electronic payment. */
  readonly posId?: string | undefined
}

/** The original of a return or annulment: by its request's key, by its numbers, or other evidence. */
export type ReferenceInput =
  | { readonly key: string }
  | {
      readonly matricola?: string | undefined
      readonly till?: string | undefined
      readonly z: number
      readonly n: number
      readonly date?: string | undefined
    }
  | { readonly other: 'ND' | 'POS' | 'VR'; readonly date: string }

interface DocumentBase extends TillRequest {
  readonly payments?: readonly PaymentInput[] | undefined
  /** Cash rounding, signed; by default as configured. */
  readonly rounding?: MoneyInput | undefined
  readonly customer?: { readonly taxCode?: string | undefined; readonly vat?: string | undefined } | undefined
  readonly lotteryCode?: string | undefined
  /** Text of the two-dimensional lottery code. */
  readonly instantCode?: string | undefined
  /** The numbers the till expects; refused when they are not the next ones. */
  readonly number?: { readonly z: number; readonly n: number } | undefined
}

/** A sale. */
export interface SaleRequest extends DocumentBase {
  readonly lines: readonly LineInput[]
}
/** A return, whole or in part. Without payments everything goes back in cash. */
export interface ReturnRequest extends SaleRequest {
  readonly reference: ReferenceInput
}
/** An annulment; lines may be left out when the original is in this device. */
export interface VoidRequest extends DocumentBase {
  readonly lines?: readonly LineInput[] | undefined
  readonly reference: ReferenceInput
}
/** Days not worked; by default from the last one covered to yesterday. */
export interface InactivityRequest extends TillRequest {
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** A technician and the firm. */
export interface Technician {
  readonly taxCode: string
  readonly firm: { readonly country: string; readonly code: string }
}
/** A technician's work; the next closing carries it. */
export interface InterventionRequest extends RequestBase, Technician {
  readonly code: string
  readonly note?: string | undefined
  readonly software?: { readonly version: string; readonly released: string } | undefined
  readonly nextVerificationDue?: string | undefined
}
/** A report (Segnalazione); the next closing carries it. */
export interface ReportRequest extends RequestBase {
  readonly matricola?: string | undefined
  readonly code: string
  readonly note?: string | undefined
}
/** The housing was opened by nobody known. */
export interface TamperRequest extends RequestBase {
  readonly reason: string
}
/** A technician opens the housing. */
export interface UnsealRequest extends RequestBase, Technician {}
/** The clock was set right; closings wait for this while it differed from the authority's. */
export interface ClockRequest extends RequestBase {
  readonly reason: string
}
/** The QR code the portal issued at activation, as its text; kept, and printed for the label on the device. */
export interface QrCodeRequest extends RequestBase {
  readonly text: string
}
/** How full the detail memory is. */
export interface MemoryRequest extends RequestBase {
  readonly percent: number
}
/** A sale on the emergency register while the device is out of service. */
export interface EmergencyRequest extends TillRequest {
  readonly lines: readonly LineInput[]
  readonly payments?: readonly PaymentInput[] | undefined
  /** Number on the paper register. */
  readonly paper?: string | undefined
  readonly date?: string | undefined
}
/** A terminal and the device it belongs to. */
export interface PosLinkRequest extends RequestBase {
  readonly posId: string
  readonly tillId?: string | undefined
  readonly acquirerVat?: string | undefined
  readonly localUnitAddress: string
  readonly validFrom: string
  readonly validTo?: string | undefined
  readonly declaredOnPortalAt?: string | undefined
}
/** Certificate request to the authority; `csr` is base64 of the DER. */
export interface EnrolRequest extends RequestBase {
  readonly csr: string
  readonly brand: string
  readonly model: string
  readonly approval: { readonly number: string; readonly date: string }
  readonly technician: Technician
}
/** Activation for a merchant; by default the configured one. */
export interface ActivateRequest extends RequestBase {
  readonly merchant?:
    | { readonly name: string; readonly address: string; readonly vat: string; readonly taxCode?: string | undefined }
    | undefined
  readonly technician: Technician
  readonly place?: { readonly lat: string; readonly long: string } | undefined
  readonly oldRegister?: string | undefined
  readonly serviceFrom?: string | undefined
}
/** An event to the authority, as `FUORI_SERVIZIO` with `00600`. */
export interface EventRequest extends RequestBase {
  readonly event: string
  readonly code: string
  readonly description?: string | undefined
}
/** A change of state made on the portal or by a technician. */
export interface LifeRequest extends RequestBase {
  readonly to: 'FUORI_SERVIZIO' | 'DISATTIVATO' | 'DISMESSO'
  readonly by: 'portal' | 'technician'
}
/** A lottery batch of waiting documents, by record number. */
export interface LotteryRequest extends RequestBase {
  readonly items: readonly number[]
}
/** A step of a message before bytes leave; written by the transmitter. */
export interface TransmissionRequest extends RequestBase {
  readonly op: 'made' | 'attempt' | 'replace' | 'interrupted'
  /** `made`: the source record; else the record that fixed the bytes. */
  readonly of: number
  readonly progressive?: number | undefined
  readonly sha256?: string | undefined
  readonly bytes?: number | undefined
}
/** Results of an attempt, or of an operator's decision. */
export type OutcomeResult = 'accepted' | 'acceptedPresumed' | 'rejected' | 'unknown' | 'retry' | 'released' | 'recordedOutside'
/** What came of a message; written by the transmitter, or by an operator. */
export interface OutcomeRequest extends RequestBase {
  readonly of: number
  readonly result: OutcomeResult
  readonly class?: 'defect' | 'state' | 'clock' | 'retry' | undefined
  readonly codes?: readonly string[] | undefined
  readonly operation?: string | undefined
  readonly status?: number | undefined
  /** SHA-256 of the stored answer. */
  readonly answer?: string | undefined
  readonly problem?: string | undefined
  readonly skewMs?: number | undefined
  readonly certificate?: { readonly notAfter: number; readonly sha256: string } | undefined
  readonly refused?: readonly { readonly position: number; readonly codes: readonly string[] }[] | undefined
  readonly operator?: string | undefined
}

/** Every request by its type. */
export interface Requests {
  readonly sale: SaleRequest
  readonly return: ReturnRequest
  readonly void: VoidRequest
  readonly open: TillRequest
  readonly closing: TillRequest
  readonly inactivity: InactivityRequest
  readonly intervention: InterventionRequest
  readonly report: ReportRequest
  readonly tamper: TamperRequest
  readonly unseal: UnsealRequest
  readonly clock: ClockRequest
  readonly qrCode: QrCodeRequest
  readonly memory: MemoryRequest
  readonly emergency: EmergencyRequest
  readonly posLink: PosLinkRequest
  readonly enrol: EnrolRequest
  readonly activate: ActivateRequest
  readonly event: EventRequest
  readonly life: LifeRequest
  readonly lottery: LotteryRequest
  readonly transmission: TransmissionRequest
  readonly outcome: OutcomeRequest
}
/** Types of request. */
export type RequestType = keyof Requests
/** A request of one type. */
export type RequestOf<T extends RequestType> = Requests[T]
/** Any request, its form checked. */
export type ItalianRequest = {
  readonly [T in RequestType]: { readonly type: T; readonly key: string; readonly input: Requests[T] }
}[RequestType]
