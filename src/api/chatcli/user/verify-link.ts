/** `GET /user/verify-email`: the link that proves an address by being followed. */
import Type from 'typebox'
import { htmlPage } from '../../http/answers.ts'
import { logAuthEvent } from '../../http/auth-log.ts'
import { applyError } from '../../http/errors.ts'
import { perMinute } from '../../http/rate-limit.ts'
import type { Scope } from '../../http/scope.ts'
import { PAGE_HEADERS } from '../../pages/layout.ts'
import { brokenVerificationLinkPage, emailVerifiedPage, verificationFailedPage } from '../pages/verify-email.ts'
import { ON_PAGE } from '../refusals.ts'
import { ACCOUNTS } from '../tags.ts'
import { LinkToken } from './fields.ts'

const ATTEMPTS_PER_MINUTE = 20

/** Adds the route, in a scope of its own: its errors are pages. */
export default async function verifyLink (app: Scope): Promise<void> {
  app.setErrorHandler((error: Parameters<typeof applyError>[0], request, reply) => {
    const { message } = applyError(error, request, reply)
    const isLinkAtFault = reply.statusCode === 400
    return reply
      .headers(PAGE_HEADERS)
      .send(isLinkAtFault ? brokenVerificationLinkPage() : verificationFailedPage(message))
  })

  app.get(
    '/verify-email',
    {
      config: {
        ...perMinute('verify-link', ATTEMPTS_PER_MINUTE),
        errors: ['invalid_input', 'wrong_code', 'unavailable'],
        refusals: ON_PAGE
      },
      schema: {
        operationId: 'verifyEmailByLink',
        tags: [ACCOUNTS],
        summary: 'Verify an address by following the link of the mail',
        querystring: Type.Object({ token: LinkToken }),
        response: { 200: htmlPage('The address is verified.') }
      },
      // Programs that look at links without following them send HEAD.
      exposeHeadRoute: false
    },
    async (request, reply) => {
      await logAuthEvent(request, 'verify', app.services.accounts.verifyByLink(request.query.token), (userId) => userId)
      return reply.headers(PAGE_HEADERS).send(emailVerifiedPage())
    }
  )
}
