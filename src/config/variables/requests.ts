/** Proxies, time limits and rate limits of requests, and the cost of passwords. */
import Type from 'typebox'
import { choice, integer, timer } from '../variable-types.ts'

/** Variables with their descriptions, defaults and bounds. */
export const REQUESTS = {
  TRUST_PROXY: Type.String({
    description: 'comma-separated networks of proxies whose X-Forwarded-For is trusted',
    default: '',
    pattern: '^[0-9a-fA-F.:/,\\s]*$',
    expected: 'comma-separated networks such as 10.0.0.0/8'
  }),
  HSTS: choice(
    'Strict-Transport-Security with an https PUBLIC_URL: host for that host, subdomains for everything below it as ' +
    'well, off for none',
    ['host', 'subdomains', 'off'],
    'host'
  ),
  HEADERS_TIMEOUT: timer(
    'time a client has to send the headers of a request; the connection is cut at most a quarter later',
    '10s'
  ),
  REQUEST_TIMEOUT: timer('time a client has to send a whole request', '30s'),
  IDLE_TIMEOUT: timer(
    'time an idle HTTP connection stays open; longer than that of the load balancer, which must be the one to ' +
    'close',
    '72s'
  ),
  CHATCLI_CLIENTS: choice(
    'ChatCLI clients that are served: seed keeps the original answers of login, create-chat and messages, current ' +
    'gives those that the Electron clients 0.3 to 0.5 read, auto decides by the User-Agent',
    ['auto', 'seed', 'current'],
    'auto'
  ),
  RATE_LIMITS: choice('off disables all rate limits, for load tests', ['on', 'off'], 'on'),
  LOGIN_FAILURES_PER_ADDRESS: integer(
    'failed logins to one account from one address in 15 minutes; more are answered 429',
    10,
    1
  ),
  LOGIN_FAILURES_PER_ACCOUNT: integer(
    'failed logins to one account in 15 minutes from addresses it was not used from; more from those are answered ' +
    '429',
    20,
    1
  ),
  LOGIN_FAILURES_PER_MINUTE: integer(
    'failed logins per minute, to all accounts, from addresses they were not used from; more from those are ' +
    'answered 429',
    1_000,
    1
  ),
  HIDE_ACCOUNTS: choice(
    'on gives the same answers whether or not an account exists; implies EMAIL_VERIFICATION=required',
    ['on', 'off'],
    'off'
  ),
  HASH_MEMORY: integer(
    'memory of one password hash (Argon2id) in KiB; less than the default makes passwords easier to guess',
    19_456,
    8,
    4_194_304
  ),
  HASH_PASSES: integer(
    'passes of a password hash over its memory; a login renews a hash of lower cost',
    2,
    1,
    1_000
  ),
  HASH_CONCURRENCY: integer('password hashes computed at the same time', 2, 1, 64),
  HASH_QUEUE: integer('password hashes that may wait; more are answered 429', 64, 0, 100_000)
}
