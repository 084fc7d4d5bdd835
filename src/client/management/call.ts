/** Requests through a client, with answers that are looked at. */
import type { CallOptions, RequestOptions } from '../http.ts'
import { ConfabProblem } from '../problem.ts'
import { type Page, withFields } from '../types.ts'

/** What is needed of a client. */
export type Requester = { request: (path: string, options?: RequestOptions) => Promise<unknown> }

/** Headers of a body that is sent as it is. */
export const AS_BYTES = { 'content-type': 'application/octet-stream' }

/** A page of the server has at most as many. */
const MAX_PAGE = 200

const isPage = withFields<Page<unknown>>('items', 'next')

/** Sends a request. @throws {ConfabProblem} */
export async function call<Answer> (
  client: Requester, path: string, isAnswer: (value: unknown) => value is Answer, options: RequestOptions = {}
): Promise<Answer> {
  const answer = await client.request(path, options)
  if (!isAnswer(answer)) throw new ConfabProblem('unreadable', 'Bad answer.')
  return answer
}

/** All items of a list, page by page. @throws {ConfabProblem} */
export async function listAll<Item> (
  client: Requester, path: string, isItem: (value: unknown) => value is Item, { signal }: CallOptions = {}
): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const at: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: Page<unknown> = await call(client, `${path}?limit=${String(MAX_PAGE)}${at}`, isPage, { signal })
    items.push(...page.items.filter(isItem))
    cursor = page.next
  }
  return items
}

/** The path of a user below another one. Ids need no encoding; a program may pass something else. */
export function segment (id: string): string {
  if (!/^[\w.~-]{1,64}$/.test(id) || /^\.{1,2}$/.test(id)) throw new ConfabProblem('invalid_input', `No id: ${id}`)
  return id
}
