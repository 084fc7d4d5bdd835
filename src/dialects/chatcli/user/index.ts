/** `/user`: register, verify, log in, refresh; what begins with a link in a mail has files of its own. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { IssuedTokens } from '../../../domain/sessions.ts'
import { perMinute } from '../../../plugins/rate-limit.ts'
import { success } from '../envelope.ts'
import resetPassword from './reset-password.ts'
import verifyLink from './verify-link.ts'
import { LoginBody, RefreshTokenBody, RegisterBody, VerifyEmailBody } from './schemas.ts'

const ATTEMPTS_PER_MINUTE = 5
const REFRESHES_PER_MINUTE = 10

const user: FastifyPluginAsyncTypebox = async (app) => {
  const { accounts, sessions } = app.services

  const withTokens = ({ session, refreshToken }: IssuedTokens, message: string) => ({
    ...success('', message),
    access_token: app.accessTokens.issue(session),
    refresh_token: refreshToken
  })

  app.get('/', async (_request, reply) => reply.type('text/plain; charset=utf-8').send('User\'s index route'))

  app.post('/register', { config: perMinute(ATTEMPTS_PER_MINUTE), schema: { body: RegisterBody } }, async ({ body }) => {
    await accounts.register(body)
    return success('Verification email sent!')
  })

  app.post('/verify-email', { config: perMinute(ATTEMPTS_PER_MINUTE), schema: { body: VerifyEmailBody } }, async ({ body }) => {
    await accounts.verifyEmail({ username: body.username, code: body.email_token })
    return success('Email verified!')
  })

  app.post('/login', { config: perMinute(ATTEMPTS_PER_MINUTE), schema: { body: LoginBody } }, async ({ body }) =>
    withTokens(await accounts.logIn(body), 'Login successful'))

  app.post('/refresh-token', { config: perMinute(REFRESHES_PER_MINUTE), schema: { body: RefreshTokenBody } }, async ({ body }) =>
    withTokens(await sessions.refresh(body.refresh_token), 'Token refreshed'))

  await app.register(verifyLink)
  await app.register(resetPassword)
}

export default user
