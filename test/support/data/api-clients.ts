/** Users of the application and its keys, as clients of `/v1`. */
import { createApiKey, type Scope } from '../../../src/domain/accounts/api-keys.ts'
import type { Answer, CallOptions } from '../clients/http.ts'
import { uniqueName } from '../clients/http.ts'
import type { Cluster } from '../servers/cluster.ts'
import { signWithSecret, USER_TOKEN_SECRETS } from './user-tokens.ts'

/** The environment of a server that takes the tokens of {@link newUser}. */
export const USER_TOKENS = { USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0] }

/** One who calls `/v1`: `id` is empty for a key. */
export type ApiClient = {
  id: string
  bearer: string
  call: (method: string, path: string, body?: unknown, options?: CallOptions & { replica?: number }) => Promise<Answer>
}

/** A user of the application, who is there when this resolves. */
export async function newUser (cluster: Cluster): Promise<ApiClient> {
  const id = uniqueName('user-')
  const client = clientOf(cluster, id, signWithSecret({ sub: id }))
  await client.call('GET', '/me')
  return client
}

/** A key with these scopes. */
export async function newKey (cluster: Cluster, ...scopes: Scope[]): Promise<ApiClient> {
  return clientOf(cluster, '', await createApiKey(cluster.orm, { name: 'a test', scopes, expiresAt: null }))
}

/** The client with a token. */
export function clientOf (cluster: Cluster, id: string, bearer: string): ApiClient {
  return {
    id,
    bearer,
    call: (method, path, body, options = {}) =>
      cluster.call(method, `/v1${path}`, { bearer, ...(body !== undefined && { body }), ...options })
  }
}
