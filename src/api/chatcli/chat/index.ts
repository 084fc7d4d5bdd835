/** `/chat`: the caller's chats and their history. All routes but the index need a session. */
import { plainText } from '../../http/answers.ts'
import type { Scope } from '../../http/scope.ts'
import { requireSession } from '../session.ts'
import { CHATS } from '../tags.ts'
import chats from './chats.ts'
import groups from './groups.ts'
import messages from './messages.ts'

const INDEX = 'chat\'s index route'

/** Adds the routes. */
export default async function chat (app: Scope): Promise<void> {
  app.get(
    '/',
    {
      schema: {
        operationId: 'chatIndex',
        tags: [CHATS],
        summary: 'Say that the chats are here',
        response: { 200: plainText(INDEX) }
      }
    },
    async (_request, reply) => reply.type('text/plain; charset=utf-8').send(INDEX)
  )
  await app.register(authenticated)
}

async function authenticated (app: Scope): Promise<void> {
  requireSession(app)
  await app.register(chats)
  await app.register(groups)
  await app.register(messages)
}
