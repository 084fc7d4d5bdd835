/** `/v1/feed`: what concerns the user outside of the chats that a client follows. */
import Type from 'typebox'
import { ChatError } from '../../domain/errors.ts'
import type { FeedEvent } from '../../domain/feeds/feeds.ts'
import { json } from '../http/answers.ts'
import { principalOf, requireCaller } from '../http/principals.ts'
import type { Scope } from '../http/scope.ts'
import { DESCRIBED_PAGE_QUERY, PAGE_QUERY, pageSchema, Paging } from './cursor.ts'
import { encodeFeedEvent, EXAMPLE_FEED_EVENT, FeedEventSchema } from './feed-event.ts'
import { REALTIME } from './tags.ts'

const LIST = 'feed'
const MAX_DIGITS = 15

const Query = Type.Object({ ...PAGE_QUERY, after: Type.Optional(Type.Unknown()) }, { additionalProperties: false })
const DescribedQuery = Type.Object({
  ...DESCRIBED_PAGE_QUERY,
  after: Type.Optional(Type.Integer({
    minimum: 0, description: 'Events with a greater `pos`; by default all. Not together with a `cursor`.'
  }))
})
const Answer = Type.Object({
  ...pageSchema(FeedEventSchema),
  pos: Type.Integer({ minimum: 0, description: 'The last position of the feed.' }),
  epoch: Type.String({ description: 'Another one means that the server went back to an earlier state.' })
})
const paging = new Paging(Type.Integer({ minimum: 0 }))

/** Adds the route. */
export default async function feed (app: Scope): Promise<void> {
  requireCaller(app, { user: true, isNarrowed: true })
  app.get(
    '/',
    {
      config: { errors: ['invalid_input', 'position_unknown'], described: { query: DescribedQuery } },
      schema: {
        operationId: 'listFeed',
        tags: [REALTIME],
        summary: 'List the events of your feed',
        description:
          'Oldest first, without a gap: chats that you came into or out of, your settings in them, mentions, ' +
          'sessions. A socket gets them as they come, with `feed` in its `hello`.',
        querystring: Query,
        response: {
          200: json('The events.', Answer, {
            items: [EXAMPLE_FEED_EVENT], next: null, prev: null, pos: EXAMPLE_FEED_EVENT.pos,
            epoch: EXAMPLE_FEED_EVENT.epoch
          })
        }
      }
    },
    async (request) => {
      const { services: { feeds, epoch } } = app
      const { userId, chats: claim } = principalOf(request)
      const page = readRange(request.query)
      const { position = 0, isBackward = false } = page.from ?? {}
      // One more shows whether there are any behind these.
      const { items, pos } = isBackward
        ? await feeds.pageBefore(userId, position, page.limit + 1)
        : await feeds.page(userId, position, page.limit + 1)
      const { current } = epoch
      const rows = isBackward ? items.reverse() : items
      const answer = paging.page(page, LIST, rows, {
        positionOf: (event: FeedEvent) => event.pos,
        encode: (event: FeedEvent) => encodeFeedEvent(event, current, claim)
      })
      return { ...answer, pos, epoch: current }
    }
  )
}

function readRange ({ after, ...query }: { after?: unknown, limit?: unknown, cursor?: unknown }) {
  const page = paging.read(query, LIST)
  if (after === undefined) return page
  if (page.from !== undefined)
    throw new ChatError('invalid_input', 'Only one of the fields "after" and "cursor" may be given.')
  if (typeof after !== 'string' || !/^\d+$/.test(after) || after.length > MAX_DIGITS)
    throw new ChatError('invalid_input', 'The field "after" must be a position.')
  return { ...page, from: { position: Number(after), isBackward: false } }
}
