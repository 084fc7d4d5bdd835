/** `/auth`: register, log in, log out, and who am I. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { logAuthEvent } from '../../http/auth-log.ts'
import { networkOfRequest } from '../../http/network.ts'
import { perMinute } from '../../http/rate-limit.ts'
import { sessionOf } from '../../http/session.ts'
import { requireSession } from '../bearer.ts'
import { encodeUser } from '../user.ts'
import { LOGIN, LOGOUT, REGISTER, VALIDATE } from './operations.ts'
import { LoginBody, RegisterBody } from './schemas.ts'

const ATTEMPTS_PER_MINUTE = 5

const auth: FastifyPluginAsyncTypebox = async (app) => {
  const { accounts } = app.services

  app.post(
    '/register',
    { config: { ...perMinute('register', ATTEMPTS_PER_MINUTE), operation: REGISTER }, schema: { body: RegisterBody } },
    async (request) => {
      const account = await logAuthEvent(
        request,
        'register',
        accounts.registerByName(request.body),
        (created) => created?.id
      )
      // The same for an address that is taken, of which there is no account to show.
      if (account === undefined || app.config.areAccountsHidden)
        return { message: 'If the address is free, the account was created. A mail is on its way.' }
      return { message: 'The account was created.', user: encodeUser(account, account.id) }
    }
  )

  app.post(
    '/login',
    { config: { ...perMinute('login', ATTEMPTS_PER_MINUTE), operation: LOGIN }, schema: { body: LoginBody } },
    async (request, reply) => {
      const { email, password } = request.body
      const entering = accounts.logIn({ identity: { email }, password, network: networkOfRequest(request) })
      const { session, account } = await logAuthEvent(request, 'login', entering, (entered) => entered.account.id)
      const token = app.accessTokens.issue(session)
      reply.header('authorization', `Bearer ${token}`)
      return { message: 'You are logged in.', token, user: encodeUser(account, account.id) }
    }
  )

  await app.register(authenticated)
}

const authenticated: FastifyPluginAsyncTypebox = async (app) => {
  const { accounts, sessions } = app.services
  requireSession(app)

  app.post('/logout', { config: { operation: LOGOUT } }, async (request) => {
    const { userId, sessionId } = sessionOf(request)
    await logAuthEvent(request, 'logout', sessions.logOut(userId, sessionId), () => userId)
    return { message: 'You are logged out.' }
  })

  app.get('/validate', { config: { operation: VALIDATE } }, async (request) => {
    const account = await accounts.find(sessionOf(request).userId)
    return { message: 'The token is valid.', user: encodeUser(account, account.id) }
  })
}

export default auth
