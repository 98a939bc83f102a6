// Late capture of handwritten receipts (14): one number of one pad once, nothing refused that was really sold.
import { invalid, refuse } from './errors.js'
import type { SalePayload } from './payload.js'
import type { Plan } from './plan.js'
import type { LateCapture } from './request.js'
import { inRanges } from './state.js'
import { daysBetween } from './time.js'

const OLDEST_DAYS = 400

/** @throws FiscalError FR_LATE_DUPLICATE, REQUEST_INVALID for a date to come or too long ago */
export function checkLate(plan: Plan, late: LateCapture): void {
  const { date } = plan.at
  if (Number.isNaN(Date.parse(`${late.paperDate}T00:00:00Z`))) throw invalid('lateCapture.paperDate', 'is no date')
  if (late.paperDate > localDate(plan)) throw invalid('lateCapture.paperDate', 'lies in the future')
  if (daysBetween(late.paperDate, date) > OLDEST_DAYS && late.force === undefined) {
    throw invalid('lateCapture.paperDate', `is more than ${OLDEST_DAYS} days ago; a manager may force it`)
  }
  if (inRanges(plan.state.pads[late.pad] ?? [], late.paperNumber)) {
    throw refuse('FR_LATE_DUPLICATE', `number ${late.paperNumber} of pad ${late.pad} was captured before`, {
      path: 'lateCapture.paperNumber',
    })
  }
}

// The paper carries the calendar's date, not the business day's.
function localDate({ at }: Plan): string {
  return `${at.moment.slice(0, 4)}-${at.moment.slice(4, 6)}-${at.moment.slice(6, 8)}`
}

/** What the record keeps: an unknown time is noon. */
export function lateOf(plan: Plan, late: LateCapture): NonNullable<SalePayload['late']> {
  const time = late.paperTime === undefined ? '12:00:00' : late.paperTime.length === 5 ? `${late.paperTime}:00` : late.paperTime
  const newest = (plan.state.pads[late.pad] ?? []).at(-1)?.[1] ?? 0
  const moment = `${late.paperDate}${time}`.replaceAll(/[-:]/g, '')
  return { pad: late.pad, paperNumber: late.paperNumber, moment, ...(late.paperNumber < newest && { outOfOrder: true as const }) }
}
