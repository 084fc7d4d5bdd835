/**
 * Access tokens: JWTs (RFC 7519) signed with HS256 that name a user (`sub`), a session (`sid`) and the installation
 * that they are for (`aud`). The signature proves the issuer; the domain is asked each time whether the session is
 * live.
 */
import jwt from '@fastify/jwt'
import fastifyPlugin from 'fastify-plugin'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { ChatError } from '../../domain/errors.ts'
import type { Session } from '../../domain/accounts/sessions.ts'

const ISSUER = 'confab'
const MS_PER_S = 1_000
/** Longer than any token of ours; a longer one is refused without decoding it. */
const MAX_LENGTH = 2_048

const claims = Compile(Type.Object({
  sub: Type.String(),
  sid: Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }),
  typ: Type.Literal('access'),
  // Tokens of 0.1, which live for a day, have none.
  aud: Type.Optional(Type.String()),
  exp: Type.Number()
}))

declare module 'fastify' {
  interface FastifyInstance {
    accessTokens: {
      /** Signs a token for a session. */
      issue: (session: Session) => string
      /**
       * Returns the live session of a token; its `expiresAt` is the end of the token, if that comes first.
       * @throws {ChatError} `unauthenticated`
       */
      authenticate: (token: unknown) => Promise<Session>
    }
  }
}

export default fastifyPlugin(async (app) => {
  const { jwtSecret, accessTokenTtlMs } = app.config
  await app.register(jwt, {
    secret: jwtSecret,
    sign: { algorithm: 'HS256', iss: ISSUER },
    // The end of a token is by the clock of the database, as this process's may be wrong.
    verify: { algorithms: ['HS256'], allowedIss: ISSUER, requiredClaims: ['exp', 'sub', 'sid'], ignoreExpiration: true }
  })
  app.decorate('accessTokens', {
    issue: ({ userId, sessionId, expiresAt, clockOffsetMs }) => app.jwt.sign({
      sub: String(userId),
      sid: sessionId,
      typ: 'access',
      aud: app.services.epoch.installationId,
      exp: Math.floor((Math.min(Date.now() + accessTokenTtlMs, expiresAt.getTime()) + clockOffsetMs) / MS_PER_S)
    }),
    async authenticate (token) {
      if (typeof token !== 'string' || token.length > MAX_LENGTH) throw new ChatError('unauthenticated')
      const payload = verify(token)
      if (!claims.Check(payload)) throw new ChatError('unauthenticated')
      if (payload.aud !== undefined && payload.aud !== app.services.epoch.installationId)
        throw new ChatError('unauthenticated')
      const session = await app.services.sessions.authenticate(payload.sid)
      if (String(session.userId) !== payload.sub) throw new ChatError('unauthenticated')
      const endMs = payload.exp * MS_PER_S - session.clockOffsetMs
      if (endMs <= Date.now()) throw new ChatError('unauthenticated')
      return { ...session, expiresAt: new Date(Math.min(endMs, session.expiresAt.getTime())) }
    }
  })

  function verify (token: string): unknown {
    try {
      return app.jwt.verify(token)
    } catch (error) {
      throw new ChatError('unauthenticated', undefined, { cause: error })
    }
  }
}, { name: 'access-tokens', dependencies: ['services'], fastify: '5.x' })
