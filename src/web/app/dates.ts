/** Dates and times as the reader's locale writes them. */
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

/** Everything there is to say of a moment. */
export function momentOf (date: Date): string {
  return FULL.format(date)
}

/** Today, yesterday, or the date: what stands between the messages of two days. */
export function dayOf (date: Date, now = new Date()): string {
  const days = daysBetween(date, now)
  if (days <= 1) return capitalised(RELATIVE.format(-days, 'day'))
  if (days < DAYS_OF_WEEK) return WEEKDAY.format(date)
  return (date.getFullYear() === now.getFullYear() ? DAY : DAY_OF_YEAR).format(date)
}

/** A moment in the few letters that a list has room for. */
export function shortly (date: Date, now = new Date()): string {
  const days = daysBetween(date, now)
  if (days === 0) return TIME.format(date)
  if (days < DAYS_OF_WEEK) return SHORT_WEEKDAY.format(date)
  return (date.getFullYear() === now.getFullYear() ? SHORT_DAY : SHORT_DATE).format(date)
}

/** Whether two moments are on one day of the reader's calendar. */
export function isSameDay (one: Date, other: Date): boolean {
  return one.toDateString() === other.toDateString()
}

/** By the calendar, not by hours, and never of the future: clocks differ. */
function daysBetween (date: Date, now: Date): number {
  const midnight = (each: Date) => Date.UTC(each.getFullYear(), each.getMonth(), each.getDate())
  return Math.max(0, Math.round((midnight(now) - midnight(date)) / 86_400_000))
}

function capitalised (text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1)
}
