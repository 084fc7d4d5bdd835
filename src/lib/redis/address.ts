/** Where Redis is: one server, one monitored by Sentinels, or a Cluster. */

const DEFAULT_PORT = 6_379
const DEFAULT_SENTINEL_PORT = 26_379

/** A host and its port. */
export type RedisNode = { host: string, port: number }

/** The content of a `REDIS_URL`. */
export type RedisAddress = {
  /** The server; or the Sentinels that monitor it; or some nodes of the Cluster, each of which knows the others. */
  nodes: readonly RedisNode[]
  kind: 'single' | 'sentinel' | 'cluster'
  /** Name of the server at the Sentinels; empty without Sentinels. */
  masterName: string
  isEncrypted: boolean
  username: string | undefined
  password: string | undefined
  sentinelPassword: string | undefined
  database: number
}

const URL_FORM =
  /^redis(?<tls>s)?(?:\+(?<kind>sentinel|cluster))?:\/\/(?:(?<username>[^:@/?#]*)(?::(?<password>[^@/?#]*))?@)?(?<hosts>[^@/?#]+)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/
const HOST_FORM = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]\s]+))(?::(?<port>\d{1,5}))?$/

/**
 * Parses `redis://host:port/database`, `redis+sentinel://host:port,…/name-of-the-master/database` or
 * `redis+cluster://host:port,…`; with `rediss` for TLS, `user:password@` before the hosts, and `?sentinelPassword=`.
 * @returns undefined when it is none of these
 */
export function parseRedisUrl (text: string): RedisAddress | undefined {
  const parts = URL_FORM.exec(text)?.groups
  if (parts === undefined) return undefined
  const kind = parts['kind'] === 'sentinel' || parts['kind'] === 'cluster' ? parts['kind'] : 'single'
  const nodes = (parts['hosts'] ?? '')
    .split(',')
    .map((host) => parseNode(host, kind === 'sentinel' ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT))
  const path = (parts['path'] ?? '').split('/')
  const masterName = kind === 'sentinel' ? decoded(path.shift()) : ''
  const database = path.shift() ?? ''
  const isWhole = path.length === 0 && /^\d{0,5}$/.test(database) && nodes.every((node) => node !== undefined)
  const isFitting = kind === 'single' ? nodes.length === 1 : kind === 'sentinel' ? masterName !== '' : database === ''
  const [username, password] = [decoded(parts['username']), decoded(parts['password'])]
  if (!isWhole || !isFitting || masterName === undefined || username === undefined || password === undefined)
    return undefined
  return {
    nodes,
    kind,
    masterName,
    isEncrypted: parts['tls'] !== undefined,
    username: username || undefined,
    password: password || undefined,
    sentinelPassword: new URLSearchParams(parts['query']).get('sentinelPassword') ?? undefined,
    database: Number(database)
  }
}

/** A description for the log, without a credential. */
export function describeRedis ({ nodes, kind, masterName }: RedisAddress): string {
  const hosts = nodes.map(({ host, port }) => `${host}:${String(port)}`).join(', ')
  return kind === 'single'
    ? `Redis ${hosts}`
    : kind === 'sentinel'
      ? `Redis ${masterName} by the Sentinels ${hosts}`
      : `Redis Cluster ${hosts}`
}

function parseNode (text: string, defaultPort: number): RedisNode | undefined {
  const parts = HOST_FORM.exec(text)?.groups
  const host = parts?.['v6'] ?? parts?.['host']
  const port = Number(parts?.['port'] ?? defaultPort)
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}

/** Decodes percent escapes; undefined when one is malformed. */
function decoded (text = ''): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
