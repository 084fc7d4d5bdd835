/**
 * Callers by `Authorization: Bearer`: an access token of a session, a token that the application signed for its user,
 * or an API key of the application's backend. Whose token it is follows from its form alone.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { type ApiKey, looksLikeApiKey, requireScope, type Scope } from '../../domain/accounts/api-keys.ts'
import type { Principal } from '../../domain/accounts/principal.ts'
import { ChatError } from '../../domain/errors.ts'
import { isOwnToken } from './access-tokens.ts'
import { BEARER, bearerTokenOf, documentSession } from './session.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Returns the user of a token that is not narrowed to some chats.
     * @param ours verifies access tokens; by default each until its own end
     * @throws {ChatError} `unauthenticated`
     */
    authenticateUser: (token: unknown, ours?: (token: unknown) => Promise<Principal>) => Promise<Principal>
    /** The same, of any token: the caller has to heed {@link Principal.chats}. */
    authenticateNarrowed: (token: unknown) => Promise<Principal>
  }
  interface FastifyRequest {
    /** Set by {@link requireCaller}; null for a key that acts for nobody, and elsewhere. */
    principal: Principal | null
    /** Set by {@link requireCaller}; null for a user, and elsewhere. */
    apiKey: ApiKey | null
  }
  interface FastifyContextConfig {
    /** Who may call the route. */
    callers?: Callers
  }
}

/**
 * Who may call: any user, any key with a scope, or both. A key may act for a user where users may call. `isNarrowed`
 * says that the routes heed the claim `chats` of tokens, which are refused elsewhere; `operator`
 * that of the users those may call who are operators of the installation.
 */
export type Callers = { user?: boolean, operator?: true, key?: Scope, isNarrowed?: true }

const ON_BEHALF_OF = 'confab-on-behalf-of'

export default fastifyPlugin(async (app) => {
  const { userTokens, applicationUsers } = app.services
  app.decorateRequest('principal', null)
  app.decorateRequest('apiKey', null)
  const authenticate = async (token: unknown, ours: (token: unknown) => Promise<Principal>) => {
    if (typeof token !== 'string' || !userTokens.isConfigured || isOwnToken(token)) return ours(token)
    return applicationUsers.authenticate(await userTokens.verify(token))
  }
  app.decorate('authenticateNarrowed', (token) => authenticate(token, app.accessTokens.authenticate))
  app.decorate('authenticateUser', async (token, ours = app.accessTokens.authenticate) => {
    const principal = await authenticate(token, ours)
    if (principal.chats !== undefined)
      throw new ChatError('unauthenticated', undefined, { detail: 'the token is narrowed to some chats' })
    return principal
  })
}, { name: 'principals', dependencies: ['services', 'access-tokens'], fastify: '5.x' })

/** Makes every route of this scope need such a caller, checked before the body is read. */
export function requireCaller (app: FastifyInstance, callers: Callers): void {
  app.addHook('onRequest', async (request) => {
    const token = bearerTokenOf(request)
    if (token !== undefined && looksLikeApiKey(token)) await openKey(request, token, callers)
    else await openUser(request, token, callers)
  })
  documentSession(app, [{ [BEARER]: [] }])
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, callers }
  })
}

async function openKey (request: FastifyRequest, token: string, { user, key }: Callers): Promise<void> {
  const { services } = request.server
  if (key === undefined) throw new ChatError('unauthenticated', 'This needs the token of a user.')
  const apiKey = await services.authenticateApiKey(token)
  requireScope(apiKey, key)
  request.apiKey = apiKey
  const userId = request.headers[ON_BEHALF_OF]
  if (userId === undefined) return
  if (user !== true || typeof userId !== 'string')
    throw new ChatError('invalid_input', 'An API key does this by itself, not on behalf of a user.')
  request.principal = await services.applicationUsers.actFor(userId, apiKey)
}

async function openUser (
  request: FastifyRequest, token: string | undefined, { user, operator, isNarrowed }: Callers
): Promise<void> {
  const { server } = request
  if (user !== true && operator !== true) {
    await server.authenticateNarrowed(token)
    throw new ChatError('insufficient_scope', 'This needs an API key.')
  }
  const principal = await server.authenticateNarrowed(token)
  if (principal.chats !== undefined && isNarrowed !== true)
    throw new ChatError('insufficient_scope', 'A token with the claim "chats" may not do this.')
  if (operator === true && !(await server.services.isOperator(principal.userId)))
    throw new ChatError('not_an_operator')
  request.principal = principal
  await server.userTurns.wait(request, principal.userId)
}

/** The key that calls. @throws {ChatError} `unauthenticated` without one */
export function apiKeyOf ({ apiKey }: FastifyRequest): ApiKey {
  if (apiKey === null) throw new ChatError('unauthenticated')
  return apiKey
}

/** The user that calls, or that a key acts for. @throws {ChatError} `user_required`, `unauthenticated` without one */
export function principalOf ({ principal, apiKey }: FastifyRequest): Principal {
  if (principal === null) throw new ChatError(apiKey === null ? 'unauthenticated' : 'user_required')
  return principal
}
