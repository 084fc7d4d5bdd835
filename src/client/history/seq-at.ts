/** Finds the place of a moment in a chat. */
import type { ConfabClient } from '../client.ts'
import type { CallOptions } from '../http.ts'
import { type MessageJson, type Page, withFields } from '../types.ts'

const isPage = withFields<Page<MessageJson>>('items', 'prev')

/**
 * Returns the seq of the first message at or after a moment; null when there is none. It asks for single messages, as
 * many as it takes to halve the length of the chat down to one. @throws {ConfabProblem}
 */
export async function seqAt (
  client: ConfabClient, chat: string, moment: Date, { signal }: CallOptions = {}
): Promise<number | null> {
  const newestBefore = async (seq: number | undefined): Promise<MessageJson | undefined> => {
    const position = seq === undefined ? '' : `&before=${String(seq)}`
    const page = await client.request(`/chats/${chat}/messages?limit=1${position}`, { signal })
    return isPage(page) ? page.items[0] : undefined
  }
  const last = await newestBefore(undefined)
  if (last === undefined || Date.parse(last.created_at) < moment.getTime()) return null
  // Up to `low` everything is earlier, `high` is not.
  let [low, high] = [0, last.seq]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    const message = await newestBefore(middle + 1)
    if (message === undefined || Date.parse(message.created_at) < moment.getTime()) low = middle
    else high = message.seq
  }
  return high
}
