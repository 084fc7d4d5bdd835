/** `/auth`: register, log in, log out, and who am I. */
import Type from 'typebox'
import { json } from '../http/answers.ts'
import { logAuthEvent } from '../http/auth-log.ts'
import { networkOfRequest } from '../http/network.ts'
import { perMinute } from '../http/rate-limit.ts'
import type { Scope } from '../http/scope.ts'
import { requireBearer, sessionOf } from '../http/session.ts'
import { Sentence, text } from './fields.ts'
import { AUTH } from './tags.ts'
import { encodeUser, EXAMPLE_USER, UserSchema } from './user.ts'

const ATTEMPTS_PER_MINUTE = 5
/** Clients compare it. */
const LOGGED_IN = 'Success'

const Email = text('The address that the account is known by.')

const RegisterBody = Type.Object(
  {
    name: text('Display name: 1 to 64 characters, not unique.'),
    email: Email,
    password: text('At least 8 characters and at most 256 bytes, not a common password.'),
    invite_code: Type.Optional(text('The code of an invite, where the server asks for one.'))
  },
  { examples: [{ name: 'Emma', email: 'emma@example.com', password: 'a pass phrase that is long' }] }
)

/** Adds the routes. */
export default async function auth (app: Scope): Promise<void> {
  register(app)
  login(app)
  await app.register(authenticated)
}

async function authenticated (app: Scope): Promise<void> {
  requireBearer(app)
  logout(app)
  validate(app)
}

function register (app: Scope): void {
  app.post(
    '/register',
    {
      config: {
        ...perMinute('register', ATTEMPTS_PER_MINUTE),
        errors: [
          'invalid_name',
          'invalid_email',
          'weak_password',
          'registration_closed',
          'invalid_invite',
          'account_taken',
          'rate_limited',
          'overloaded',
          'unavailable'
        ]
      },
      schema: {
        operationId: 'emoteRegister',
        tags: [AUTH],
        summary: 'Register an account',
        description:
          'A mail brings a link that verifies the address; unless the server is configured otherwise, the account ' +
          'may log in at once.',
        body: RegisterBody,
        response: {
          200: json(
            'The account was created. With `HIDE_ACCOUNTS` it is not included.',
            Type.Object({
              message: Sentence,
              id: Type.Optional(Type.Integer({ minimum: 1, description: 'That of the account.' })),
              user: Type.Optional(UserSchema)
            }),
            { message: 'The account was created.', id: EXAMPLE_USER.id, user: EXAMPLE_USER }
          )
        }
      }
    },
    async (request) => {
      const { invite_code: inviteCode, ...fields } = request.body
      const registering = app.services.accounts.registerByName({
        ...fields,
        inviteCode,
        network: networkOfRequest(request)
      })
      const account = await logAuthEvent(request, 'register', registering, (created) => created?.id)
      // The same for an address that is taken, of which there is no account to show.
      if (account === undefined || app.config.areAccountsHidden)
        return { message: 'If the address is free, the account was created. A mail is on its way.' }
      return { message: 'The account was created.', id: account.id, user: encodeUser(account, account.id) }
    }
  )
}

function login (app: Scope): void {
  app.post(
    '/login',
    {
      config: {
        ...perMinute('login', ATTEMPTS_PER_MINUTE),
        errors: [
          'wrong_credentials', 'unverified', 'suspended', 'two_factor_required', 'rate_limited', 'overloaded',
          'unavailable'
        ]
      },
      schema: {
        operationId: 'emoteLogin',
        tags: [AUTH],
        summary: 'Log in',
        body: Type.Object(
          { email: Email, password: text('The password.') },
          { examples: [{ email: 'emma@example.com', password: 'a pass phrase that is long' }] }
        ),
        response: {
          200: {
            ...json(
              'A session is open.',
              Type.Object({
                message: Type.Literal(LOGGED_IN),
                token: Type.String({
                  description: '`Bearer` and the token of the session, a JWT. It may be sent with or without the word.'
                }),
                user: UserSchema
              }),
              { message: LOGGED_IN, token: 'Bearer the-access-token', user: EXAMPLE_USER }
            ),
            headers: { authorization: Type.String({ description: '`Bearer` and the token.' }) }
          }
        }
      }
    },
    async (request, reply) => {
      const { email, password } = request.body
      const network = networkOfRequest(request)
      const entering = app.services.accounts.logIn({
        identity: { email },
        password,
        network,
        userAgent: request.headers['user-agent']
      })
      const { session, account } = await logAuthEvent(request, 'login', entering, (entered) => entered.account.id)
      const token = `Bearer ${app.accessTokens.issue(session)}`
      reply.header('authorization', token)
      return { message: LOGGED_IN, token, user: encodeUser(account, account.id) } as const
    }
  )
}

function logout (app: Scope): void {
  app.post(
    '/logout',
    {
      schema: {
        operationId: 'emoteLogout',
        tags: [AUTH],
        summary: 'End the session of the token',
        description: 'It ends on every replica, and its sockets are closed.',
        response: {
          200: json('The session has ended.', Type.Object({ message: Sentence }), { message: 'You are logged out.' })
        }
      }
    },
    async (request) => {
      const { userId, sessionId } = sessionOf(request)
      await logAuthEvent(request, 'logout', app.services.sessions.logOut(userId, sessionId), () => userId)
      return { message: 'You are logged out.' }
    }
  )
}

function validate (app: Scope): void {
  app.get(
    '/validate',
    {
      schema: {
        operationId: 'emoteValidate',
        tags: [AUTH],
        summary: 'Whose token is this?',
        response: {
          200: json(
            'It is good.',
            Type.Object({ message: Sentence, user: UserSchema }),
            { message: 'The token is valid.', user: EXAMPLE_USER }
          )
        }
      }
    },
    async (request) => {
      const account = await app.services.accounts.find(sessionOf(request).userId)
      return { message: 'The token is valid.', user: encodeUser(account, account.id) }
    }
  )
}
