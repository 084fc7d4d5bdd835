/**
 * The headers that every answer is sent with, whatever it is and however it came about. They are one constant record,
 * so that answers outside the life cycle of a route can be given the same.
 */
import fastifyPlugin from 'fastify-plugin'

const ONE_YEAR_S = 31_536_000

/**
 * The headers of an answer that is no page; a page allows itself its own style, and nothing else. No answer is kept in
 * a cache: almost all hold a token, a message or an address.
 * @param publicUrl where browsers find this server; once that is https they are told never to come without
 */
export function securityHeaders ({ publicUrl }: { publicUrl: string }): Readonly<Record<string, string>> {
  return Object.freeze({
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...(publicUrl.startsWith('https:') && { 'strict-transport-security': `max-age=${String(ONE_YEAR_S)}` })
  })
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
