/** What is searched for, and whether the search is shown in the place of the list of chats. */
import { type ReadonlySignal, signal } from '@preact/signals'
import { goTo, route, showPanel } from '../shell/routes.ts'
import { NO_FIELDS, type SearchFields } from './fields.ts'

const shown = signal(0)
let openings = 0

/** The fields as they are. */
export const searchFields = signal<SearchFields>(NO_FIELDS)

/** 0 as long as the search is not shown; another number with each request to show it. */
export const shownSearch: ReadonlySignal<number> = shown

/** Shows the search. @param fields those that are set by it */
export function openSearch (fields: Partial<SearchFields>): void {
  searchFields.value = { ...searchFields.value, ...fields }
  const { value } = route
  // Where there is no room the list of chats is covered by what is open.
  if (value.screen !== 'chats' || matchMedia('(max-width: 46rem)').matches) goTo({ screen: 'chats' })
  else if (value.panel !== undefined && matchMedia('(max-width: 64rem)').matches) showPanel(undefined)
  shown.value = ++openings
}

/** Shows the list of chats again, and forgets what was searched for. */
export function closeSearch (): void {
  shown.value = 0
  searchFields.value = NO_FIELDS
}
