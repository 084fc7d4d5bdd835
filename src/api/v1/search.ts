/** `GET /v1/search/messages`. */
import Type, { type Static } from 'typebox'
import type { SearchFeature } from '../../domain/search/query.ts'
import { EARLIEST, LATEST, type SearchRequest, type SearchResult } from '../../domain/search/search.ts'
import { json } from '../http/answers.ts'
import { requireCaller } from '../http/principals.ts'
import { limitedAs } from '../http/quotas.ts'
import type { Scope } from '../http/scope.ts'
import { DESCRIBED_PAGE_QUERY, PAGE_QUERY, pageSchema, Paging } from './cursor.ts'
import { encodeMessage, EXAMPLE_MESSAGE, MessageSchema } from './message.ts'
import { readerOf } from './messages/chat.ts'
import { SEARCH } from './tags.ts'

const FEATURES = ['file', 'link'] as const
const Text = (description: string) => Type.Optional(Type.String({ description }))
const Time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }))
const Offset = (description: string) => Type.Integer({ minimum: 0, description })

const QUERY = {
  q: Text(
    'Words that a message must all have, in any order. `"Words in quotes"` must follow each other, `-word` must not ' +
    'be there, and `begin*` is the beginning of a word, as the last word always is. At most 200 characters; may be ' +
    'missing with `has`. Of messages with the words of a phrase and without the phrase the newest 10,000 are looked at.'
  ),
  chat: Text('Only in this chat, which may be a public one that you are not in. An API key by itself has to name one.'),
  from: Text('Only messages of this user.'),
  after: Time('Only messages that were posted later than this time.'),
  before: Time('Only messages that were posted earlier than this time.'),
  has: Type.Optional(Type.Enum([...FEATURES], {
    type: 'string', description: 'Only messages with a file, or with a link in their text.'
  })),
  order: Type.Optional(Type.Enum(['newest', 'rank'], {
    type: 'string', default: 'newest', description: '`rank`: of the newest 500, those that match best first.'
  }))
}

const ResultSchema = Type.Object(
  {
    message: MessageSchema,
    chat: Type.Object({
      id: Type.String({ description: 'The id of the chat.' }),
      type: Type.String({ description: 'The type of the chat.' })
    }),
    highlights: Type.Array(
      Type.Object({ start: Offset('Where it begins.'), end: Offset('Behind its last code unit.') }),
      { description: 'What matches in the text: offsets in UTF-16 code units, as those of JavaScript strings.' }
    ),
    score: Type.Number({ description: 'How well it matches; comparable within one search.' })
  },
  { title: 'SearchResult' }
)

const EXAMPLE: Static<typeof ResultSchema> = {
  message: EXAMPLE_MESSAGE,
  chat: { id: 'order-4711', type: 'group' },
  highlights: [{ start: 12, end: 18 }],
  score: 1.17
}

const NaturalNumber = Type.Integer({ minimum: 0 })
const Moment = Type.Integer({ minimum: EARLIEST, maximum: LATEST })
const paging = new Paging(Type.Object({
  isSimilar: Type.Boolean(),
  place: Type.Union([Type.Object({ at: Moment, chatId: NaturalNumber, seq: NaturalNumber }), NaturalNumber])
}))

/** Adds the route. */
export default async function search (app: Scope): Promise<void> {
  requireCaller(app, { user: true, key: 'messages:read', isNarrowed: true })
  app.get(
    '/messages',
    {
      config: {
        ...limitedAs('search'),
        errors: ['search_off', 'invalid_input', 'unknown_chat', 'forbidden', 'insufficient_scope'],
        described: { query: Type.Object({ ...DESCRIBED_PAGE_QUERY, ...QUERY }) }
      },
      schema: {
        operationId: 'searchMessages',
        tags: [SEARCH],
        summary: 'Search messages',
        description:
          'In all chats that you are in, or in one that you may read; only what the history of a chat shows you, ' +
          'without messages of users whom you have blocked. Upper and lower case and accents make no difference. ' +
          'When no message has the words, those with words that are written a little differently are found. A new ' +
          'message can be found a moment after it was posted.',
        querystring: Type.Object({ ...PAGE_QUERY, ...QUERY }, { additionalProperties: false }),
        response: {
          200: json(
            'A page of messages, the newest first.',
            Type.Object({
              ...pageSchema(ResultSchema),
              similar: Type.Boolean({ description: 'No message has the words: these have similar ones.' })
            }),
            { items: [EXAMPLE], next: null, prev: null, similar: false }
          )
        }
      }
    },
    async (request) => {
      const { limit, cursor, ...filter } = request.query
      const name = `search ${JSON.stringify(Object.entries(filter).sort())}`
      const page = paging.read({ limit, cursor }, name)
      const { isSimilar, items } = await app.services.search.find(readerOf(request), { ...readFilter(filter), page })
      return {
        ...paging.page(page, name, items, { positionOf: ({ position }) => position, encode }),
        similar: isSimilar
      }
    }
  )
}

type Filter = {
  q?: string
  chat?: string
  from?: string
  after?: string
  before?: string
  has?: SearchFeature
  order?: 'newest' | 'rank'
}

function readFilter ({ q = '', chat, from, after, before, has, order }: Filter): Omit<SearchRequest, 'page'> {
  return {
    text: q,
    features: has === undefined ? [] : [has],
    chat,
    from,
    after: after === undefined ? undefined : Date.parse(after),
    before: before === undefined ? undefined : Date.parse(before),
    isRanked: order === 'rank'
  }
}

function encode ({ message, own, chat: { id, type }, match: { ranges, score } }: SearchResult):
Static<typeof ResultSchema> {
  return {
    message: encodeMessage(message, id, own),
    chat: { id, type },
    highlights: ranges,
    score: Math.round(score * 1_000) / 1_000
  }
}
