/** Following the chats that a client names, on a socket or a stream. */
import type { Chats } from '../../../domain/chats/chats.ts'
import type { ReadMarks } from '../../../domain/chats/read-marks.ts'
import { ChatError } from '../../../domain/errors.ts'
import { joinChats, type Joiner } from '../../../realtime/socket-join.ts'
import type { RefValue } from '../../../realtime/client-frame.ts'
import { problemFrame, subscribedFrame } from './server-frames.ts'

/** The chats of a request, with the positions that the client has. */
export type Subscriptions = {
  readonly chats: readonly {
    readonly chat: string
    readonly after?: number | undefined
    readonly last?: number | undefined
  }[]
  readonly ref?: RefValue | undefined
}

/** What the answers are made of. */
export type SubscribeDeps = { chats: Pick<Chats, 'idsOf'>, readMarks: Pick<ReadMarks, 'receiptsOf'> }

/** Follows chats: each is answered by itself, a narrowed token gets those alone that it may read. */
export async function subscribe (
  joiner: Joiner, { chats, readMarks }: SubscribeDeps, { chats: asked, ref }: Subscriptions
): Promise<void> {
  const { connection } = joiner
  const both = asked.find(({ after, last }) => after !== undefined && last !== undefined)
  if (both !== undefined)
    throw new ChatError('invalid_input', `The chat "${both.chat}" has both "after" and "last".`)
  if (connection === undefined) return
  const claim = connection.principal.chats
  const byName = new Map(asked.map((one) => [one.chat, one]))
  const ids = await chats.idsOf([...byName.keys()])
  const requests = [...byName].flatMap(([name, { after, last }]) => {
    const chatId = claim === undefined || claim.may(name, 'read') ? ids.get(name) : undefined
    if (chatId !== undefined) return [{ chatId, name, after, last, isOnce: true, mayVisit: true }]
    connection.tell(problemFrame(new ChatError('unknown_chat'), ref, name))
    return []
  })
  const chatIds = requests.map(({ chatId }) => chatId)
  const receipts = await readMarks.receiptsOf(connection.principal.userId, chatIds)
  await joinChats(joiner, requests, ({ chatId, name = '' }, outcome) => {
    connection.tell(
      outcome instanceof ChatError
        ? problemFrame(outcome, ref, name)
        : subscribedFrame(ref, { chat: name, head: outcome, receipts: receipts.get(chatId) ?? [] })
    )
  })
}
