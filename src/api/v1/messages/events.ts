/** `GET /v1/chats/{chat}/events`: the log of a chat. */
import Type from 'typebox'
import { ChatError } from '../../../domain/errors.ts'
import { json } from '../../http/answers.ts'
import type { Scope } from '../../http/scope.ts'
import { encodeEvent, encodeHiddenEvent, EventSchema, EXAMPLE_EVENT } from '../event.ts'
import { MESSAGES } from '../tags.ts'
import { ChatParams, HEAD, readerOf } from './chat.ts'
import { decodeCursor, encodeCursor, LIST_FIELDS, NEIGHBOURS, readLimit, readSeq } from './position.ts'

const Query = Type.Object(
  { ...LIST_FIELDS, after: Type.Optional(Type.String({ description: 'Events with a greater seq; by default all.' })) },
  { additionalProperties: false }
)
const Page = Type.Object({ items: Type.Array(EventSchema), ...NEIGHBOURS, ...HEAD })

/** Adds the route. */
export function listEvents (app: Scope): void {
  app.get(
    '/events',
    {
      config: { errors: ['invalid_input', 'unknown_chat', 'forbidden', 'position_unknown', 'insufficient_scope'] },
      schema: {
        operationId: 'listEvents',
        tags: [MESSAGES],
        summary: 'List the events of a chat after a position',
        description:
          'Every event, in the order of their seqs and without a gap. Those whose content you may not see have ' +
          '`data: null`. The content is the present one: a deleted message comes as its place.',
        params: ChatParams,
        querystring: Query,
        response: {
          200: json('The events.', Page, {
            items: [EXAMPLE_EVENT], next: null, prev: null, head: EXAMPLE_EVENT.seq, epoch: EXAMPLE_EVENT.epoch
          })
        }
      }
    },
    async (request) => {
      const { params: { chat }, query } = request
      const filter = `events ${chat}`
      const reader = readerOf(request)
      const { access, items, isHidden } = await app.services.reading.events(reader, {
        chat, ...readRange(query, filter)
      })
      const place = { chat: access.id, epoch: app.services.epoch.current }
      const [first, last] = [items.at(0)?.seq ?? 1, items.at(-1)?.seq ?? access.lastSeq]
      return {
        items: items.map((event) =>
          isHidden(event) ? encodeHiddenEvent(event, place) : encodeEvent(event, place, reader.userId)),
        next: last >= access.lastSeq ? null : encodeCursor(filter, 'after', last),
        prev: first <= 1 ? null : encodeCursor(filter, 'before', first),
        head: access.lastSeq,
        epoch: place.epoch
      }
    }
  )
}

function readRange (
  { after, cursor, limit: text }: { after?: string, cursor?: string, limit?: string },
  filter: string
): { after: number, limit: number } {
  const limit = readLimit(text)
  if (after !== undefined && cursor !== undefined)
    throw new ChatError('invalid_input', 'Only one of "after" and "cursor" may be given.')
  if (after !== undefined) return { after: readSeq('after', after), limit }
  const position = cursor === undefined ? { after: 0 } : decodeCursor(cursor, filter)
  if ('after' in position) return { ...position, limit }
  // No seq is missing, so that these are the ones before.
  const start = Math.max(0, position.before - 1 - limit)
  return { after: start, limit: Math.min(limit, position.before - 1 - start) }
}
