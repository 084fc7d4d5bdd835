/** How much of an export is held at a time. */

/** Rows that are read by one query. */
export const PAGE = 1_000
