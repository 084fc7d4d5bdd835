/** `/password`: a new one by a token that is mailed. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ChatError } from '../../../domain/errors.ts'
import { logAuthEvent } from '../../http/auth-log.ts'
import { networkOfRequest } from '../../http/network.ts'
import { perMinute } from '../../http/rate-limit.ts'
import { RESET, RESET_REQUEST } from './operations.ts'
import { ResetBody, ResetRequestBody } from './schemas.ts'

const ATTEMPTS_PER_MINUTE = 5

const passwordRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { accounts } = app.services

  app.post(
    '/reset-request',
    {
      config: { ...perMinute('reset-request', ATTEMPTS_PER_MINUTE), operation: RESET_REQUEST },
      schema: { body: ResetRequestBody }
    },
    async (request) => {
      await logAuthEvent(
        request,
        'reset-request',
        accounts.requestPasswordResetByEmail(request.body.email),
        (userId) => userId
      )
      return { message: 'If an account has this address, a mail with a link is on its way.' }
    }
  )

  app.post(
    '/reset',
    { config: { ...perMinute('reset', ATTEMPTS_PER_MINUTE), operation: RESET }, schema: { body: ResetBody } },
    async (request) => {
      const { token, password = request.body.new_password } = request.body
      if (password === undefined) throw new ChatError('invalid_input', 'The field "password" is missing.')
      const resetting = accounts.resetPassword({ token, password, rule: 'long', network: networkOfRequest(request) })
      await logAuthEvent(request, 'reset', resetting, (userId) => userId)
      return { message: 'The password was changed.' }
    }
  )
}

export default passwordRoutes
