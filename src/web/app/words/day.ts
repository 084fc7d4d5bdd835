/** Days of the calendar. */

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

/** A number of the calendar day, in the time zone of the browser. */
export function dayOf (date: Date): number {
  return Math.floor((date.getTime() - date.getTimezoneOffset() * MINUTE_MS) / DAY_MS)
}
