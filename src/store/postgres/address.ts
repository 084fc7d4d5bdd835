/**
 * The URL of a Postgres server: the form and the parameters of libpq's connection URIs (Postgres manual, 34.1), so that
 * a URL that works with `psql` works here or is refused by the name of the parameter.
 */
import { type AddressParameters, PARAMETERS, REFUSED_PARAMETERS } from './address-parameters.ts'
import { type TlsSettings, tlsSettings } from './tls-settings.ts'

/** A host and its port. A host that begins with a slash is the folder of a Unix socket named after the port. */
export type PostgresHost = { host: string, port: number }

/** The content of a URL. Without `user`, `password` or `database` the driver uses what libpq would. */
export type PostgresAddress = {
  /** They are tried in turn. */
  hosts: readonly [PostgresHost, ...PostgresHost[]]
  user: string | undefined
  password: string | undefined
  database: string | undefined
  tls: TlsSettings
  /** Time limit for a connection and its encryption, in milliseconds. */
  connectTimeoutMs: number
  applicationName: string | undefined
  /** Command-line options for the server process, such as `-c search_path=chat`. */
  options: string | undefined
}

/** A URL cannot be used; `problems` has a sentence for each reason, without a secret. */
export class PostgresUrlError extends Error {
  override readonly name = 'PostgresUrlError'
  readonly problems: readonly string[]

  constructor (problems: readonly string[]) {
    super(problems.join(' '))
    this.problems = problems
  }
}

const DEFAULT_PORT = 5_432
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000
/** Where servers have their Unix sockets by default: that of Debian and Red Hat, and that of Postgres itself. */
const SOCKET_FOLDERS = ['/var/run/postgresql', '/tmp']
const URL_FORM =
  /^postgres(?:ql)?:\/\/(?:(?<user>[^:@/?#]*)(?::(?<password>[^@/?#]*))?@)?(?<hosts>[^@/?#]*)(?:\/(?<name>[^/?#]*))?(?:\?(?<query>[^#]*))?$/
const HOST_FORM = /^(?:\[(?<v6>[0-9a-f:.]+(?:%[\w.-]+)?)\]|(?<host>[^:[\]\s]*))(?::(?<port>[^:]*))?$/i

/**
 * Parses `postgres://user:password@host:port,host:port/database?parameter=value&…`.
 * @param url parts may be percent-encoded
 * @param ca certificates of the authorities to trust: a file, or PEM text; used unless the URL has `sslrootcert`
 * @throws {PostgresUrlError} with everything that cannot be used
 */
export function parsePostgresUrl (url: string, ca?: string): PostgresAddress {
  const parts = URL_FORM.exec(url)?.groups
  if (parts === undefined) throw new PostgresUrlError(['it is no URL of a Postgres server'])
  const problems: string[] = []
  const decode = (text?: string): string => {
    try {
      return decodeURIComponent(text ?? '')
    } catch {
      problems.push('it contains a % that begins no percent-encoding: write it as %25')
      return ''
    }
  }
  const parameters = readParameters(parts['query'] ?? '', decode, problems)
  const hosts = readHosts(parts['hosts'] ?? '', parameters, decode, problems)
  const user = parameters['user'] ?? decode(parts['user'])
  const password = parameters['password'] ?? decode(parts['password'])
  const database = parameters['dbname'] ?? decode(parts['name'])
  const tls = tlsSettings(parameters, ca, problems)
  if (problems.length > 0) throw new PostgresUrlError([...new Set(problems)])
  const { options, connect_timeout: timeout } = parameters
  return {
    hosts,
    user: user || undefined,
    password: password || undefined,
    database: database || undefined,
    tls,
    connectTimeoutMs: Number(timeout ?? 0) > 0 ? Number(timeout) * 1_000 : DEFAULT_CONNECT_TIMEOUT_MS,
    applicationName: parameters['application_name'] ?? parameters['fallback_application_name'],
    options
  }
}

/** A description for the log, without a credential. */
export function describePostgres ({ hosts, database, user }: PostgresAddress): string {
  const places = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${String(port)}`)
  const name = database ?? user
  return `Postgres ${places.join()}${name === undefined ? '' : `/${name}`}`
}

/** libpq takes no `+` for a blank, unlike `URLSearchParams`. */
function readParameters (
  query: string, decode: (text: string) => string, problems: string[]
): AddressParameters {
  const parameters: Partial<Record<string, string>> = {}
  for (const part of query.split('&').filter((each) => each !== '')) {
    const index = part.indexOf('=')
    const name = decode(index < 0 ? part : part.slice(0, index))
    const value = decode(index < 0 ? '' : part.slice(index + 1))
    const isUsable = PARAMETERS[name]
    const refused = REFUSED_PARAMETERS[name]
    if (isUsable === undefined) {
      const reason = refused ?? 'Postgres has none of that name; settings of the session go into options=-c name=value'
      problems.push(`its parameter ${name} cannot be used: ${reason}`)
    } else {
      const problem = isUsable(value)
      if (problem === undefined) parameters[name] = value
      else problems.push(`its parameter ${name} ${problem}`)
    }
  }
  return parameters
}

/** The parameters `host` and `port` replace those before the path; several hosts may share a port. */
function readHosts (
  authority: string, { host, port }: AddressParameters, decode: (text?: string) => string, problems: string[]
): [PostgresHost, ...PostgresHost[]] {
  const pairs = authority.split(',').map((text) => HOST_FORM.exec(text)?.groups ?? { host: text, port: 'none' })
  const names = host?.split(',') ?? pairs.map((pair) => decode(pair['v6'] ?? pair['host']))
  const given = port?.split(',') ?? pairs.map((pair) => pair['port'] ?? '')
  // A parameter host with a port in it is a form of Confab's own.
  const ownPorts = names.map((name) => (host === undefined ? undefined : /:(\d+)$/.exec(name)?.[1]))
  const ports = names.map((_name, index) => toPort(ownPorts[index] ?? (given.length === 1 ? given[0] : given[index])))
  if (ports.includes(undefined) || (given.length > 1 && given.length !== names.length))
    problems.push('it names a port that is none, or not one for each host')
  const all = names.flatMap((name, index) => {
    const place = ownPorts[index] === undefined ? name : name.replace(/:\d+$/, '')
    return (place === '' ? SOCKET_FOLDERS : [place]).map((each) => ({ host: each, port: ports[index] ?? DEFAULT_PORT }))
  })
  const [first = { host: '', port: DEFAULT_PORT }, ...others] = all
  return [first, ...others]
}

function toPort (text = ''): number | undefined {
  if (text === '') return DEFAULT_PORT
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port > 0 && port < 65_536 ? port : undefined
}
