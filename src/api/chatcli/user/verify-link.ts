/** `GET /user/verify-email`: the link that proves an address by being followed. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { logAuthEvent } from '../../http/auth-log.ts'
import { perMinute } from '../../http/rate-limit.ts'
import { answerFailure, type handleError } from '../errors.ts'
import { PAGE_HEADERS } from '../pages/layout.ts'
import { brokenVerificationLinkPage, emailVerifiedPage, verificationFailedPage } from '../pages/verify-email.ts'
import { VERIFY_LINK } from './operations.ts'
import { VerificationLink } from './schemas.ts'

const ATTEMPTS_PER_MINUTE = 20

const verifyLink: FastifyPluginAsyncTypebox = async (app) => {
  app.setErrorHandler((error: Parameters<typeof handleError>[0], request, reply) => {
    const { message } = answerFailure(error, request, reply)
    const isLinkAtFault = reply.statusCode === 400
    return reply
      .headers(PAGE_HEADERS)
      .send(isLinkAtFault ? brokenVerificationLinkPage() : verificationFailedPage(message))
  })

  app.get(
    '/verify-email',
    {
      config: { ...perMinute('verify-link', ATTEMPTS_PER_MINUTE), operation: VERIFY_LINK },
      schema: { querystring: VerificationLink },
      // HEAD is how programs look at a link without following it.
      exposeHeadRoute: false
    },
    async (request, reply) => {
      await logAuthEvent(request, 'verify', app.services.accounts.verifyByLink(request.query.token), (userId) => userId)
      return reply.headers(PAGE_HEADERS).send(emailVerifiedPage())
    }
  )
}

export default verifyLink
