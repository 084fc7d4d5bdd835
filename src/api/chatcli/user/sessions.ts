/** `/user/login` and `/user/refresh-token`: the tokens of a session. */
import Type from 'typebox'
import type { IssuedTokens } from '../../../domain/accounts/sessions.ts'
import { json } from '../../http/answers.ts'
import { logAuthEvent } from '../../http/auth-log.ts'
import { networkOfRequest } from '../../http/network.ts'
import { perMinute } from '../../http/rate-limit.ts'
import type { Scope } from '../../http/scope.ts'
import { CLIENT_KIND_NOTE, clientKindOf } from '../client-kind.ts'
import { ACCOUNTS } from '../tags.ts'
import { text, Username } from './fields.ts'

const LOGINS_PER_MINUTE = 5
/** Of all sessions behind one address; of one session there are fewer. */
const REFRESHES_PER_MINUTE = 300
const EXAMPLE_REFRESH_TOKEN = 'cfr_the-refresh-token'

/** Adds the routes. */
export default async function sessions (app: Scope): Promise<void> {
  login(app)
  refreshToken(app)
}

const userIdOf = ({ session }: IssuedTokens) => session.userId

const TOKEN_FIELDS = {
  access_token: Type.String({ description: 'The `session_token` of other routes; a JWT.' }),
  refresh_token: Type.String({ description: 'Valid for one refresh.' })
}
const EXAMPLE_TOKENS = { access_token: 'the-access-token', refresh_token: EXAMPLE_REFRESH_TOKEN }

/** An envelope with both tokens beside its `response`. */
function tokenSchema<const Message extends string> (message: Message) {
  return Type.Object({
    status: Type.Literal('ok'),
    message: Type.Literal(message),
    response: Type.Literal(''),
    ...TOKEN_FIELDS
  })
}

function withTokens<const Message extends string, Tokens extends object> (message: Message, tokens: Tokens) {
  return { status: 'ok', message, response: '', ...tokens } as const
}

/** The answer to a login that the Electron clients read: of an answer with a `response` they read nothing else. */
const BareTokens = Type.Object({ message: Type.Literal('Login successful'), ...TOKEN_FIELDS })

function login (app: Scope): void {
  app.post(
    '/login',
    {
      config: {
        ...perMinute('login', LOGINS_PER_MINUTE),
        errors: [
          'wrong_credentials', 'unverified', 'suspended', 'two_factor_required', 'rate_limited', 'overloaded',
          'unavailable'
        ]
      },
      schema: {
        operationId: 'login',
        tags: [ACCOUNTS],
        summary: 'Log in',
        description: `${CLIENT_KIND_NOTE} It has no \`status\` and no \`response\`.`,
        body: Type.Object(
          { username: Username, password: text('The password.') },
          { examples: [{ username: 'alice', password: 'Correct-Horse-1' }] }
        ),
        response: {
          200: json(
            'Login successful',
            Type.Union([tokenSchema('Login successful'), BareTokens]),
            withTokens('Login successful', EXAMPLE_TOKENS)
          )
        }
      }
    },
    async (request, reply) => {
      const kind = clientKindOf(request, reply)
      const { username, password } = request.body
      const network = networkOfRequest(request)
      const entering = app.services.accounts.logIn({
        identity: { username },
        password,
        network,
        userAgent: request.headers['user-agent']
      })
      const { session, refreshToken } = await logAuthEvent(request, 'login', entering, userIdOf)
      const tokens = { access_token: app.accessTokens.issue(session), refresh_token: refreshToken }
      return kind === 'current'
        ? { message: 'Login successful', ...tokens } as const
        : withTokens('Login successful', tokens)
    }
  )
}

function refreshToken (app: Scope): void {
  app.post(
    '/refresh-token',
    {
      config: {
        ...perMinute('refresh', REFRESHES_PER_MINUTE),
        errors: ['invalid_refresh_token', 'rate_limited', 'unavailable']
      },
      schema: {
        operationId: 'refreshToken',
        tags: [ACCOUNTS],
        summary: 'Exchange a refresh token for new tokens',
        description:
          'Each refresh token is good for once. One that comes back later than a lost answer explains ends its ' +
          'session, with its sockets. A session may be refreshed 10 times a minute; a token that is refused for that ' +
          'stays good.',
        body: Type.Object(
          { refresh_token: Type.String({ description: 'The newest one of the session.' }) },
          { examples: [{ refresh_token: EXAMPLE_REFRESH_TOKEN }] }
        ),
        response: {
          200: json(
            'Token refreshed',
            tokenSchema('Token refreshed'),
            withTokens('Token refreshed', EXAMPLE_TOKENS)
          )
        }
      }
    },
    async (request) => {
      const refreshing = app.services.sessions.refresh(request.body.refresh_token)
      const { session, refreshToken } = await logAuthEvent(request, 'refresh', refreshing, userIdOf)
      return withTokens('Token refreshed', {
        access_token: app.accessTokens.issue(session),
        refresh_token: refreshToken
      })
    }
  )
}
