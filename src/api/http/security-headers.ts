/**
 * The headers of every answer: those of `helmet`, and no cache. They are one constant record, because answers without a
 * route (see `raw-answers.ts`) have no hooks that could set them.
 */
import fastifyPlugin from 'fastify-plugin'
import helmet from 'helmet'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Config } from '../../config/config.ts'

const ONE_YEAR_S = 31_536_000

/** What the headers depend on. */
export type TransportConfig = Pick<Config, 'publicUrl' | 'hsts'>

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
 * @param config if the address of this server for browsers is https, they are instructed to never use http: for its
 * host, or for everything below that as well
 */
export function securityHeaders ({ publicUrl, hsts }: TransportConfig): Readonly<Record<string, string>> {
  const isStrict = publicUrl.startsWith('https:') && hsts !== 'off'
  const strictTransportSecurity = isStrict && { maxAge: ONE_YEAR_S, includeSubDomains: hsts === 'subdomains' }
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
