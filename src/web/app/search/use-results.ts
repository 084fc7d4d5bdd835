/** The results of the search, page by page. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { ConfabSearch, type SearchPage, type SearchResult } from '../../../client/search/index.ts'
import { login } from '../session/session.ts'
import type { SearchFields } from './fields.ts'
import { filterOf, isSearchable } from './query.ts'

/** The user may still be writing. */
const DELAY_MS = 250

const search = new ConfabSearch({ url: location.origin, getToken: login.tokens() })

/** What is found so far. */
export type Results = {
  /** Null before anything was searched for. */
  readonly items: readonly SearchResult[] | null
  readonly next: string | null
  readonly isSimilar: boolean
  readonly isLoading: boolean
  readonly problem: unknown
}

const NOTHING: Results = { items: null, next: null, isSimilar: false, isLoading: false, problem: null }

/** Searches as the fields change. */
export function useResults (fields: SearchFields): { results: Results, loadMore: () => void, retry: () => void } {
  const [results, setResults] = useState<Results>(NOTHING)
  const [attempt, setAttempt] = useState(0)
  const running = useRef<AbortController | null>(null)
  const load = (cursor?: string) => {
    running.current?.abort()
    const { signal } = running.current = new AbortController()
    setResults((before) => ({ ...before, isLoading: true, problem: null }))
    search.messages(fields.text.trim(), { ...filterOf(fields), cursor, signal }).then((page) => {
      if (!signal.aborted) setResults((before) => withPage(cursor === undefined ? NOTHING : before, page))
    }, (problem: unknown) => {
      if (!signal.aborted) setResults((before) => ({ ...before, isLoading: false, problem }))
    })
  }
  useEffect(() => {
    if (!isSearchable(fields)) {
      setResults(NOTHING)
      return
    }
    const timer = setTimeout(load, DELAY_MS)
    return () => {
      clearTimeout(timer)
      running.current?.abort()
    }
  }, [fields, attempt])
  return {
    results,
    loadMore: () => {
      if (results.next !== null && !results.isLoading && results.problem === null) load(results.next)
    },
    retry: () => setAttempt((count) => count + 1)
  }
}

function withPage ({ items }: Results, page: SearchPage): Results {
  return {
    items: [...items ?? [], ...page.items],
    next: page.next,
    isSimilar: page.similar,
    isLoading: false,
    problem: null
  }
}
