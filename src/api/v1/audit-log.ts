/** `/v1/audit-log`: what those did who manage the installation, its chats and its users. */
import Type, { type Static } from 'typebox'
import { userIdOf } from '../../domain/accounts/user-id.ts'
import type { AuditRow } from '../../domain/moderation/audit-log.ts'
import { json } from '../http/answers.ts'
import { requireCaller } from '../http/principals.ts'
import type { Scope } from '../http/scope.ts'
import { DESCRIBED_PAGE_QUERY, IdPosition, PAGE_QUERY, pageSchema, Paging } from './cursor.ts'
import { ADMINISTRATION } from './tags.ts'

const MAX_ID_LENGTH = 64
const ACTION = '^[a-z_]{1,32}\\.([a-z_]{1,32}|\\*)$'

const OrNull = <Of extends Type.TSchema>(schema: Of) => Type.Union([schema, Type.Null()])
const Id = (description: string) => Type.Optional(Type.String({ maxLength: MAX_ID_LENGTH, description }))
const Time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }))

const FILTER = {
  actor: Id('What this user did.'),
  key: Id('What this API key did.'),
  command: Type.Optional(Type.Enum(['true'], { type: 'string', description: 'What commands of `confab` did.' })),
  user: Id('What was done to this user.'),
  chat: Id('What was done in this chat.'),
  action: Type.Optional(Type.String({ pattern: ACTION, description: 'An action, or a group of them: `member.*`.' })),
  since: Time('From then on.'),
  until: Time('Before then.')
}

const EntrySchema = Type.Object(
  {
    id: Type.String(),
    at: Type.String({ format: 'date-time' }),
    action: Type.String({ description: 'Such as `member.banned`; new ones may come.' }),
    actor: Type.Object(
      {
        user: Type.Optional(OrNull(Type.String())),
        key: Type.Optional(Type.String()),
        command: Type.Optional(Type.Literal(true))
      },
      {
        description:
          'A user, null when it is erased; an API key; one on behalf of the other; or a command of `confab`.'
      }
    ),
    address: OrNull(Type.String({ description: 'The network address of the request; null of a command.' })),
    target: Type.Object(
      {
        user: Type.Optional(OrNull(Type.String({ description: 'Null when the user is erased.' }))),
        chat: Type.Optional(Type.String()),
        seq: Type.Optional(Type.Integer({ description: 'A message of the chat.' })),
        key: Type.Optional(Type.String()),
        webhook: Type.Optional(Type.String()),
        hook: Type.Optional(Type.String()),
        chat_type: Type.Optional(Type.String()),
        report: Type.Optional(Type.String())
      },
      { description: 'To whom and to what it was done, by ids.' }
    ),
    data: Type.Record(Type.String(), Type.Unknown(), {
      description: 'More about it, such as the roles before and after; never the text of a message.'
    })
  },
  { title: 'AuditEntry' }
)

const EXAMPLE: Static<typeof EntrySchema> = {
  id: '1017',
  at: '2026-11-28T10:15:04.512Z',
  action: 'member.role_changed',
  actor: { user: 'ann' },
  address: '203.0.113.7',
  target: { user: 'user-17', chat: 'order-4711' },
  data: { from: 'member', to: 'admin' }
}

const paging = new Paging(IdPosition)

/** Adds the route. */
export default async function auditLog (app: Scope): Promise<void> {
  requireCaller(app, { operator: true, key: 'ops:read' })
  app.get(
    '/',
    {
      config: {
        errors: ['invalid_input', 'not_an_operator', 'insufficient_scope'],
        described: { query: Type.Object({ ...DESCRIBED_PAGE_QUERY, ...FILTER }) }
      },
      schema: {
        operationId: 'listAuditLog',
        tags: [ADMINISTRATION],
        summary: 'List who managed what',
        description:
          'The newest first, for as long as `AUDIT_LOG_DAYS` says. For operators of the installation, and API keys ' +
          'with `ops:read`.',
        querystring: Type.Object({ ...PAGE_QUERY, ...FILTER }, { additionalProperties: false }),
        response: {
          200: json('A page of it.', Type.Object(pageSchema(EntrySchema)), {
            items: [EXAMPLE], next: null, prev: null
          })
        }
      }
    },
    async (request) => {
      const { limit, cursor, ...filter } = request.query
      const name = `audit ${JSON.stringify(filter)}`
      const page = paging.read({ limit, cursor }, name)
      const rows = await app.services.auditLog.list(queryOf(filter), page)
      return paging.page(page, name, rows, { positionOf: ({ id }) => id, encode })
    }
  )
}

type Filter = { [Name in keyof typeof FILTER]?: string | undefined }

function queryOf ({ actor, key: keyId, command, user, chat, action, since, until }: Filter) {
  const timeOf = (text: string | undefined) => text === undefined ? undefined : new Date(text)
  return {
    actor, keyId, isCommand: command === 'true', user, chat, action, since: timeOf(since), until: timeOf(until)
  }
}

function encode (row: AuditRow): Static<typeof EntrySchema> {
  const { id, at, action, actorId, actorName, keyId, address, chat, userId, username, target, data } = row
  return {
    id: String(id),
    at: at.toISOString(),
    action,
    actor: {
      ...(actorId !== null && { user: idOf(actorId, actorName) }),
      ...(keyId !== null && { key: keyId }),
      ...(actorId === null && keyId === null && { command: true as const })
    },
    address,
    target: { ...(userId !== null && { user: idOf(userId, username) }), ...(chat !== null && { chat }), ...target },
    data: data ?? {}
  }
}

function idOf (userId: number, username: string | null): string | null {
  return username === null ? null : userIdOf(userId, username) ?? null
}
