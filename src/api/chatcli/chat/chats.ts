/** `/chat/fetch-chats`, `/chat/create-chat`, `/chat/delete-chat`, and the archive. */
import Type from 'typebox'
import { json } from '../../http/answers.ts'
import type { Scope } from '../../http/scope.ts'
import { sessionOf } from '../../http/session.ts'
import { asChatError, ChatError } from '../../../domain/errors.ts'
import { CLIENT_KIND_NOTE, type ClientKind, clientKindOf } from '../client-kind.ts'
import { doubled, doubledEnvelope, envelope, fixedResponse, success } from '../envelope.ts'
import { EXAMPLE_SESSION, SESSION_FIELD } from '../session.ts'
import { CHATS } from '../tags.ts'
import { ChatSummarySchema, encodeChat, EXAMPLE_CHATS } from './chat-summary.ts'
import { ChatId } from './ids.ts'

const MAX_USERNAME_LENGTH = 1_024
const CREATED = 'Chat created successfully!'

/** Adds the routes. */
export default async function chats (app: Scope): Promise<void> {
  listRoute(app, '/fetch-chats', {
    operationId: 'fetchChats',
    summary: 'List the caller\'s chats',
    description: 'Latest activity first, without the archived ones.',
    isArchived: false
  })
  listRoute(app, '/fetch-archived', {
    operationId: 'fetchArchivedChats',
    summary: 'List the chats that the caller has archived',
    description: 'Latest activity first.',
    isArchived: true
  })
  createChat(app)
  deleteChat(app)
  archiveRoute(app, '/archive-chat', {
    operationId: 'archiveChat',
    summary: 'Put a chat away',
    description: 'The other members do not notice. It can be read and posted to as before, and stays archived.',
    isArchived: true,
    done: 'Chat archived successfully!'
  })
  archiveRoute(app, '/unarchive-chat', {
    operationId: 'unarchiveChat',
    summary: 'Take a chat out of the archive',
    description: 'For a chat that is not archived nothing changes.',
    isArchived: false,
    done: 'Chat unarchived successfully!'
  })
}

type ListText = { operationId: string, summary: string, description: string, isArchived: boolean }

function listRoute (app: Scope, url: string, { isArchived, ...text }: ListText): void {
  app.post(
    url,
    {
      config: { described: { body: Type.Object(SESSION_FIELD, { examples: [EXAMPLE_SESSION] }) } },
      schema: {
        ...text,
        tags: [CHATS],
        response: {
          200: json('All of them.', envelope(Type.Array(ChatSummarySchema), {}), {
            status: 'ok',
            message: '',
            response: EXAMPLE_CHATS
          })
        }
      }
    },
    async (request) => {
      const { userId } = sessionOf(request)
      const list = await app.services.chats.list(userId, { isArchived })
      app.contacts.repeat(userId)
      return success(list.map(encodeChat))
    }
  )
}

function archiveRoute (
  app: Scope,
  url: string,
  { isArchived, done, ...text }: ListText & { done: string }
): void {
  app.post(
    url,
    {
      config: { errors: ['not_a_participant'] },
      schema: {
        ...text,
        tags: [CHATS],
        body: Type.Object({ ...SESSION_FIELD, chatID: ChatId }, { examples: [{ ...EXAMPLE_SESSION, chatID: 1 }] }),
        response: { 200: json(done, envelope(Type.String(), {}), success(done)) }
      }
    },
    async (request) => {
      await app.services.chats.archive(sessionOf(request).userId, request.body.chatID, isArchived)
      return success<string>(done)
    }
  )
}

function createChat (app: Scope): void {
  app.post(
    '/create-chat',
    {
      config: {
        errors: ['unknown_receiver', 'unknown_user', 'chat_with_yourself', 'blocked', 'chat_exists', 'overloaded']
      },
      schema: {
        operationId: 'createChat',
        tags: [CHATS],
        summary: 'Open the chat with another user',
        description:
          'Two users share one chat. If one of the two has left it, both are in the same chat again, and the one who ' +
          `rejoined sees messages from then on. ${CLIENT_KIND_NOTE} It has the \`chatID\` in \`response\`, also of a ` +
          'chat that exists, which leaves the caller\'s archive; an unknown receiver is 404.',
        body: Type.Object(
          {
            ...SESSION_FIELD,
            receiver: Type.String({
              maxLength: MAX_USERNAME_LENGTH,
              description: 'The name of the other user, in any case.'
            })
          },
          { examples: [{ ...EXAMPLE_SESSION, receiver: 'bob' }] }
        ),
        response: {
          200: json(
            'The chat exists.',
            Type.Union([envelope(Type.Literal(CREATED), { chatID: ChatId }), doubledEnvelope({ chatID: ChatId })]),
            { status: 'ok', message: '', response: CREATED, chatID: 1 }
          )
        }
      }
    },
    async (request, reply) => {
      const kind = clientKindOf(request, reply)
      const { chatId: chatID, existed } = await openDirect(app, request, kind)
      if (kind === 'current') return doubled({ chatID })
      if (existed) throw new ChatError('chat_exists', 'The two of you already share a chat.')
      return { ...success(CREATED), chatID }
    }
  )
}

type CreateRequest = Parameters<typeof sessionOf>[0] & { body: { receiver: string } }

/** Opens the chat; an unknown receiver is `unknown_user` for the clients that know it. */
async function openDirect ({ services }: Scope, request: CreateRequest, kind: ClientKind) {
  try {
    return await services.chats.openDirect(sessionOf(request), request.body.receiver)
  } catch (error) {
    if (kind === 'current' && asChatError(error).code === 'unknown_receiver') throw new ChatError('unknown_user')
    throw error
  }
}

function deleteChat (app: Scope): void {
  app.post(
    '/delete-chat',
    {
      config: { errors: ['not_a_participant'] },
      schema: {
        operationId: 'deleteChat',
        tags: [CHATS],
        summary: 'Leave a chat',
        description:
          'The other member keeps the chat and its history. When the last member has left, the chat and its messages ' +
          'are deleted.',
        body: Type.Object({ ...SESSION_FIELD, chatID: ChatId }, { examples: [{ ...EXAMPLE_SESSION, chatID: 1 }] }),
        response: { 200: fixedResponse('Chat deleted successfully!') }
      }
    },
    async (request) => {
      await app.services.chats.leave(sessionOf(request), request.body.chatID)
      return success('Chat deleted successfully!')
    }
  )
}
