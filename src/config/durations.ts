/** Durations in the environment. */
import { ConfigError } from './errors.ts'

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Longest timer in whole days: those of Node overflow beyond 2^31 - 1 milliseconds and fire at once. */
export const LONGEST_TIMER_MS = 24 * UNIT_MS.d

const DURATION = /^(\d+)(ms|s|m|h|d)$/

/** Whether a text is a duration. */
export function isDuration (text: string): boolean {
  return DURATION.test(text)
}

/** Parses a duration such as `500ms` or `15m` to milliseconds. @throws {ConfigError} when it is none */
export function milliseconds (text: string): number {
  const [, amount, unit] = DURATION.exec(text) ?? []
  if (unit !== 'ms' && unit !== 's' && unit !== 'm' && unit !== 'h' && unit !== 'd')
    throw new ConfigError(`${text} is no duration.`)
  return Number(amount) * UNIT_MS[unit]
}
