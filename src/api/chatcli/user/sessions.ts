/** `/user/login` and `/user/refresh-token`: the tokens of a session. */
import Type from 'typebox'
import type { IssuedTokens } from '../../../domain/accounts/sessions.ts'
import { json } from '../../http/answers.ts'
import { logAuthEvent } from '../../http/auth-log.ts'
import { networkOfRequest } from '../../http/network.ts'
import { perMinute } from '../../http/rate-limit.ts'
import type { Scope } from '../../http/scope.ts'
import { ACCOUNTS } from '../tags.ts'
import { text, Username } from './fields.ts'

const LOGINS_PER_MINUTE = 5
const REFRESHES_PER_MINUTE = 10
const EXAMPLE_REFRESH_TOKEN = 'cfr_the-refresh-token'

/** Adds the routes. */
export default async function sessions (app: Scope): Promise<void> {
  login(app)
  refreshToken(app)
}

const userIdOf = ({ session }: IssuedTokens) => session.userId

/** An envelope with both tokens beside its `response`. */
function tokenAnswer<const Message extends string> (message: Message) {
  const schema = Type.Object({
    status: Type.Literal('ok'),
    message: Type.Literal(message),
    response: Type.Literal(''),
    access_token: Type.String({ description: 'The `session_token` of other routes; a JWT.' }),
    refresh_token: Type.String({ description: 'Valid for one refresh.' })
  })
  return json(message, schema, withTokens(message, 'the-access-token', EXAMPLE_REFRESH_TOKEN))
}

function withTokens<const Message extends string> (message: Message, accessToken: string, refreshToken: string) {
  return { status: 'ok', message, response: '', access_token: accessToken, refresh_token: refreshToken } as const
}

function login (app: Scope): void {
  app.post(
    '/login',
    {
      config: {
        ...perMinute('login', LOGINS_PER_MINUTE),
        errors: ['wrong_credentials', 'unverified', 'suspended', 'rate_limited', 'overloaded', 'unavailable']
      },
      schema: {
        operationId: 'login',
        tags: [ACCOUNTS],
        summary: 'Log in',
        body: Type.Object(
          { username: Username, password: text('The password.') },
          { examples: [{ username: 'alice', password: 'Correct-Horse-1' }] }
        ),
        response: { 200: tokenAnswer('Login successful') }
      }
    },
    async (request) => {
      const { username, password } = request.body
      const network = networkOfRequest(request)
      const entering = app.services.accounts.logIn({ identity: { username }, password, network })
      const { session, refreshToken } = await logAuthEvent(request, 'login', entering, userIdOf)
      return withTokens('Login successful', app.accessTokens.issue(session), refreshToken)
    }
  )
}

function refreshToken (app: Scope): void {
  app.post(
    '/refresh-token',
    {
      config: {
        ...perMinute('refresh', REFRESHES_PER_MINUTE),
        errors: ['invalid_refresh_token', 'unavailable']
      },
      schema: {
        operationId: 'refreshToken',
        tags: [ACCOUNTS],
        summary: 'Exchange a refresh token for new tokens',
        description:
          'Each refresh token is good for once. One that comes back later than a lost answer explains ends its ' +
          'session, with its sockets.',
        body: Type.Object(
          { refresh_token: Type.String({ description: 'The newest one of the session.' }) },
          { examples: [{ refresh_token: EXAMPLE_REFRESH_TOKEN }] }
        ),
        response: { 200: tokenAnswer('Token refreshed') }
      }
    },
    async (request) => {
      const refreshing = app.services.sessions.refresh(request.body.refresh_token)
      const issued = await logAuthEvent(request, 'refresh', refreshing, userIdOf)
      return withTokens('Token refreshed', app.accessTokens.issue(issued.session), issued.refreshToken)
    }
  )
}
