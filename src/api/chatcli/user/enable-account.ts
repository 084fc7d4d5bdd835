/** `/user/enable-account`: the link that enables an account which its owner has disabled. */
import formbody from '@fastify/formbody'
import Type from 'typebox'
import { htmlPage, PAGE } from '../../http/answers.ts'
import { logAuthEvent } from '../../http/auth-log.ts'
import { applyError } from '../../http/errors.ts'
import { perMinute } from '../../http/rate-limit.ts'
import type { Scope } from '../../http/scope.ts'
import { wantsPage } from '../../http/accept.ts'
import { PAGE_HEADERS } from '../../pages/layout.ts'
import { failure, fixedResponse, success } from '../envelope.ts'
import { accountEnabledPage, brokenEnableLinkPage, enableAccountPage } from '../pages/enable-account.ts'
import { ON_PAGE_OR_IN_ENVELOPE } from '../refusals.ts'
import { ACCOUNTS } from '../tags.ts'
import { LinkToken, Username } from './fields.ts'
import { linkOf } from './link.ts'

const ATTEMPTS_PER_MINUTE = 20
const ENABLED = 'Account enabled!'
const Enabled = fixedResponse(ENABLED)

/** Adds the routes, in a scope of their own: they read forms. */
export default async function enableAccount (app: Scope): Promise<void> {
  await app.register(formbody)

  app.setErrorHandler((error: Parameters<typeof applyError>[0], request, reply) => {
    const chatError = applyError(error, request, reply)
    if (!wantsPage(request)) return reply.send(failure(chatError))
    const link = linkOf(request.body)
    return reply
      .headers(PAGE_HEADERS)
      .send(link === undefined ? brokenEnableLinkPage() : enableAccountPage({ ...link, message: chatError.message }))
  })

  openForm(app)
  enable(app)
}

function openForm (app: Scope): void {
  app.get(
    '/enable-account',
    {
      schema: {
        operationId: 'enableAccountForm',
        tags: [ACCOUNTS],
        summary: 'The page with the button that enables an account, which the link of the mail opens',
        querystring: Type.Object({ token: Type.Optional(LinkToken), username: Type.Optional(Username) }),
        response: { 200: htmlPage('The page.'), 400: htmlPage('The link is not whole.') }
      },
      attachValidation: true
    },
    async ({ query, validationError }, reply) => {
      reply.headers(PAGE_HEADERS)
      const link = validationError === undefined ? linkOf(query) : undefined
      return link === undefined ? reply.code(400).send(brokenEnableLinkPage()) : enableAccountPage(link)
    }
  )
}

function enable (app: Scope): void {
  app.post(
    '/enable-account',
    {
      config: {
        ...perMinute('enable', ATTEMPTS_PER_MINUTE),
        errors: ['invalid_enable_token', 'unavailable'],
        refusals: ON_PAGE_OR_IN_ENVELOPE
      },
      schema: {
        operationId: 'enableAccount',
        tags: [ACCOUNTS],
        summary: 'Enable a disabled account with the token of the mail',
        description: 'A browser, which asks for `text/html`, gets a page.',
        consumes: ['application/json', 'application/x-www-form-urlencoded'],
        body: Type.Object(
          { token: LinkToken, username: Username },
          { examples: [{ token: 'cen_the-token-of-the-link', username: 'alice' }] }
        ),
        response: { 200: { ...Enabled, content: { ...Enabled.content, 'text/html': PAGE } } }
      }
    },
    async (request, reply) => {
      await logAuthEvent(request, 'enable', app.services.accounts.enable(request.body), (userId) => userId)
      return wantsPage(request) ? reply.headers(PAGE_HEADERS).send(accountEnabledPage()) : success(ENABLED)
    }
  )
}
