/** Points in time. */

const MS_PER_MINUTE = 60_000

/** The time `minutes` later. */
export function minutesAfter (moment: Date, minutes: number): Date {
  return new Date(moment.getTime() + minutes * MS_PER_MINUTE)
}
