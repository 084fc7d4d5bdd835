/** `/user`: register, verify, log in, refresh; what begins with a link in a mail has files of its own. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { IssuedTokens } from '../../../domain/accounts/sessions.ts'
import { logAuthEvent } from '../../http/auth-log.ts'
import { networkOfRequest } from '../../http/network.ts'
import { perMinute } from '../../http/rate-limit.ts'
import { success } from '../envelope.ts'
import { INDEX, LOGIN, REFRESH_TOKEN, REGISTER, VERIFY_EMAIL } from './operations.ts'
import resetPassword from './reset-password.ts'
import verifyLink from './verify-link.ts'
import { LoginBody, RefreshTokenBody, RegisterBody, VerifyEmailBody } from './schemas.ts'

const ATTEMPTS_PER_MINUTE = 5
const REFRESHES_PER_MINUTE = 10

const userIdOf = ({ session }: IssuedTokens) => session.userId

const user: FastifyPluginAsyncTypebox = async (app) => {
  const { accounts, sessions } = app.services

  const withTokens = ({ session, refreshToken }: IssuedTokens, message: string) => ({
    ...success('', message),
    access_token: app.accessTokens.issue(session),
    refresh_token: refreshToken
  })

  app.get('/', { config: { operation: INDEX } }, async (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send('User\'s index route')
  )

  app.post(
    '/register',
    { config: { ...perMinute('register', ATTEMPTS_PER_MINUTE), operation: REGISTER }, schema: { body: RegisterBody } },
    async (request) => {
      await logAuthEvent(request, 'register', accounts.register(request.body), (userId) => userId)
      return success('Verification email sent!')
    }
  )

  app.post(
    '/verify-email',
    {
      config: { ...perMinute('verify', ATTEMPTS_PER_MINUTE), operation: VERIFY_EMAIL },
      schema: { body: VerifyEmailBody }
    },
    async (request) => {
      const { username, email_token: code } = request.body
      await logAuthEvent(request, 'verify', accounts.verifyEmail({ username, code }), (userId) => userId)
      return success('Email verified!')
    }
  )

  app.post(
    '/login',
    { config: { ...perMinute('login', ATTEMPTS_PER_MINUTE), operation: LOGIN }, schema: { body: LoginBody } },
    async (request) => {
      const { username, password } = request.body
      const entering = accounts.logIn({ identity: { username }, password, network: networkOfRequest(request) })
      return withTokens(await logAuthEvent(request, 'login', entering, userIdOf), 'Login successful')
    }
  )

  app.post(
    '/refresh-token',
    {
      config: { ...perMinute('refresh', REFRESHES_PER_MINUTE), operation: REFRESH_TOKEN },
      schema: { body: RefreshTokenBody }
    },
    async (request) => {
      return withTokens(
        await logAuthEvent(request, 'refresh', sessions.refresh(request.body.refresh_token), userIdOf),
        'Token refreshed'
      )
    }
  )

  await app.register(verifyLink)
  await app.register(resetPassword)
}

export default user
