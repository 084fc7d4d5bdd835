/** `/v1/me/unread`: what the user that calls has not read. */
import Type from 'typebox'
import { json } from '../../http/answers.ts'
import { principalOf } from '../../http/principals.ts'
import type { Scope } from '../../http/scope.ts'
import { MESSAGES } from '../tags.ts'

const More = Type.Optional(Type.Literal(true, { description: 'There are more than that.' }))
const Count = (description: string) => Type.Integer({ minimum: 0, description })

const UnreadSchema = Type.Object({
  total: Count('The sum over all chats.'),
  mentions: Count('Those that mention you.'),
  unread_more: More,
  chats: Type.Record(
    Type.String(),
    Type.Object({
      unread: Type.Integer({ minimum: 1, maximum: 999 }), mentions: Count('Those that mention you.'), unread_more: More
    }),
    { description: 'The chats with unread messages, by their ids.' }
  ),
  pos: Type.Integer({ minimum: 0, description: 'The position in your feed that this answer is true for.' }),
  epoch: Type.String({ description: 'Another one means that the server went back to an earlier state.' })
})

/** Adds the route. */
export function getUnread (app: Scope): void {
  app.get(
    '/unread',
    {
      schema: {
        operationId: 'getUnread',
        tags: [MESSAGES],
        summary: 'Count your unread messages',
        description:
          'Messages above your read mark that are neither yours nor deleted nor hidden from you, exactly to 999 for ' +
          'each chat. Replies in threads count if you follow the thread.',
        response: {
          200: json('The numbers.', UnreadSchema, {
            total: 3, mentions: 1, chats: { 'order-4711': { unread: 3, mentions: 1 } }, pos: 17, epoch: '7f3a'
          })
        }
      }
    },
    async (request) => {
      const { userId, chats: claim } = principalOf(request)
      const pos = (await app.services.feeds.heads([userId])).get(userId) ?? 0
      const { total, mentions, hasMore, chats } = await app.services.countUnread({ userId, claim })
      return {
        total,
        mentions,
        ...(hasMore && { unread_more: true as const }),
        chats: Object.fromEntries([...chats].map(([id, count]) => [id, {
          unread: count.unread, mentions: count.mentions, ...(count.hasMore && { unread_more: true as const })
        }])),
        pos,
        epoch: app.services.epoch.current
      }
    }
  )
}
