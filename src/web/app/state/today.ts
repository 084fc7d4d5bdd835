/** The day of the calendar: what is said in its terms, such as "Yesterday", changes at midnight. */
import { type ReadonlySignal, signal } from '@preact/signals'
import { dayOf } from '../words/day.ts'

const day = signal(dayOf(new Date()))
let timer: ReturnType<typeof setTimeout> | undefined

/** Its number, see {@link dayOf}. */
export const today: ReadonlySignal<number> = day

function look (): void {
  const now = new Date()
  day.value = dayOf(now)
  clearTimeout(timer)
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1)
  timer = setTimeout(look, midnight.getTime() - now.getTime())
}

// Timers stand still where a computer sleeps.
document.addEventListener('visibilitychange', look)
look()
