/** What can be searched for. */

/** The fields of the search. Days as in date fields, e.g. `2026-11-29`; empty ones do not count. */
export type SearchFields = {
  readonly text: string
  /** The id of a chat. */
  readonly chat: string
  readonly from: { readonly id: string, readonly name: string } | null
  readonly after: string
  readonly before: string
  readonly hasFile: boolean
}

/** Nothing. */
export const NO_FIELDS: SearchFields = { text: '', chat: '', from: null, after: '', before: '', hasFile: false }
