/** `PUT /v1/chats/{chat}/typing`. */
import { noBody } from '../../http/answers.ts'
import { principalOf } from '../../http/principals.ts'
import { limitedAs } from '../../http/quotas.ts'
import type { Scope } from '../../http/scope.ts'
import { MESSAGES } from '../tags.ts'
import { ChatParams, readerOf } from './chat.ts'

/** Adds the route. */
export function noteTyping (app: Scope): void {
  app.put(
    '/typing',
    {
      config: {
        ...limitedAs('typing'), errors: ['unknown_chat', 'forbidden', 'user_required', 'insufficient_scope']
      },
      schema: {
        operationId: 'noteTyping',
        tags: [MESSAGES],
        summary: 'Show that you are typing',
        description:
          'To the others in the chat, for a few seconds; repeat it while it is so. It is shown at most once in 3 s. ' +
          'It is not shown in chats whose type has no typing, or in a direct chat while one of the two has ' +
          'blocked the other.',
        params: ChatParams,
        response: { 204: noBody('It is shown.') }
      }
    },
    async (request, reply) => {
      const user = principalOf(request)
      const { chat } = request.params
      const { chatId, definition, isBlocked } = await app.services.reading.member(readerOf(request), chat)
      if (definition.features.typing && !isBlocked) app.hub.typing.noteMember(user, chatId)
      return reply.code(204).send(null)
    }
  )
}
