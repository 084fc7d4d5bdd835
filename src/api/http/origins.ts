/**
 * Web pages that may use this server from a browser: those of its own host, of PUBLIC_URL, and those listed in
 * CORS_ORIGINS. Browsers name the page in `Origin`, which a page cannot forge; programs send none and are accepted,
 * because a browser does send it where a right comes from a cookie: with the WebSocket of EmoteChat's front end.
 */
import cors from '@fastify/cors'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ChatError } from '../../domain/errors.ts'

/** How long a browser may cache a preflight, in seconds: the maximum that all of them accept. */
const PREFLIGHT_MAX_AGE_S = 7_200
const FORM = 'application/x-www-form-urlencoded'
/** Number of refused origins that are logged; a client can invent any number. */
const MAX_LOGGED_ORIGINS = 100
const MAX_ORIGIN_LENGTH = 200

declare module 'fastify' {
  interface FastifyInstance {
    origins: {
      /** @throws {ChatError} `foreign_origin` when the request comes from a page that may not use this server */
      check: (request: FastifyRequest) => void
    }
  }
}

export default fastifyPlugin(
  async (app) => {
    const { corsOrigins, publicUrl, files } = app.config
    const listed: ReadonlySet<string> = new Set([...corsOrigins, new URL(publicUrl).origin])
    const isTrusted = (origin: string, { host }: FastifyRequest) =>
      listed.has(origin) || (URL.canParse(origin) && new URL(origin).host === host.toLowerCase())

    app.decorate('origins', {
      check (request) {
        const { origin } = request.headers
        if (origin !== undefined && !isTrusted(origin, request)) throw new ChatError('foreign_origin')
      }
    })

    const logRefused = createRefusalLog(app.log)
    // Any page can make a browser send a form without a preflight.
    app.addHook('onRequest', async (request) => {
      const { origin } = request.headers
      if (origin !== undefined && !isTrusted(origin, request)) logRefused(origin)
      const isForm = request.headers['content-type']?.toLowerCase().startsWith(FORM) === true
      if (isForm && !isAcceptable(request)) throw new ChatError('foreign_origin')
    })

    // Where files have another name of this server, the pages of PUBLIC_URL send them there from another origin.
    const isFileOrigin = files.origin !== undefined && files.storage.kind === 'disk'
    if (corsOrigins.length > 0 || isFileOrigin) {
      await app.register(cors, {
        // A list would result in a header with the value `false`; this way a foreign page gets none.
        origin: (origin, done) => done(null, origin !== undefined && listed.has(origin)),
        methods: ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE'],
        allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-match', 'last-event-id'],
        // EmoteChat returns its token in a header.
        exposedHeaders: [
          'authorization', 'retry-after', 'etag', 'idempotency-replayed', 'ratelimit', 'ratelimit-policy'
        ],
        maxAge: PREFLIGHT_MAX_AGE_S,
        strictPreflight: false
      })
    }

    /**
     * Whether a form comes from one of our pages, a listed one, or a program. Our pages send no referrer, and their
     * forms therefore `Origin: null`; `Sec-Fetch-Site` is more specific, which browsers send over TLS. Without TLS
     * there is no other information, and `null` is accepted.
     */
    function isAcceptable (request: FastifyRequest): boolean {
      const { origin, 'sec-fetch-site': site } = request.headers
      if (site === 'same-origin' || site === 'none') return true
      if (origin === undefined) return site === undefined
      return isTrusted(origin, request) || (origin === 'null' && site === undefined && publicUrl.startsWith('http:'))
    }
  },
  { name: 'origins', dependencies: ['services'], fastify: '5.x' }
)

/**
 * Logs each refused origin once: the developer of the page only sees that the browser had no permission. Invalid
 * origins and `null` are not logged.
 */
function createRefusalLog (log: FastifyBaseLogger): (origin: string) => void {
  const logged = new Set<string>()
  return (origin) => {
    if (logged.has(origin) || logged.size >= MAX_LOGGED_ORIGINS || origin.length > MAX_ORIGIN_LENGTH) return
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) return
    logged.add(origin)
    log.warn(
      { origin },
      'pages of this origin are refused: list it in CORS_ORIGINS, or in PUBLIC_URL where it is this server\'s own'
    )
  }
}
