// VAT groups: a rate, a nature or apportioned, with an activity code where those are used; their names, order and paper codes
// (8.6, 10.3). A group's key is `2200`, `N4` or `VI`, followed by `:` and the activity code.
import { refuse } from './errors.js'

/** Natures with their code on paper. */
export const natures: Readonly<Record<string, string>> = { N1: 'EE', N2: 'NS', N3: 'NI', N4: 'ES', N5: 'RM', N6: 'AL' }
/** What the legend of a document says of each code. */
export const natureNames: Readonly<Record<string, string>> = {
  EE: 'escluse art. 15',
  NS: 'non soggette',
  NI: 'non imponibili',
  ES: 'esenti',
  RM: 'regime del margine',
  AL: 'inversione contabile / altro',
  VI: 'ventilazione IVA',
}

/** Rates in force, hundredths of a percent. */
export const rates: readonly number[] = [2200, 1000, 500, 400]
/** Rows a closing holds. */
export const MAX_GROUPS = 40

/** What a line says of its VAT. */
export interface VatInput {
  readonly rateBp?: number | undefined
  readonly nature?: string | undefined
  readonly apportioned?: boolean | undefined
  readonly activity?: number | undefined
}

/** Rules of one device: rates and whether activity codes are used. */
export interface VatRules {
  readonly rates: readonly number[]
  readonly activityCodes: boolean
}

/** Key of the group a line belongs to. @throws FiscalError IT_VAT_GROUP */
export function groupOf({ rateBp, nature, apportioned, activity }: VatInput, rules: VatRules, path: string): string {
  const given = [rateBp !== undefined, nature !== undefined, apportioned === true].filter(Boolean).length
  if (given !== 1) throw refuse('IT_VAT_GROUP', `${path}: one of rateBp, nature, apportioned is needed`, { path })
  if (rateBp !== undefined && !rules.rates.includes(rateBp))
    throw refuse('IT_VAT_GROUP', `${path}.rateBp: not a rate of this device`, { path: `${path}.rateBp` })
  if (nature !== undefined && !Object.hasOwn(natures, nature))
    throw refuse('IT_VAT_GROUP', `${path}.nature: only N1 to N6 exist here`, { path: `${path}.nature` })
  const group = nature ?? (apportioned === true ? 'VI' : String(rateBp))
  if (rules.activityCodes !== (activity !== undefined)) {
    throw refuse(
      'IT_VAT_GROUP',
      `${path}.activity: ${rules.activityCodes ? 'an activity code is needed' : 'activity codes are switched off'}`,
      { path: `${path}.activity` },
    )
  }
  return activity === undefined ? group : `${group}:${activity}`
}

/** The parts of a key. */
export function partsOf(key: string): {
  readonly group: string
  readonly rateBp: number | undefined
  readonly activity: number | undefined
} {
  const [group = '', activity] = key.split(':')
  return {
    group,
    rateBp: /^\d/.test(group) ? Number(group) : undefined,
    activity: activity === undefined ? undefined : Number(activity),
  }
}

/** Order of rows: rates from high to low, N1 to N6, apportioned; within a group by activity. */
export function compareGroups(a: string, b: string): number {
  return rankOf(a) - rankOf(b) || (partsOf(a).activity ?? 0) - (partsOf(b).activity ?? 0)
}

/** A number that orders groups as rows are ordered. */
export function rankOf(key: string): number {
  const { group, rateBp } = partsOf(key)
  if (rateBp !== undefined) return -rateBp
  return group === 'VI' ? 7 : Number(group.slice(1))
}

/** How a group is named on paper: `22%`, `5,5%`, `ES*`. */
export function paperCode(key: string): string {
  const { group, rateBp } = partsOf(key)
  if (rateBp !== undefined) return `${String(rateBp / 100).replace('.', ',')}%`
  return `${natures[group] ?? 'VI'}*`
}
