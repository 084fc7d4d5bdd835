/** Where data is stored: the embedded store, Postgres, Redis. */
import Type from 'typebox'
import { choice, integer, optional, timer } from '../variable-types.ts'

/** Variables with their descriptions, defaults and bounds. */
export const STORAGE = {
  DATA_DIR: Type.String({
    description: 'folder of the embedded Postgres, the generated token key and the mail file',
    default: './data',
    minLength: 1
  }),
  EMBEDDED_STORE: Type.Optional(
    choice(
      'on stores messages in DATA_DIR, for one replica; without DATABASE_URL that is the default, except in ' +
      'production, which needs one of the two',
      ['on', 'off']
    )
  ),
  DATABASE_URL: optional(
    'Postgres server, as for psql; without it Confab runs a Postgres of its own in DATA_DIR/postgres. With several ' +
    'hosts (host:port,host:port) the next one is tried when one fails or is a standby',
    '^postgres(ql)?://.+',
    'the URL of a Postgres server, such as postgres://user:password@host:5432/confab'
  ),
  DATABASE_CA: optional(
    'authority that has signed the certificate of Postgres: a PEM file, or its content. Without sslmode in ' +
    'DATABASE_URL the connection is then encrypted and the certificate checked, including the name of the host',
    '^(?!\\s)[\\s\\S]+$',
    'a PEM file, or its content'
  ),
  DATABASE_POOL: integer('Postgres connections of this replica', 10, 1, 1_000),
  DATABASE_PREPARE: choice(
    'whether statements are prepared; off behind a pgbouncer older than 1.21',
    ['on', 'off'],
    'on'
  ),
  DATABASE_TIMEOUT: timer(
    'time after which Postgres cancels a statement (behind pgbouncer set it for the role); a connection that is ' +
    'silent for one second longer is closed',
    '5s'
  ),
  DATABASE_WAIT: timer(
    'time that a starting replica waits for an unreachable Postgres, alive and not ready, before it exits with 1',
    '1m'
  ),
  DATABASE_MIGRATE: choice(
    'on runs missing migrations at the start; off leaves them to confab migrate, and the replica is not ready ' +
    'until they have run',
    ['on', 'off'],
    'on'
  ),
  REDIS_URL: Type.Optional(
    Type.String({
      description:
        'Redis server; without it events reach this process only. redis://host:port, ' +
        'redis+sentinel://host:port,…/name or redis+cluster://host:port,…; rediss for TLS',
      pattern: '^rediss?(\\+sentinel|\\+cluster)?://.+',
      expected: 'redis://host:port, redis+sentinel://host:port,…/name-of-the-master or redis+cluster://host:port,…'
    })
  ),
  REDIS_PREFIX: Type.String({
    description: 'prefix of every channel and key in Redis',
    default: 'confab:',
    pattern: '^[\\x21-\\x7e]*$',
    expected: 'printable ASCII characters without spaces'
  })
}
