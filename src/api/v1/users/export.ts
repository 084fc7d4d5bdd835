/** `POST /v1/users/{user}:export`. */
import Type, { type Static } from 'typebox'
import { json } from '../../http/answers.ts'
import type { Scope } from '../../http/scope.ts'
import { auditActorOfRequest } from '../caller.ts'
import { BlockSchema, encodeBlock } from '../block.ts'
import { Paging } from '../cursor.ts'
import { DeviceSchema, encodeDevice, EXAMPLE_DEVICE } from '../push/devices.ts'
import { encodeSettings, EXAMPLE_SETTINGS, SettingsSchema } from '../push/settings.ts'
import { USERS } from '../tags.ts'
import { encodeUser, EXAMPLE_USER, UserSchema } from '../user.ts'
import { USER_OF_ACTION, UserParams } from './parameters.ts'

const MESSAGES_PER_PAGE = 200
const Time = Type.String({ format: 'date-time' })
const paging = new Paging(Type.Object({ chatId: Type.Integer(), seq: Type.Integer() }))

const ExportSchema = Type.Object(
  {
    user: UserSchema,
    chats: Type.Array(Type.Object({ chat: Type.String(), role: Type.String(), joined_at: Time }), {
      description: 'On the first page.'
    }),
    blocks: Type.Array(BlockSchema, { description: 'Whom the user has blocked; on the first page.' }),
    devices: Type.Array(DeviceSchema, { description: 'Without their addresses; on the first page.' }),
    notifications: Type.Union([SettingsSchema, Type.Null()], {
      description: 'What the user wants to be notified of; null behind the first page.'
    }),
    messages: Type.Array(Type.Object({
      chat: Type.String(),
      seq: Type.Integer(),
      text: Type.String(),
      created_at: Time,
      edited_at: Type.Union([Time, Type.Null()])
    })),
    next: Type.Union([Type.String(), Type.Null()], { description: 'The cursor of the next page; null at the end.' })
  },
  { title: 'UserExport' }
)

const EXAMPLE: Static<typeof ExportSchema> = {
  user: EXAMPLE_USER,
  chats: [],
  blocks: [],
  devices: [EXAMPLE_DEVICE],
  notifications: EXAMPLE_SETTINGS,
  messages: [],
  next: null
}

/** Shows what is stored of a user. */
export function exportUser (app: Scope): void {
  app.post(
    `/${USER_OF_ACTION}::export`,
    {
      config: { idempotency: 'none', errors: ['unknown_user'] },
      schema: {
        operationId: 'exportUser',
        tags: [USERS],
        summary: 'Get what is stored of a user',
        description:
          'The profile, the chats, whom the user has blocked, devices and settings of notifications, and the ' +
          'messages that the user has written in the chats, by pages.',
        params: UserParams,
        body: Type.Object(
          { cursor: Type.Optional(Type.String({ description: 'The `next` of the page before.' })) },
          { additionalProperties: false, examples: [{}] }
        ),
        response: { 200: json('A page.', ExportSchema, EXAMPLE) }
      }
    },
    async (request) => {
      const { services: { users, userAdministration } } = app
      const { params: { user: id }, body: { cursor } } = request
      const list = `export ${id}`
      const { from } = paging.read(cursor === undefined ? {} : { cursor }, list)
      const user = await users.find(id)
      const { chats, blocks, notified, messages, next } = await userAdministration.export(id, {
        from: from?.position, limit: MESSAGES_PER_PAGE, by: auditActorOfRequest(request)
      })
      return {
        user: encodeUser(user),
        devices: notified?.devices.map(encodeDevice) ?? [],
        notifications: notified === undefined ? null : encodeSettings(notified.settings),
        chats: chats.map(({ joinedAt, ...chat }) => ({ ...chat, joined_at: joinedAt.toISOString() })),
        blocks: blocks.map(encodeBlock),
        messages: messages.map(({ createdAt, editedAt, ...message }) => ({
          ...message, created_at: createdAt.toISOString(), edited_at: editedAt?.toISOString() ?? null
        })),
        next: next === undefined ? null : paging.cursor(list, next)
      }
    }
  )
}
