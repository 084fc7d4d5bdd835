/** Long lists of the server, a page at a time. */
import { useEffect, useRef, useState } from 'preact/hooks'

/** A page: `next` is the cursor of the one behind it. */
type Page<Item> = { readonly items: readonly Item[], readonly next: string | null }

/** What {@link usePages} returns. */
export type Pages<Item> = {
  /** Undefined before the first page is there. */
  readonly items: readonly Item[] | undefined
  readonly hasMore: boolean
  readonly isLoading: boolean
  /** Why the last page could not be loaded; null else. */
  readonly problem: unknown
  readonly loadMore: () => void
  /** Loads the first page again; what is there stays until then. */
  readonly reload: () => void
  /** Changes what is there, before the server knows it. */
  readonly change: (change: (items: readonly Item[]) => readonly Item[]) => void
}

type State<Item> = { items: readonly Item[] | undefined, next: string | null, isLoading: boolean, problem: unknown }

/** Loads the first page, and again when one of `inputs` changes. */
export function usePages<Item> (
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Item>>, inputs: readonly unknown[]
): Pages<Item> {
  const [{ items, next, isLoading, problem }, setState] = useState<State<Item>>(NOTHING)
  const running = useRef<AbortController | null>(null)
  // What is under way may ask to read again after the inputs have changed.
  const latest = useRef(load)
  latest.current = load
  const read = (cursor?: string) => {
    running.current?.abort()
    const { signal } = running.current = new AbortController()
    setState((before) => ({ ...before, isLoading: true, problem: null }))
    latest.current(cursor, signal).then((page) => {
      if (signal.aborted) return
      setState((before) => ({
        items: [...cursor === undefined ? [] : before.items ?? [], ...page.items],
        next: page.next,
        isLoading: false,
        problem: null
      }))
    }, (error: unknown) => {
      if (!signal.aborted) setState((before) => ({ ...before, isLoading: false, problem: error }))
    })
  }
  useEffect(() => {
    setState(NOTHING)
    read()
    return () => running.current?.abort()
  }, inputs)
  return {
    items,
    hasMore: next !== null,
    isLoading,
    problem,
    loadMore: () => {
      if (next !== null && !isLoading) read(next)
    },
    reload: () => read(),
    change: (change) => setState((before) => ({ ...before, items: before.items && change(before.items) }))
  }
}

const NOTHING = { items: undefined, next: null, isLoading: true, problem: null }
