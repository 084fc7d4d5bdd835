/** `/user/reset-password…`: ask for a link, open its form, set the new password. */
import formbody from '@fastify/formbody'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ChatError } from '../../../domain/errors.ts'
import { isStorable } from '../../../domain/text.ts'
import { logAuthEvent } from '../../http/auth-log.ts'
import { networkOfRequest } from '../../http/network.ts'
import { perMinute } from '../../http/rate-limit.ts'
import { wantsPage } from '../accept.ts'
import { failure, success } from '../envelope.ts'
import { answerFailure, type handleError } from '../errors.ts'
import { PAGE_HEADERS } from '../pages/layout.ts'
import { brokenResetLinkPage, passwordResetPage, resetPasswordPage } from '../pages/reset-password.ts'
import { RESET_FORM, RESET_PASSWORD, RESET_REQUEST } from './operations.ts'
import { ResetLink, ResetPasswordBody, ResetRequestBody } from './schemas.ts'

const ATTEMPTS_PER_MINUTE = 5

const resetPassword: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/reset-password-request',
    {
      config: { ...perMinute('reset-request', ATTEMPTS_PER_MINUTE), operation: RESET_REQUEST },
      schema: { body: ResetRequestBody }
    },
    async (request) => {
      await logAuthEvent(
        request,
        'reset-request',
        app.services.accounts.requestPasswordReset(request.body.username),
        (userId) => userId
      )
      return success('Password reset email sent!')
    }
  )

  app.get(
    '/reset-password',
    {
      config: { operation: RESET_FORM },
      schema: { querystring: ResetLink },
      attachValidation: true
    },
    async ({ query, validationError }, reply) => {
      reply.headers(PAGE_HEADERS)
      const { token, username } = query
      const isWhole = validationError === undefined && isFilled(token) && isFilled(username)
      return isWhole ? resetPasswordPage({ token, username }) : reply.code(400).send(brokenResetLinkPage())
    }
  )

  await app.register(setPassword)
}

/**
 * A success has no envelope here, and a failure has an `error` beside it. A browser that posted the form gets a page
 * instead: the form again with the reason, as long as its link is whole.
 */
const setPassword: FastifyPluginAsyncTypebox = async (app) => {
  await app.register(formbody)

  app.setErrorHandler((error: Parameters<typeof handleError>[0], request, reply) => {
    const { code, message } = answerFailure(error, request, reply)
    if (!wantsPage(request)) return reply.send({ ...failure(code, message), error: message })
    const link = linkOf(request.body, request.query)
    return reply
      .headers(PAGE_HEADERS)
      .send(link === undefined ? brokenResetLinkPage() : resetPasswordPage({ ...link, message }))
  })

  app.post(
    '/reset-password',
    {
      config: { ...perMinute('reset', ATTEMPTS_PER_MINUTE), operation: RESET_PASSWORD },
      schema: { body: ResetPasswordBody, querystring: ResetLink }
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
        : { message: 'Password reset successfully' }
    }
  )
}

/** Token and username from the form or else the query string. */
function linkOf (body: unknown, query: unknown): { token: string, username: string } | undefined {
  const token = fieldOf(body, 'token') ?? fieldOf(query, 'token')
  const username = fieldOf(body, 'username') ?? fieldOf(query, 'username')
  return isFilled(token) && isFilled(username) ? { token, username } : undefined
}

function fieldOf (fields: unknown, name: 'token' | 'username'): string | undefined {
  if (typeof fields !== 'object' || fields === null) return undefined
  const value: unknown = Reflect.get(fields, name)
  return typeof value === 'string' ? value : undefined
}

function isFilled (text: string | undefined): text is string {
  return text !== undefined && text !== '' && isStorable(text)
}

export default resetPassword
