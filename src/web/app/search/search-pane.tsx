/**
 * The search in messages. It takes the place of the list of chats, so that one result after another can be opened
 * beside it.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { IconButton } from '../design/button.tsx'
import { Icon } from '../design/icon.tsx'
import { openChat } from '../shell/routes.ts'
import { words } from '../words/more.ts'
import { countFilters } from './query.ts'
import { SearchFilters } from './search-filters.tsx'
import { SearchResults } from './search-results.tsx'
import { closeSearch, searchFields, shownSearch } from './search-state.ts'
import { useResults } from './use-results.ts'

/** The pane. */
export function SearchPane () {
  const { chats, search, back } = words.value
  const fields = searchFields.value
  const field = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const [hasFilters, setFilters] = useState(countFilters(fields) > 0)
  const { results, loadMore, retry } = useResults(fields)
  const filters = countFilters(fields)
  useLayoutEffect(() => {
    field.current?.focus()
    field.current?.select()
  }, [shownSearch.value])
  const close = () => {
    closeSearch()
    focusList()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && !(event.target instanceof HTMLSelectElement)) {
      event.preventDefault()
      close()
    } else if (event.key === 'ArrowDown' && event.target === field.current) {
      event.preventDefault()
      list.current?.querySelector<HTMLElement>('a')?.focus()
    }
  }
  return (
    <div class='search-pane' role='search' aria-label={chats.search} onKeyDown={onKeyDown}>
      <header class='pane-head'>
        <h1 class='unseen'>{chats.search}</h1>
        <span class='flips'><IconButton icon='back' label={back} onClick={close} /></span>
        <input
          ref={field} type='search' class='text-field grow' autocomplete='off' enterkeyhint='search' dir='auto'
          aria-label={search.label} placeholder={chats.search} value={fields.text} maxLength={200}
          onInput={({ currentTarget }) => {
            searchFields.value = { ...searchFields.value, text: currentTarget.value }
          }}
        />
        <button
          type='button' class={`filter-button ${filters > 0 ? 'is-set' : ''}`} aria-expanded={hasFilters}
          aria-controls='search-filters' onClick={() => setFilters(!hasFilters)}
        >
          {filters > 0 ? search.filtersSet(filters) : search.filters}
          <Icon name='chevron' class='small' />
        </button>
      </header>
      <div id='search-filters' hidden={!hasFilters}>{hasFilters && <SearchFilters />}</div>
      <SearchResults
        results={results} list={list} onMore={loadMore} onRetry={retry} onLeave={() => field.current?.focus()}
      />
    </div>
  )
}

/** Where the user was before: the open chat, else the first one. */
function focusList (): void {
  requestAnimationFrame(() => {
    const chat = openChat.value === undefined ? null : document.querySelector<HTMLElement>('a.chat.is-open')
    const first = chat ?? document.querySelector<HTMLElement>('.pane-list h1')
    first?.focus()
  })
}
