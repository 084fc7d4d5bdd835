/** `/auth`: register, log in, log out, and who am I. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { perMinute } from '../../../plugins/rate-limit.ts'
import { sessionOf } from '../../../plugins/session.ts'
import { requireSession } from '../bearer.ts'
import { encodeUser } from '../user.ts'
import { LoginBody, RegisterBody } from './schemas.ts'

const ATTEMPTS_PER_MINUTE = 5

const auth: FastifyPluginAsyncTypebox = async (app) => {
  const { accounts } = app.services

  app.post('/register', { config: perMinute(ATTEMPTS_PER_MINUTE), schema: { body: RegisterBody } }, async ({ body }) => {
    const account = await accounts.registerByName(body)
    return { message: 'The account was created.', user: encodeUser(account, account.id) }
  })

  app.post('/login', { config: perMinute(ATTEMPTS_PER_MINUTE), schema: { body: LoginBody } }, async ({ body }, reply) => {
    const { session, account } = await accounts.logIn(body)
    const token = app.accessTokens.issue(session)
    reply.header('authorization', `Bearer ${token}`)
    return { message: 'You are logged in.', token, user: encodeUser(account, account.id) }
  })

  await app.register(authenticated)
}

const authenticated: FastifyPluginAsyncTypebox = async (app) => {
  const { accounts, sessions } = app.services
  requireSession(app)

  app.post('/logout', async (request) => {
    const { userId, sessionId } = sessionOf(request)
    await sessions.logOut(userId, sessionId)
    return { message: 'You are logged out.' }
  })

  app.get('/validate', async (request) => {
    const account = await accounts.find(sessionOf(request).userId)
    return { message: 'The token is valid.', user: encodeUser(account, account.id) }
  })
}

export default auth
