/** `/`: the welcome page, the reachability check and the newsletter. */
import { wantsPageOnly } from '../../http/accept.ts'
import { htmlPage, PAGE } from '../../http/answers.ts'
import type { Scope } from '../../http/scope.ts'
import { fixedResponse, success } from '../envelope.ts'
import { PAGE_HEADERS } from '../../pages/layout.ts'
import { reachablePage } from '../pages/reachable.ts'
import { welcomePage } from '../pages/welcome.ts'
import { BASE } from '../tags.ts'
import subscribe from './subscribe.ts'

/** Adds the routes. */
export default async function root (app: Scope): Promise<void> {
  welcome(app)
  verifyConnection(app)
  await app.register(subscribe)
}

function welcome (app: Scope): void {
  app.get(
    '/',
    {
      schema: {
        operationId: 'welcome',
        tags: [BASE],
        summary: 'The welcome page',
        response: { 200: htmlPage('The page.') }
      }
    },
    async (_request, reply) => {
      const { status } = await app.readiness()
      return reply.headers(PAGE_HEADERS).send(welcomePage(status))
    }
  )
}

function verifyConnection (app: Scope): void {
  const schema = { tags: [BASE], summary: 'Is the server reachable?' }
  const reachable = fixedResponse('Server is reachable!')
  app.get(
    '/verify-connection',
    {
      schema: {
        operationId: 'verifyConnection',
        description: 'A browser that opens it gets a page.',
        ...schema,
        response: { 200: { ...reachable, content: { ...reachable.content, 'text/html': PAGE } } }
      }
    },
    async (request, reply) =>
      wantsPageOnly(request) ? reply.headers(PAGE_HEADERS).send(reachablePage()) : success('Server is reachable!')
  )
  app.post(
    '/verify-connection',
    {
      schema: {
        operationId: 'verifyConnectionWithBody',
        description: 'Any JSON will do as a body, or none.',
        ...schema,
        response: { 200: reachable }
      }
    },
    async () => success('Server is reachable!')
  )
}
