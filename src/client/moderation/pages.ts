/** Lists that may be long, a page at a time. */
import type { CallOptions } from '../http.ts'
import { call, type Requester } from '../management/call.ts'
import { type Page, withFields } from '../types.ts'

/** Which page: `cursor` is the `next` of the one before it. */
export type PageOptions = { cursor?: string | undefined, limit?: number | undefined } & CallOptions

/** A page; `next` is null at the end. */
export type ListedPage<Item> = { readonly items: readonly Item[], readonly next: string | null }

const isPage = withFields<Page<unknown>>('items', 'next')

/** Reads a page of a list; fields of the query that are undefined are left out. */
export async function listPage<Item> (
  client: Requester,
  path: string,
  isItem: (value: unknown) => value is Item,
  query: Readonly<Record<string, string | number | undefined>>,
  { signal }: CallOptions
): Promise<ListedPage<Item>> {
  const fields = Object.entries(query).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
  const page = await call(client, fields.length === 0 ? path : `${path}?${fields.join('&')}`, isPage, { signal })
  return { items: page.items.filter(isItem), next: page.next }
}
