/** `/v1/auth/login` and `/v1/auth/refresh`: the tokens of a session. */
import Type, { type Static } from 'typebox'
import type { IssuedTokens } from '../../../domain/accounts/sessions.ts'
import { ChatError } from '../../../domain/errors.ts'
import { json } from '../../http/answers.ts'
import { logAuthEvent } from '../../http/auth-log.ts'
import { networkOfRequest } from '../../http/network.ts'
import { limitedAuth } from '../../http/quotas.ts'
import type { Scope } from '../../http/scope.ts'
import { ACCOUNT } from '../tags.ts'
import { text } from './fields.ts'

const LOGINS_PER_MINUTE = 5
const REFRESHES_PER_MINUTE = 10
const MS_PER_S = 1_000

const TokensSchema = Type.Object(
  {
    access_token: Type.String({ description: 'For `Authorization: Bearer`, and for sockets.' }),
    token_type: Type.Literal('Bearer'),
    expires_in: Type.Integer({ description: 'The lifetime of the access token, in seconds.' }),
    refresh_token: Type.String({ description: 'Good for one refresh.' })
  },
  { title: 'Tokens' }
)

const EXAMPLE: Static<typeof TokensSchema> = {
  access_token: 'the-access-token', token_type: 'Bearer', expires_in: 86_400, refresh_token: 'cfr_the-refresh-token'
}

/** Adds the routes. */
export default async function login (app: Scope): Promise<void> {
  logIn(app)
  refresh(app)
}

function logIn (app: Scope): void {
  app.post(
    '/login',
    {
      config: {
        ...limitedAuth('login', LOGINS_PER_MINUTE),
        errors: [
          'wrong_credentials', 'unverified', 'suspended', 'two_factor_required', 'wrong_code', 'overloaded',
          'unavailable'
        ]
      },
      schema: {
        operationId: 'logIn',
        tags: [ACCOUNT],
        summary: 'Log in',
        description:
          'By the username or the address, one of the two. An account with a second factor needs a `code`, too: ' +
          'without it, and with the right password, the error is `two_factor_required`, which is no failed login.',
        body: Type.Object(
          {
            username: Type.Optional(text('The username.')),
            email: Type.Optional(text('The address.')),
            password: text('The password.'),
            code: Type.Optional(text('Of the authenticator app, or a recovery code. Each is good for once.'))
          },
          {
            additionalProperties: false, examples: [{ username: 'alice', password: 'a pass phrase that is long' }]
          }
        ),
        response: { 200: json('A session has begun.', TokensSchema, EXAMPLE) }
      }
    },
    async (request) => {
      const { username, email, password, code } = request.body
      const entering = app.services.accounts.logIn({
        identity: identityOf(username, email),
        password,
        code,
        network: networkOfRequest(request),
        userAgent: request.headers['user-agent']
      })
      return tokensOf(app, await logAuthEvent(request, 'login', entering, ({ account }) => account.id))
    }
  )
}

/** @throws {ChatError} `invalid_input` */
function identityOf (username: string | undefined, email: string | undefined) {
  if (username !== undefined && email === undefined) return { username }
  if (email !== undefined && username === undefined) return { email }
  throw new ChatError('invalid_input', 'A login needs either the field "username" or the field "email".')
}

function refresh (app: Scope): void {
  app.post(
    '/refresh',
    {
      config: {
        ...limitedAuth('refresh', REFRESHES_PER_MINUTE), errors: ['invalid_refresh_token', 'unavailable']
      },
      schema: {
        operationId: 'refreshSession',
        tags: [ACCOUNT],
        summary: 'Get newer tokens of a session',
        description: 'The refresh token is spent. One that is spent and comes back later ends the session.',
        body: Type.Object(
          { refresh_token: text('The newest one of the session.') },
          { additionalProperties: false, examples: [{ refresh_token: 'cfr_the-refresh-token' }] }
        ),
        response: { 200: json('The tokens.', TokensSchema, EXAMPLE) }
      }
    },
    async (request) => {
      const refreshing = app.services.sessions.refresh(request.body.refresh_token)
      return tokensOf(app, await logAuthEvent(request, 'refresh', refreshing, ({ session }) => session.userId))
    }
  )
}

function tokensOf (
  { accessTokens, config: { accessTokenTtlMs } }: Scope, { session, refreshToken }: IssuedTokens
): Static<typeof TokensSchema> {
  const lifeMs = Math.min(accessTokenTtlMs, session.expiresAt.getTime() - Date.now())
  return {
    access_token: accessTokens.issue(session),
    token_type: 'Bearer',
    expires_in: Math.max(0, Math.floor(lifeMs / MS_PER_S)),
    refresh_token: refreshToken
  }
}
