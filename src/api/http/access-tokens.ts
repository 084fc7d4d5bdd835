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

/** What no token of the application says. */
const ownClaims = Compile(Type.Object({ iss: Type.Literal(ISSUER), typ: Type.Literal('access') }))

declare module 'fastify' {
  interface FastifyInstance {
    accessTokens: {
      /** Signs a token for a session. */
      issue: (session: Session) => string
      /**
       * Returns the live session of a token; its `expiresAt` is the end of the token, if that comes first.
       * @param beforeLookup awaited with the user of a token of ours, before the store is read
       * @throws {ChatError} `unauthenticated`, and those of `beforeLookup`
       */
      authenticate: (token: unknown, beforeLookup?: (userId: number) => Promise<void>) => Promise<Session>
      /**
       * The same for clients that keep an access token although they refresh their session: any token of a session is
       * good for as long as the newest one.
       * @throws {ChatError} `unauthenticated`, and those of `beforeLookup`
       */
      authenticateRefreshed: (token: unknown, beforeLookup?: (userId: number) => Promise<void>) => Promise<Session>
    }
  }
}

export default fastifyPlugin(async (app) => {
  const { jwtSecrets, accessTokenTtlMs } = app.config
  const [signingKey] = jwtSecrets
  await app.register(jwt, {
    secret: signingKey,
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
    authenticate: async (token, beforeLookup) => {
      const { session, endMs } = await resolve(token, beforeLookup)
      return untilEnd(session, endMs)
    },
    authenticateRefreshed: async (token, beforeLookup) => {
      const { session, endMs } = await resolve(token, beforeLookup)
      const newestEndMs = session.refreshedAt === undefined ? 0 : session.refreshedAt.getTime() + accessTokenTtlMs
      return untilEnd(session, Math.max(endMs, newestEndMs))
    }
  })

  /** Returns the live session of a token, and the end of the token by the clock of this process. */
  async function resolve (
    token: unknown,
    beforeLookup?: (userId: number) => Promise<void>
  ): Promise<{ session: Session, endMs: number }> {
    if (typeof token !== 'string' || token.length > MAX_LENGTH) throw new ChatError('unauthenticated')
    // As the login of EmoteChat gives it.
    const payload = verify(token.replace(/^Bearer +/i, ''))
    if (!claims.Check(payload)) throw new ChatError('unauthenticated')
    if (payload.aud !== undefined && payload.aud !== app.services.epoch.installationId)
      throw new ChatError('unauthenticated')
    await beforeLookup?.(Number(payload.sub))
    const session = await app.services.sessions.authenticate(payload.sid)
    if (String(session.userId) !== payload.sub) throw new ChatError('unauthenticated')
    return { session, endMs: payload.exp * MS_PER_S - session.clockOffsetMs }
  }

  function verify (token: string): unknown {
    let cause: unknown
    for (const key of jwtSecrets) {
      try {
        return app.jwt.verify(token, { key })
      } catch (error) {
        cause ??= error
      }
    }
    throw new ChatError('unauthenticated', undefined, { cause })
  }
}, { name: 'access-tokens', dependencies: ['services'], fastify: '5.x' })

/** Whether a token says that it is one of ours; nothing is verified. */
export function isOwnToken (token: string): boolean {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return ownClaims.Check(claims)
  } catch {
    return false
  }
}

/** The session until the end of its token, if that comes first. @throws {ChatError} `unauthenticated` after that */
function untilEnd (session: Session, endMs: number): Session {
  if (endMs <= Date.now()) throw new ChatError('unauthenticated')
  return { ...session, expiresAt: new Date(Math.min(endMs, session.expiresAt.getTime())) }
}
