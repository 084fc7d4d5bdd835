/** `/`: the welcome page, the reachability check and the newsletter. */
import formbody from '@fastify/formbody'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { perMinute } from '../../http/rate-limit.ts'
import { wantsJson, wantsPage } from '../accept.ts'
import { success } from '../envelope.ts'
import { answerFailure, handleError } from '../errors.ts'
import { PAGE_HEADERS } from '../pages/layout.ts'
import { subscribedPage, subscribePage } from '../pages/subscribe.ts'
import { welcomePage } from '../pages/welcome.ts'
import { SUBSCRIBE, SUBSCRIBE_FORM, VERIFY_CONNECTION, WELCOME } from './operations.ts'

const SUBSCRIPTIONS_PER_MINUTE = 20

const root: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/', { config: { operation: WELCOME } }, async (_request, reply) => {
    const { status } = await app.readiness()
    return reply.headers(PAGE_HEADERS).send(welcomePage(status))
  })

  for (const method of ['GET', 'POST'] as const) {
    app.route({
      method,
      url: '/verify-connection',
      config: { operation: VERIFY_CONNECTION[method] },
      handler: async () => success('Server is reachable!')
    })
  }

  await app.register(subscription)
}

const subscription: FastifyPluginAsyncTypebox = async (app) => {
  await app.register(formbody)

  // A browser that posted the form gets the form back with the reason; everybody else the envelope.
  app.setErrorHandler((error: Parameters<typeof handleError>[0], request, reply) => {
    if (!wantsPage(request)) return handleError(error, request, reply)
    const { message } = answerFailure(error, request, reply)
    return reply.headers(PAGE_HEADERS).send(subscribePage({ message, email: '' }))
  })

  app.get('/subscribe', { config: { operation: SUBSCRIBE_FORM } }, async (_request, reply) =>
    reply.headers(PAGE_HEADERS).send(subscribePage())
  )

  app.post(
    '/subscribe',
    {
      config: { ...perMinute('subscribe', SUBSCRIPTIONS_PER_MINUTE), operation: SUBSCRIBE },
      schema: { body: Type.Object({ email: Type.String({ description: 'The address.' }) }) }
    },
    async (request, reply) => {
      await app.services.accounts.subscribe(request.body.email.trim())
      return wantsJson(request)
        ? success('Thank you for subscribing!')
        : reply.headers(PAGE_HEADERS).send(subscribedPage())
    }
  )
}

export default root
