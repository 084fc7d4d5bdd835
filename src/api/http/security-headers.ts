/**
 * The headers of every answer: those of `helmet`, and no cache. They are one constant record, because answers without a
 * route (see `raw-answers.ts`) have no hooks that could set them.
 */
import fastifyPlugin from 'fastify-plugin'
import helmet from 'helmet'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'

const ONE_YEAR_S = 31_536_000

/** For an answer that is no page. A page allows its own style, and nothing else. */
const OPTIONS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ['\'none\''],
      'base-uri': ['\'none\''],
      'form-action': ['\'none\''],
      'frame-ancestors': ['\'none\'']
    }
  },
  xFrameOptions: { action: 'deny' as const }
}

/**
 * The headers. No answer is stored in a cache: almost all contain a token, a message or an address.
 * @param publicUrl address of this server for browsers; if it is https, they are instructed to never use http
 */
export function securityHeaders ({ publicUrl }: { publicUrl: string }): Readonly<Record<string, string>> {
  const isHttps = publicUrl.startsWith('https:')
  const strictTransportSecurity = isHttps && { maxAge: ONE_YEAR_S, includeSubDomains: false }
  const response = new ServerResponse(new IncomingMessage(new Socket()))
  helmet({ ...OPTIONS, strictTransportSecurity })(response.req, response, (error) => {
    if (error instanceof Error) throw error
  })
  const headers: Record<string, string> = { 'cache-control': 'no-store' }
  for (const [name, value] of Object.entries(response.getHeaders())) headers[name] = String(value)
  return Object.freeze(headers)
}

export default fastifyPlugin(
  async (app) => {
    const headers = securityHeaders(app.config)
    app.addHook('onRequest', async (_request, reply) => {
      reply.headers(headers)
    })
  },
  { name: 'security-headers', dependencies: ['services'], fastify: '5.x' }
)
