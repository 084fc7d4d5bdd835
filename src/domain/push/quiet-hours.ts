/** Quiet hours: the time of the day at which a user is not notified, where the user is. */

const MINUTES_PER_HOUR = 60
const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/

/** The clocks of time zones; there are some hundreds of zones. */
const clocks = new Map<string, Intl.DateTimeFormat>()

/** Minutes of the day in a time zone; null for no quiet hours. */
export type QuietHours = { quietFrom: number | null, quietTo: number | null, timeZone: string | null }

/** Whether it is quiet for a user. Quiet hours may go beyond midnight. */
export function isQuiet ({ quietFrom: from, quietTo: to, timeZone }: QuietHours, at: Date = new Date()): boolean {
  if (from === null || to === null || timeZone === null) return false
  const now = minuteOfDay(timeZone, at)
  return from <= to ? now >= from && now < to : now >= from || now < to
}

/** The usual name of a time zone; undefined for none that is known. */
export function timeZoneOf (name: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}

/** The minute of the day of a time such as `22:30`; undefined for none. */
export function minuteOf (time: string): number | undefined {
  const [, hours, minutes] = TIME.exec(time) ?? []
  return hours === undefined || minutes === undefined ? undefined : Number(hours) * MINUTES_PER_HOUR + Number(minutes)
}

/** The reverse of {@link minuteOf}. */
export function timeOf (minute: number): string {
  const digits = (value: number) => String(value).padStart(2, '0')
  return `${digits(Math.floor(minute / MINUTES_PER_HOUR))}:${digits(minute % MINUTES_PER_HOUR)}`
}

function minuteOfDay (timeZone: string, at: Date): number {
  const clock = clocks.get(timeZone) ??
    new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  clocks.set(timeZone, clock)
  return minuteOf(clock.format(at)) ?? 0
}
