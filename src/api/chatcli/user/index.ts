/** `/user`: accounts and sessions. */
import { plainText } from '../../http/answers.ts'
import type { Scope } from '../../http/scope.ts'
import { ACCOUNTS } from '../tags.ts'
import account from './account.ts'
import enableAccount from './enable-account.ts'
import registration from './registration.ts'
import resetPassword from './reset-password.ts'
import sessions from './sessions.ts'
import submitProfile from './submit-profile.ts'
import verifyLink from './verify-link.ts'

const INDEX = 'User\'s index route'

/** Adds the routes. */
export default async function user (app: Scope): Promise<void> {
  app.get(
    '/',
    {
      schema: {
        operationId: 'userIndex',
        tags: [ACCOUNTS],
        summary: 'Say that the accounts are here',
        response: { 200: plainText(INDEX) }
      }
    },
    async (_request, reply) => reply.type('text/plain; charset=utf-8').send(INDEX)
  )
  await app.register(registration)
  await app.register(verifyLink)
  await app.register(sessions)
  await app.register(resetPassword)
  await app.register(account)
  await app.register(submitProfile)
  await app.register(enableAccount)
}
