/**
 * The part of the rows that is in the document. It slides with the view, so that a chat of any length costs the same;
 * within it everything is ordinary: no estimated heights, and search in the page and screen readers find it. Pure.
 */

/** At most so many rows are in the document. */
export const MAX_ROWS = 140
/** So many rows are there at first, on each side of the first message to be seen. */
const FIRST_ROWS = 60
/** So many rows are added at an end that comes near: few, so that no frame waits for them. */
const STEP_ROWS = 20

/** The rows from `start` to before `end`. `end` is null as long as new ones belong to it. */
export type RowWindow = { readonly start: number, readonly end: number | null }

/** The newest rows. */
export function newestRows (count: number): RowWindow {
  return { start: Math.max(0, count - FIRST_ROWS), end: null }
}

/** The rows around one. */
export function rowsAround (index: number, count: number): RowWindow {
  const end = Math.min(count, index + FIRST_ROWS)
  return { start: Math.max(0, index - FIRST_ROWS), end: end >= count ? null : end }
}

/** Slides upwards. */
export function slideUp ({ start, end }: RowWindow, count: number): RowWindow {
  const first = Math.max(0, start - STEP_ROWS)
  const last = Math.min(end ?? count, first + MAX_ROWS)
  return { start: first, end: last >= count ? null : last }
}

/** Slides downwards. */
export function slideDown ({ start, end }: RowWindow, count: number): RowWindow {
  const last = Math.min(count, (end ?? count) + STEP_ROWS)
  return { start: Math.max(start, last - MAX_ROWS), end: last >= count ? null : last }
}

/** Rows were added before the first one. */
export function shift (window: RowWindow, by: number): RowWindow {
  const { start, end } = window
  return by === 0 ? window : { start: Math.max(0, start + by), end: end === null ? null : Math.max(0, end + by) }
}

/** Rows have come at the end. The window holds those that the user does not see only up to a limit. */
export function grow (window: RowWindow, count: number, isAtEnd: boolean): RowWindow {
  const { start, end } = window
  if (end !== null || count - start <= MAX_ROWS) return window
  return isAtEnd ? { start: count - FIRST_ROWS, end } : { start, end: start + MAX_ROWS }
}
