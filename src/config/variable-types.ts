/**
 * Types of environment variables. `expected`, a keyword of our own, completes the error sentence about a wrong value.
 */
import Type from 'typebox'
import { LONGEST_TIMER_MS } from './durations.ts'
import { bytes } from './sizes.ts'

/** A whole number within bounds. */
export const integer = (description: string, value: number, minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  Type.Integer({
    description,
    default: value,
    minimum,
    maximum,
    expected: `a whole number from ${String(minimum)} to ${String(maximum)}`
  })

/** A duration such as `10s`. */
export const duration = (description: string, value?: string) =>
  Type.String({
    description,
    ...(value !== undefined && { default: value }),
    pattern: '^[1-9][0-9]{0,8}(ms|s|m|h|d)$',
    expected: 'a duration such as 500ms, 10s, 15m, 12h or 60d'
  })

/** A duration that a timer of Node.js can count. */
export const timer = (description: string, value?: string) => ({
  ...duration(description, value),
  expected: 'a duration from 1ms to 24d, such as 500ms, 10s or 15m',
  longestMs: LONGEST_TIMER_MS
})

/** A number of bytes such as `100MiB`. @param maximum the largest one, in the same form */
export const size = (description: string, value: string, maximum: string) => ({
  ...Type.String({
    description,
    default: value,
    pattern: '^[1-9][0-9]{0,8}(B|KiB|MiB|GiB|TiB)$',
    expected: `a size such as 512KiB or 100MiB, at most ${maximum}`
  }),
  maxBytes: bytes(maximum)
})

/** One of several words. */
export const choice = <const Choices extends string[]>(
  description: string,
  choices: Choices,
  value?: Choices[number]
) =>
  Type.Enum(choices, {
    description,
    expected: choices.join(', ').replace(/, ([^,]*)$/, ' or $1'),
    ...(value !== undefined && { default: value })
  })

/** A text that may be absent. */
export const optional = (description: string, pattern: string, expected: string) =>
  Type.Optional(Type.String({ description, pattern, expected }))
