/** Dates and numbers as people write them where the browser is. */
import { dayOf } from './day.ts'
import { locale } from './index.ts'

const DAYS_BY_NAME = 6

const formats = new Map<string, Intl.DateTimeFormat>()

function format (date: Date, name: string, options: Intl.DateTimeFormatOptions): string {
  const key = `${locale.value} ${name}`
  let known = formats.get(key)
  if (known === undefined) formats.set(key, known = new Intl.DateTimeFormat(locale.value, options))
  return known.format(date)
}

/** The time of a message, e.g. `14:05`. */
export function timeOfDay (time: string): string {
  return format(new Date(time), 'time', { timeStyle: 'short' })
}

/** The whole date and time. */
export function fullTime (time: string): string {
  return format(new Date(time), 'full', { dateStyle: 'full', timeStyle: 'short' })
}

/** A date and time in few letters, also in the future, e.g. `6 Dec 2026, 10:00`. */
export function dateAndTime (time: string): string {
  return format(new Date(time), 'date-and-time', { dateStyle: 'medium', timeStyle: 'short' })
}

/** A day as a heading, e.g. `Today`, `Tuesday`, `3 March 2026`. */
export function dayTitle (time: string, now = new Date()): string {
  const date = new Date(time)
  const age = dayOf(now) - dayOf(date)
  if (age === 0 || age === 1) {
    const text = new Intl.RelativeTimeFormat(locale.value, { numeric: 'auto' }).format(-age, 'day')
    return text.charAt(0).toLocaleUpperCase(locale.value) + text.slice(1)
  }
  if (age > 1 && age <= DAYS_BY_NAME) return format(date, 'weekday', { weekday: 'long' })
  return format(date, 'date', { day: 'numeric', month: 'long', year: 'numeric' })
}

/** A moment in few letters, for lists: the time today, then the day of the week, then the date. */
export function shortTime (time: string, now = new Date()): string {
  const date = new Date(time)
  const age = dayOf(now) - dayOf(date)
  if (age <= 0) return timeOfDay(time)
  if (age <= DAYS_BY_NAME) return format(date, 'short-weekday', { weekday: 'short' })
  return format(date, 'short-date', { day: 'numeric', month: 'numeric', year: '2-digit' })
}

/** A size of a file, e.g. `2.4 MB`. */
export function fileSize (bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const unit = units[power] ?? 'byte'
  return new Intl.NumberFormat(locale.value, {
    style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: power === 0 ? 0 : 1
  }).format(bytes / 1_000 ** power)
}

/** How long ago a moment is, e.g. `5 minutes ago`. */
export function relativeTime (time: string, now = Date.now()): string {
  const minutes = Math.round((now - Date.parse(time)) / 60_000)
  const relative = new Intl.RelativeTimeFormat(locale.value, { numeric: 'auto' })
  if (minutes < 60) return relative.format(-Math.max(0, minutes), 'minute')
  const hours = Math.round(minutes / 60)
  return hours < 24 ? relative.format(-hours, 'hour') : relative.format(-Math.round(hours / 24), 'day')
}
