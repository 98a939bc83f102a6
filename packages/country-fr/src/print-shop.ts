// What paper shows of the shop (18). It is recorded with every document, because settings change and a document printed again, or
// an answer given again, must be the one of then (ISCA: what is needed to issue a receipt again is kept as first recorded).
import type { FiscalRecord } from '@sigillo/core'
import type { Conformity, Settings } from './options.js'

/** The shop as a document shows it, beside establishment, till and software, which stand in the signed statement. */
export type Shop = {
  legalName: string
  address: string
  vatId?: string
  naf?: string
  /** Line of a certificate; only then may words of certification appear. */
  certified?: string
  /** Notes show VAT. */
  noteVat?: true
}

/** Everything print takes from settings. */
export interface Shown {
  readonly shop: Shop
  readonly siret: string
  readonly till: string
  /** Name and version. */
  readonly software: string
}

type ShopSettings = Pick<Settings, 'legalName' | 'address' | 'vatId' | 'naf' | 'conformity' | 'noteShowVat'>

/** The shop of settings. */
export function shopOf({ legalName, address, vatId, naf, conformity, noteShowVat }: ShopSettings): Shop {
  const certified = certifiedLine(conformity)
  return {
    address,
    ...(certified !== undefined && { certified }),
    legalName,
    ...(naf !== undefined && { naf }),
    ...(noteShowVat && { noteVat: true }),
    ...(vatId !== undefined && { vatId }),
  }
}

function certifiedLine(conformity: Conformity): string | undefined {
  if (conformity.mode !== 'certificate') return undefined
  const { body = '', category, number = '' } = conformity
  return body === 'LNE'
    ? `Système de caisse certifié LNE n° ${number}`
    : `${body}${category === undefined ? '' : ` cat. ${category}`} n° ${number}`
}

/** What a document made now shows. */
export function shownNow({ shop, siret, till, software }: Settings): Shown {
  return { shop, siret, till, software: `${software.name} ${software.version}` }
}

/** What a record's document shows: what was in force when it was made. Records that state no shop show the one of now. */
export function shownThen(settings: Settings, { body, payload }: FiscalRecord): Shown {
  const now = shownNow(settings)
  const { siret, till, sw } = body.x ?? {}
  return {
    shop: shopIn(payload) ?? now.shop,
    siret: typeof siret === 'string' ? siret : now.siret,
    till: typeof till === 'string' ? till : now.till,
    software: typeof sw === 'string' ? sw.replace('/', ' ') : now.software,
  }
}

/** The original's view within a copy: its own shop and till. */
export function shownOriginal(shown: Shown, content: unknown, till: unknown): Shown {
  return { ...shown, shop: shopIn(content) ?? shown.shop, till: typeof till === 'string' ? till : shown.till }
}

// Records come from files anybody may have written.
function shopIn(payload: unknown): Shop | undefined {
  const { shop } = (payload ?? {}) as { readonly shop?: Partial<Shop> }
  return typeof shop?.legalName === 'string' && typeof shop.address === 'string' ? (shop as Shop) : undefined
}
