import t from '../../../support/tap.ts'
import { describePostgres, parsePostgresUrl, PostgresUrlError } from '../../../../src/store/postgres/address.ts'

/** The reasons why a URL is refused. */
function problemsOf (url: string, ca?: string): readonly string[] {
  try {
    parsePostgresUrl(url, ca)
    return []
  } catch (error) {
    if (error instanceof PostgresUrlError) return error.problems
    throw error
  }
}

const HOSTS: [url: string, hosts: [string, number][]][] = [
  ['postgres://db/confab', [['db', 5432]]],
  ['postgresql://u:p,w@db:6000/confab?sslmode=require', [['db', 6000]]],
  ['postgres://u@one:1,two,[::1]:3/confab', [['one', 1], ['two', 5432], ['::1', 3]]],
  ['postgres:///confab?host=/var/run/postgresql', [['/var/run/postgresql', 5432]]],
  ['postgres://u@localhost/confab?host=%2Fa%20b:6000&sslmode=disable', [['/a b', 6000]]],
  ['postgres://%2Fvar%2Frun%2Fpostgresql:6000/confab', [['/var/run/postgresql', 6000]]],
  ['postgres:///confab?host=one,two&port=1,2', [['one', 1], ['two', 2]]],
  ['postgres:///confab?host=one,two&port=7', [['one', 7], ['two', 7]]],
  ['postgres:///confab', [['/var/run/postgresql', 5432], ['/tmp', 5432]]],
  ['postgres://', [['/var/run/postgresql', 5432], ['/tmp', 5432]]]
]

t.test('a URL names one host or several', async (t) => {
  for (const [url, hosts] of HOSTS)
    t.strictSame(parsePostgresUrl(url).hosts, hosts.map(([host, port]) => ({ host, port })), url)
})

t.test('credentials and the database may be percent-encoded, or parameters', async (t) => {
  for (const url of [
    'postgres://a%40b:p%3Aw%2B+@db/c%20d?options=-c%20geqo%3Doff&application_name=x+y&connect_timeout=3',
    'postgres://x:y@db/z?user=a%40b&password=p%3Aw%2B+&dbname=c%20d&options=-c geqo=off&application_name=x+y' +
    '&connect_timeout=3'
  ]) {
    t.hasStrict(parsePostgresUrl(url), {
      user: 'a@b',
      password: 'p:w++',
      database: 'c d',
      options: '-c geqo=off',
      applicationName: 'x+y',
      connectTimeoutMs: 3_000
    })
  }
  t.hasStrict(parsePostgresUrl('postgres://db'), { user: undefined, password: undefined, database: undefined })
  t.equal(describePostgres(parsePostgresUrl('postgres://u:p@db,[::1]:6000/x')), 'Postgres db:5432,[::1]:6000/x')
})

t.test('encryption follows the rules of libpq, and is checked where there is an authority', async (t) => {
  const cases: [parameters: string, ca: string | undefined, when: string, check: string][] = [
    ['', undefined, 'asked', 'none'],
    ['?sslmode=disable', 'ca.pem', 'never', 'none'],
    ['?sslmode=allow', undefined, 'asked', 'none'],
    ['?sslmode=prefer', undefined, 'offered', 'none'],
    ['?sslmode=require', undefined, 'always', 'none'],
    ['?sslmode=require', 'ca.pem', 'always', 'issuer'],
    ['?sslmode=require&sslrootcert=ca.pem', undefined, 'always', 'issuer'],
    ['?sslmode=verify-ca&sslrootcert=ca.pem', undefined, 'always', 'issuer'],
    ['?sslmode=verify-full', undefined, 'always', 'issuer and host'],
    ['?sslmode=verify-full&sslrootcert=system', undefined, 'always', 'issuer and host'],
    ['?sslrootcert=ca.pem', undefined, 'always', 'issuer and host'],
    ['', 'ca.pem', 'always', 'issuer and host']
  ]
  for (const [parameters, ca, when, check] of cases) {
    t.hasStrict(parsePostgresUrl(`postgres://db/x${parameters}`, ca).tls, { when, check }, parameters + String(ca))
  }
})

t.test('what cannot be kept is refused by its name', async (t) => {
  const cases: [url: string, problem: RegExp][] = [
    ['postgres://db/x?channel_binding=require&sslmode=require', /channel_binding=require cannot be kept/],
    ['postgres://db/x?sslmode=on', /sslmode must be disable, allow, prefer, require, verify-ca or verify-full/],
    ['postgres://db/x?sslmode=require&sslrootcert=system', /sslrootcert=system needs sslmode=verify-full/],
    ['postgres://db/x?sslmode=verify-ca', /sslmode=verify-ca needs the file of an authority/],
    ['postgres://db/x?target_session_attrs=standby', /target_session_attrs must be any, read-write or primary/],
    ['postgres://db/x?client_encoding=latin1', /client_encoding must be UTF8/],
    ['postgres://db/x?service=main', /service cannot be used: give the user/],
    ['postgres://db/x?hostaddr=127.0.0.1', /hostaddr cannot be used: name the address/],
    ['postgres://db/x?schema=chat', /schema cannot be used: Postgres has none of that name; .*options=-c/],
    ['postgres://db:0/x', /names a port/],
    ['postgres://a,b,c/x?port=1,2', /names a port/],
    ['postgres://u:%zz@db/x', /begins no percent-encoding/],
    ['postgres://u:p#w@db/x', /no URL of a Postgres server/]
  ]
  for (const [url, problem] of cases) t.match(problemsOf(url), [problem], url)
  t.equal(problemsOf('postgres://db/x?sslmode=on&schema=chat&service=x').length, 3, 'all at once')
  t.strictSame(problemsOf('postgres://db/x?channel_binding=require&sslmode=verify-full'), [])
  t.strictSame(problemsOf('postgres://db/x?channel_binding=require', 'ca.pem'), [])
})
