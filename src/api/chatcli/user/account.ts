/** `/user/profile`, `/user/change-password`, `/user/logout` and `/user/logout-all`: the caller's own account. */
import Type from 'typebox'
import { logAuthEvent } from '../../http/auth-log.ts'
import { networkOfRequest } from '../../http/network.ts'
import { perMinute } from '../../http/rate-limit.ts'
import type { Scope } from '../../http/scope.ts'
import { sessionOf } from '../../http/session.ts'
import { json } from '../../http/answers.ts'
import { doubled, doubledEnvelope, fixedResponse, success } from '../envelope.ts'
import { EXAMPLE_SESSION, requireSession, SESSION_FIELD } from '../session.ts'
import { ACCOUNTS } from '../tags.ts'
import { NewPassword, text } from './fields.ts'

const CHANGES_PER_MINUTE = 5
/** The clients ask for it when they show it; many of them may share an address. */
const PROFILES_PER_MINUTE = 60

const SessionBody = Type.Object(SESSION_FIELD, { examples: [EXAMPLE_SESSION] })

/** Adds the routes. */
export default async function account (app: Scope): Promise<void> {
  requireSession(app)
  profile(app)
  changePassword(app)
  logout(app)
  logoutAll(app)
}

function profile (app: Scope): void {
  app.post(
    '/profile',
    {
      config: { ...perMinute('profile', PROFILES_PER_MINUTE), described: { body: SessionBody } },
      schema: {
        operationId: 'profile',
        tags: [ACCOUNTS],
        summary: 'Show the own account',
        response: {
          200: json(
            'The account.',
            doubledEnvelope({ username: Type.String(), email: Type.String() }),
            doubled({ username: 'alice', email: 'alice@example.com' })
          )
        }
      }
    },
    async (request) => {
      const { username, email } = await app.services.accounts.find(sessionOf(request).userId)
      return doubled({ username, email })
    }
  )
}

function changePassword (app: Scope): void {
  app.post(
    '/change-password',
    {
      config: {
        ...perMinute('change-password', CHANGES_PER_MINUTE),
        errors: ['weak_password', 'wrong_password', 'password_unchanged', 'overloaded']
      },
      schema: {
        operationId: 'chatcliChangePassword',
        tags: [ACCOUNTS],
        summary: 'Replace the password',
        description: 'It ends every session of the account, this one too, with their sockets. A mail tells the owner.',
        body: Type.Object(
          { ...SESSION_FIELD, current_password: text('The password until now.'), new_password: NewPassword },
          {
            examples: [
              { ...EXAMPLE_SESSION, current_password: 'Correct-Horse-1', new_password: 'Correct-Horse-2' }
            ]
          }
        ),
        response: { 200: fixedResponse('Password changed successfully!') }
      }
    },
    async (request) => {
      const { userId } = sessionOf(request)
      const { current_password: current, new_password: next } = request.body
      const network = networkOfRequest(request)
      const changing = app.services.accounts.changePassword({ userId, current, next, rule: 'mixed', network })
      await logAuthEvent(request, 'change-password', changing, () => userId)
      return success('Password changed successfully!')
    }
  )
}

function logout (app: Scope): void {
  app.post(
    '/logout',
    {
      config: {
        described: {
          body: Type.Object(
            { ...SESSION_FIELD, refresh_token: Type.Optional(text('Ignored: it ends with its session.')) },
            { examples: [EXAMPLE_SESSION] }
          )
        }
      },
      schema: {
        operationId: 'logout',
        tags: [ACCOUNTS],
        summary: 'End the session of the token',
        description: 'It ends on every replica, with its sockets and its refresh token.',
        response: { 200: fixedResponse('Logged out successfully!') }
      }
    },
    async (request) => {
      const { userId, sessionId } = sessionOf(request)
      await logAuthEvent(request, 'logout', app.services.sessions.logOut(userId, sessionId), () => userId)
      return success('Logged out successfully!')
    }
  )
}

function logoutAll (app: Scope): void {
  app.post(
    '/logout-all',
    {
      config: { described: { body: SessionBody } },
      schema: {
        operationId: 'logoutAll',
        tags: [ACCOUNTS],
        summary: 'End all sessions of the account',
        description: 'This one too. They end on every replica, with their sockets.',
        response: { 200: fixedResponse('Logged out everywhere!') }
      }
    },
    async (request) => {
      const { userId } = sessionOf(request)
      await logAuthEvent(request, 'logout', app.services.sessions.revokeAll(userId), () => userId)
      return success('Logged out everywhere!')
    }
  )
}
