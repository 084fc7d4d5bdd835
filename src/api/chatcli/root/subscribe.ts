/** `/subscribe`: the newsletter. */
import formbody from '@fastify/formbody'
import Type from 'typebox'
import { htmlPage, PAGE } from '../../http/answers.ts'
import { applyError } from '../../http/errors.ts'
import { perMinute } from '../../http/rate-limit.ts'
import type { Scope } from '../../http/scope.ts'
import { wantsJson, wantsPage } from '../../http/accept.ts'
import { failure, fixedResponse, success } from '../envelope.ts'
import { PAGE_HEADERS } from '../../pages/layout.ts'
import { subscribedPage, subscribePage } from '../pages/subscribe.ts'
import { ON_PAGE_OR_IN_ENVELOPE } from '../refusals.ts'
import { BASE } from '../tags.ts'

const SUBSCRIPTIONS_PER_MINUTE = 20
const THANKS = 'Thank you for subscribing!'

/** Adds the routes, in a scope of their own: a browser that posted the form gets it again with the reason. */
export default async function subscribe (app: Scope): Promise<void> {
  await app.register(formbody)
  app.setErrorHandler((error: Parameters<typeof applyError>[0], request, reply) => {
    const chatError = applyError(error, request, reply)
    if (!wantsPage(request)) return reply.send(failure(chatError))
    return reply.headers(PAGE_HEADERS).send(subscribePage({ message: chatError.message, email: '' }))
  })
  showForm(app)
  subscribeAddress(app)
}

function showForm (app: Scope): void {
  app.get(
    '/subscribe',
    {
      config: { refusals: ON_PAGE_OR_IN_ENVELOPE },
      schema: {
        operationId: 'subscribeForm',
        tags: [BASE],
        summary: 'The newsletter form',
        response: { 200: htmlPage('The form.') }
      }
    },
    async (_request, reply) => reply.headers(PAGE_HEADERS).send(subscribePage())
  )
}

function subscribeAddress (app: Scope): void {
  app.post(
    '/subscribe',
    {
      config: {
        ...perMinute('subscribe', SUBSCRIPTIONS_PER_MINUTE),
        errors: ['invalid_email', 'unavailable'],
        refusals: ON_PAGE_OR_IN_ENVELOPE
      },
      schema: {
        operationId: 'subscribe',
        tags: [BASE],
        summary: 'Subscribe an address to the newsletter',
        description:
          'A known address gets the same answer and is stored once. A request that accepts `application/json` gets ' +
          'the envelope, any other a page; a refusal is a page for a request that accepts `text/html`.',
        consumes: ['application/x-www-form-urlencoded', 'application/json'],
        body: Type.Object(
          { email: Type.String({ description: 'The address.' }) },
          { examples: [{ email: 'alice@example.com' }] }
        ),
        response: {
          200: {
            description: 'The address is on the list.',
            content: { 'text/html': PAGE, ...fixedResponse(THANKS).content }
          }
        }
      }
    },
    async (request, reply) => {
      await app.services.accounts.subscribe(request.body.email)
      return wantsJson(request) ? success(THANKS) : reply.headers(PAGE_HEADERS).send(subscribedPage())
    }
  )
}
