/** A list that the server sends page by page, as a live collection. */
import { atEndOfTurn } from './batching.ts'
import type { CallOptions, Http } from './http.ts'
import { Loadable, type LoadableOptions, type LoadState } from './loadable.ts'
import { type Page, withFields } from './types.ts'

const isPage = withFields<Page<unknown>>('items', 'next')

/** What is loaded of a list. */
export type ListState<Item> = LoadState & { readonly items: readonly Item[], readonly hasMore: boolean }

/** Dependencies. */
export type PagedListOptions = LoadableOptions & { http: Http }

const NONE = { items: [], hasMore: false, isLoading: true, problem: null }

/** A list, from its first page on. */
export abstract class PagedList<Item> extends Loadable<ListState<Item>> {
  readonly #http: Http
  /** The cursor of the next page; null behind the last one, undefined before the first one. */
  #next: string | null | undefined
  /** Many changes of one moment are shown together. */
  protected readonly showSoon = atEndOfTurn(() => this.show())

  constructor (options: PagedListOptions) {
    super(NONE, options)
    this.#http = options.http
  }

  /** Loads the first page, or the next one. @throws {ConfabProblem} */
  async loadMore (options: CallOptions = {}): Promise<void> {
    if (this.#next === null) return
    await this.run(async (isCurrent) => {
      const { items, next } = await this.fetch(this.#next, options)
      if (!isCurrent()) return
      this.take(items)
      this.#next = next
    })
  }

  /** What is loaded is out of date. */
  reset (): void {
    this.void()
    this.#next = undefined
    this.clear()
    this.loadAgain()
  }

  loadAgain (): void {
    if (this.isUsed && !this.isLoaded) this.loadMore().catch(() => undefined)
  }

  show (): void {
    this.put({ items: this.list(), hasMore: this.hasMore, ...this.loadState(this.isLoaded) })
  }

  protected get isLoaded (): boolean {
    return this.#next !== undefined
  }

  protected get hasMore (): boolean {
    return typeof this.#next === 'string'
  }

  protected async fetch (cursor: string | null | undefined, options: CallOptions = {}): Promise<Page<Item>> {
    const position = cursor == null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    return this.#http.request(`${this.path}${position}`, (page): page is Page<Item> => isPage(page), options)
  }

  /** That of the first page. */
  protected abstract readonly path: string
  /** Takes the items of a page in. */
  protected abstract take (items: readonly Item[]): void
  /** What is loaded, or what was seen last. */
  protected abstract list (): readonly Item[]
  protected abstract clear (): void
}
