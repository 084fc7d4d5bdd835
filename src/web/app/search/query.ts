/** The fields of the search as the client library takes them, and results as they are shown. Pure. */
import { type SearchFilter, type SearchResult, splitHighlights } from '../../../client/search/index.ts'
import type { SearchFields } from './fields.ts'

/** So much of a text is shown before the first match. */
const LEAD_CHARACTERS = 48

/** Whether there is something to search for: other filters only narrow it. */
export function isSearchable ({ text, hasFile }: SearchFields): boolean {
  return text.trim() !== '' || hasFile
}

/** The filters. Days are those of the user, from their first moment to their last. */
export function filterOf ({ chat, from, after, before, hasFile }: SearchFields): SearchFilter {
  return {
    ...(chat !== '' && { chat }),
    ...(from !== null && { from: from.id }),
    ...(after !== '' && { after: startOf(after, 0) }),
    ...(before !== '' && { before: startOf(before, 1) }),
    ...(hasFile && { has: 'file' })
  }
}

/** The number of filters that are set. */
export function countFilters (fields: SearchFields): number {
  return Object.keys(filterOf(fields)).length
}

/** The text in pieces, from a few words before the first match on. */
export function excerptOf (result: Pick<SearchResult, 'message' | 'highlights'>): { text: string, isMatch: boolean }[] {
  const [first, ...rest] = splitHighlights(result)
  if (first === undefined) return []
  if (first.isMatch || rest.length === 0 || first.text.length <= LEAD_CHARACTERS) return [first, ...rest]
  const lead = first.text.slice(-LEAD_CHARACTERS)
  return [{ text: `… ${lead.slice(lead.search(/\s/) + 1)}`, isMatch: false }, ...rest]
}

/** Where a message is: in its chat, or in a thread there. */
export type Place = {
  readonly screen: 'chats'
  readonly chat: string
  readonly at: number
  readonly panel?: { readonly name: string, readonly argument: string }
}

/** The route to a message that was found. */
export function placeOf ({ message: { seq, parent }, chat }: Pick<SearchResult, 'message' | 'chat'>): Place {
  return {
    screen: 'chats',
    chat: chat.id,
    at: parent ?? seq,
    ...(parent !== null && { panel: { name: 'thread', argument: String(parent) } })
  }
}

function startOf (day: string, plusDays: number): Date {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(year, month - 1, date + plusDays)
}
