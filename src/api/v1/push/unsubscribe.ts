/**
 * `/v1/unsubscribe`: ends the mails of a user about unread messages by the link in them, without a login. Mail readers
 * post to it (RFC 8058); people get a page with a button, since scanners of mails follow every link.
 */
import Type from 'typebox'
import { htmlPage } from '../../http/answers.ts'
import formBody from '../../http/form-body.ts'
import { limitedAuth } from '../../http/quotas.ts'
import type { Scope } from '../../http/scope.ts'
import { PAGE_HEADERS } from '../../pages/layout.ts'
import { NOTIFICATIONS } from '../tags.ts'
import { unsubscribedPage, unsubscribePage } from './pages.ts'

const PATH = '/unsubscribe'
const REQUESTS_PER_MINUTE = 30
const MAX_TOKEN_LENGTH = 100

const TokenQuery = Type.Object(
  { token: Type.String({ maxLength: MAX_TOKEN_LENGTH, description: 'From the link in the mail.' }) },
  { additionalProperties: false }
)

/** Adds the routes. */
export default async function unsubscribe (app: Scope): Promise<void> {
  await app.register(formBody)
  app.get(
    PATH,
    {
      config: { errors: ['invalid_link', 'invalid_input'] },
      schema: {
        operationId: 'unsubscribePage',
        tags: [NOTIFICATIONS],
        summary: 'Ask whether mails about unread messages are to end',
        querystring: TokenQuery,
        response: { 200: htmlPage('A page with a button.') }
      }
    },
    async (request, reply) => {
      const { token } = request.query
      app.services.push.unsubscribe.verify(token)
      return reply.headers(PAGE_HEADERS).send(unsubscribePage(token))
    }
  )
  app.post(
    PATH,
    {
      config: {
        ...limitedAuth('unsubscribe', REQUESTS_PER_MINUTE),
        // It has its effect once, however often it comes.
        idempotency: 'none',
        errors: ['invalid_link', 'invalid_input', 'unavailable']
      },
      schema: {
        operationId: 'unsubscribe',
        tags: [NOTIFICATIONS],
        summary: 'End mails about unread messages',
        description: 'By the link in the mail, also in one click (RFC 8058). Its user can ask for them again.',
        consumes: ['application/x-www-form-urlencoded'],
        querystring: TokenQuery,
        body: Type.Object(
          { 'List-Unsubscribe': Type.Optional(Type.String()) }, { examples: [{ 'List-Unsubscribe': 'One-Click' }] }
        ),
        response: { 200: htmlPage('There are no more mails.') }
      }
    },
    async (request, reply) => {
      await app.services.push.settings.endMails(app.services.push.unsubscribe.verify(request.query.token))
      return reply.headers(PAGE_HEADERS).send(unsubscribedPage())
    }
  )
}
