/** Dates and times in the reader's locale. */
const TIME = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: 'long' })
const SHORT_WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: 'short' })
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const DAY_OF_YEAR = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' })
const SHORT_DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const SHORT_DATE = new Intl.DateTimeFormat(undefined, { dateStyle: 'short' })
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' })
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })
const DAYS_OF_WEEK = 7

/** The time of day. */
export function timeOf (date: Date): string {
  return TIME.format(date)
}

/** Full date and time. */
export function momentOf (date: Date): string {
  return FULL.format(date)
}

/** Today, yesterday, or the date: the heading between messages of different days. */
export function dayOf (date: Date, now = new Date()): string {
  const days = daysBetween(date, now)
  if (days <= 1) return capitalised(RELATIVE.format(-days, 'day'))
  if (days < DAYS_OF_WEEK) return WEEKDAY.format(date)
  return (date.getFullYear() === now.getFullYear() ? DAY : DAY_OF_YEAR).format(date)
}

/** Short form of a point in time, for the list. */
export function shortly (date: Date, now = new Date()): string {
  const days = daysBetween(date, now)
  if (days === 0) return TIME.format(date)
  if (days < DAYS_OF_WEEK) return SHORT_WEEKDAY.format(date)
  return (date.getFullYear() === now.getFullYear() ? SHORT_DAY : SHORT_DATE).format(date)
}

/** Whether two times are on the same day of the reader's calendar. */
export function isSameDay (one: Date, other: Date): boolean {
  return one.toDateString() === other.toDateString()
}

/** Calendar days, never negative: clocks differ. */
function daysBetween (date: Date, now: Date): number {
  const midnight = (each: Date) => Date.UTC(each.getFullYear(), each.getMonth(), each.getDate())
  return Math.max(0, Math.round((midnight(now) - midnight(date)) / 86_400_000))
}

function capitalised (text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1)
}
