/** `/user/submit-profile`: one route that changes, disables or deletes the caller's account. */
import Type from 'typebox'
import { logAuthEvent } from '../../http/auth-log.ts'
import { perMinute } from '../../http/rate-limit.ts'
import type { Scope } from '../../http/scope.ts'
import { sessionOf } from '../../http/session.ts'
import { ChatError } from '../../../domain/errors.ts'
import { json } from '../../http/answers.ts'
import { doubled, doubledEnvelope } from '../envelope.ts'
import { EXAMPLE_SESSION, requireSession, SESSION_FIELD } from '../session.ts'
import { ACCOUNTS } from '../tags.ts'
import { text, Username } from './fields.ts'

const CHANGES_PER_MINUTE = 10

const Switch = (description: string) =>
  Type.Optional(Type.Union([Type.Boolean(), Type.Literal(0), Type.Literal(1)], { description }))

const Body = Type.Object(
  {
    ...SESSION_FIELD,
    username: Type.Optional(Username),
    email: Type.Optional(text('The address.')),
    disable: Switch('Disable the account; the names are ignored then.'),
    delete: Switch('Delete the account; everything else is ignored then.')
  },
  { examples: [{ ...EXAMPLE_SESSION, username: 'alicia', email: 'alicia@example.com' }] }
)

const ENDED = { disable: Type.Boolean(), delete: Type.Boolean() }
const CHANGED = {
  username: Type.String(),
  email: Type.String(),
  verificationSent: Type.Boolean({ description: 'Whether the address waits for the code that was mailed to it.' })
}
const EXAMPLE = { username: 'alicia', email: 'alicia@example.com', verificationSent: true }

/** Adds the route. */
export default async function submitProfile (app: Scope): Promise<void> {
  requireSession(app)
  app.post(
    '/submit-profile',
    {
      config: {
        ...perMinute('submit-profile', CHANGES_PER_MINUTE),
        errors: ['invalid_username', 'invalid_email', 'profile_taken', 'rate_limited', 'unavailable']
      },
      schema: {
        operationId: 'submitProfile',
        tags: [ACCOUNTS],
        summary: 'Rename, disable or delete the own account, or change its address',
        description:
          'A new address counts when its code is entered by `POST /user/verify-email`; until then the account keeps ' +
          'the old one, which gets a notice. A new name ends every session. A disabled account is enabled by the ' +
          'link in a mail or by a password reset. A deleted one cannot be brought back: the texts of its messages ' +
          'are erased, and its name is not given out again.',
        body: Body,
        response: {
          200: json(
            'What was done.',
            Type.Union([doubledEnvelope(CHANGED), doubledEnvelope(ENDED)]),
            doubled(EXAMPLE)
          )
        }
      }
    },
    async (request) => {
      const { accounts } = app.services
      const { userId } = sessionOf(request)
      const { username, email, disable = false, delete: remove = false } = request.body
      const done = () => userId
      if (Boolean(remove)) {
        await logAuthEvent(request, 'delete', accounts.remove(userId), done)
        return doubled({ disable: false, delete: true })
      }
      if (Boolean(disable)) {
        await logAuthEvent(request, 'disable', accounts.disable(userId), done)
        return doubled({ disable: true, delete: false })
      }
      if (username === undefined || email === undefined)
        throw new ChatError('invalid_input', 'A profile needs "username" and "email".')
      const changing = accounts.changeProfile({ userId, username, email })
      const { isCodeMailed, ...profile } = await logAuthEvent(request, 'change-profile', changing, done)
      return doubled({ ...profile, verificationSent: isCodeMailed })
    }
  )
}
