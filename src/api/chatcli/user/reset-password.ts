/** `/user/reset-password…`: ask for a link, open its form, set the new password. */
import formbody from '@fastify/formbody'
import Type from 'typebox'
import { ChatError } from '../../../domain/errors.ts'
import { htmlPage, json, PAGE } from '../../http/answers.ts'
import { logAuthEvent } from '../../http/auth-log.ts'
import { applyError } from '../../http/errors.ts'
import { networkOfRequest } from '../../http/network.ts'
import { perMinute } from '../../http/rate-limit.ts'
import type { Scope } from '../../http/scope.ts'
import { wantsPage } from '../../http/accept.ts'
import { failure, fixedResponse, success } from '../envelope.ts'
import { PAGE_HEADERS } from '../../pages/layout.ts'
import { brokenResetLinkPage, passwordResetPage, resetPasswordPage } from '../pages/reset-password.ts'
import { ON_PAGE_OR_WITH_ERROR } from '../refusals.ts'
import { ACCOUNTS } from '../tags.ts'
import { LinkToken, NewPassword, text, Username } from './fields.ts'
import { linkOf } from './link.ts'

const ATTEMPTS_PER_MINUTE = 5

/** The link of the mail. */
const ResetLink = Type.Object({ token: Type.Optional(LinkToken), username: Type.Optional(Username) })

const ResetPasswordBody = Type.Object(
  {
    password: NewPassword,
    confirm_password: text('The same again.'),
    token: Type.Optional(LinkToken),
    username: Type.Optional(Username)
  },
  {
    examples: [{
      token: 'cpr_the-token-of-the-link',
      username: 'alice',
      password: 'Correct-Horse-2',
      confirm_password: 'Correct-Horse-2'
    }]
  }
)

const CHANGED = { message: 'Password reset successfully' } as const
const Changed = json('The password is changed.', Type.Object({ message: Type.Literal(CHANGED.message) }), CHANGED)

/** Adds the routes. */
export default async function resetPassword (app: Scope): Promise<void> {
  requestLink(app)
  openForm(app)
  await app.register(setPassword)
}

function requestLink (app: Scope): void {
  app.post(
    '/reset-password-request',
    {
      config: {
        ...perMinute('reset-request', ATTEMPTS_PER_MINUTE),
        errors: ['unknown_user', 'rate_limited', 'unavailable']
      },
      schema: {
        operationId: 'requestPasswordReset',
        tags: [ACCOUNTS],
        summary: 'Ask for a link to set a new password',
        description: 'The link is mailed, lives one hour and works once.',
        body: Type.Object({ username: Username }, { examples: [{ username: 'alice' }] }),
        response: { 200: fixedResponse('Password reset email sent!') }
      }
    },
    async (request) => {
      const requesting = app.services.accounts.requestPasswordReset(request.body.username)
      await logAuthEvent(request, 'reset-request', requesting, (userId) => userId)
      return success('Password reset email sent!')
    }
  )
}

function openForm (app: Scope): void {
  app.get(
    '/reset-password',
    {
      schema: {
        operationId: 'resetPasswordForm',
        tags: [ACCOUNTS],
        summary: 'The form for a new password, which the link of the mail opens',
        querystring: ResetLink,
        response: { 200: htmlPage('The form.'), 400: htmlPage('The link is not whole.') }
      },
      attachValidation: true
    },
    async ({ query, validationError }, reply) => {
      reply.headers(PAGE_HEADERS)
      const link = validationError === undefined ? linkOf(query) : undefined
      return link === undefined ? reply.code(400).send(brokenResetLinkPage()) : resetPasswordPage(link)
    }
  )
}

/**
 * A success has no envelope here, and a failure has an `error` beside it. A browser that posted the form gets a page
 * instead: the form again with the reason, as long as its link is whole.
 */
async function setPassword (app: Scope): Promise<void> {
  await app.register(formbody)

  app.setErrorHandler((error: Parameters<typeof applyError>[0], request, reply) => {
    const chatError = applyError(error, request, reply)
    const { message } = chatError
    if (!wantsPage(request)) return reply.send({ ...failure(chatError), error: message })
    const link = linkOf(request.body, request.query)
    return reply
      .headers(PAGE_HEADERS)
      .send(link === undefined ? brokenResetLinkPage() : resetPasswordPage({ ...link, message }))
  })

  app.post(
    '/reset-password',
    {
      config: {
        ...perMinute('reset', ATTEMPTS_PER_MINUTE),
        errors: ['passwords_differ', 'weak_password', 'invalid_reset_token', 'overloaded', 'unavailable'],
        refusals: ON_PAGE_OR_WITH_ERROR
      },
      schema: {
        operationId: 'resetPassword',
        tags: [ACCOUNTS],
        summary: 'Set a new password',
        description:
          'Token and username come in the body or in the query. It ends every session of the account. A browser, ' +
          'which asks for `text/html`, gets a page.',
        consumes: ['application/json', 'application/x-www-form-urlencoded'],
        querystring: ResetLink,
        body: ResetPasswordBody,
        response: { 200: { ...Changed, content: { ...Changed.content, 'text/html': PAGE } } }
      }
    },
    async (request, reply) => {
      const { password, confirm_password: confirmation } = request.body
      const link = linkOf(request.body, request.query)
      if (link === undefined) throw new ChatError('invalid_reset_token')
      const resetting = app.services.accounts.resetPassword({
        ...link,
        password,
        confirmation,
        rule: 'mixed',
        network: networkOfRequest(request)
      })
      await logAuthEvent(request, 'reset', resetting, (userId) => userId)
      return wantsPage(request)
        ? reply.headers(PAGE_HEADERS).send(passwordResetPage())
        : CHANGED
    }
  )
}
