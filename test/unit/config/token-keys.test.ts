import t from '../../support/tap.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { ConfigError } from '../../../src/config/errors.ts'

const [ONE, TWO, THREE] = ['1'.repeat(32), '2'.repeat(32), '3'.repeat(32)]

t.test('several keys may be given, with commas or line breaks between them', async (t) => {
  t.strictSame(loadConfig({ JWT_SECRET: ` ${ONE} ,${TWO}\n${THREE}\n` }).jwtSecrets, [ONE, TWO, THREE])
  t.strictSame(loadConfig({ JWT_SECRET: ONE }).jwtSecrets, [ONE])
})

t.test('each key has to be long enough, and in production unpublished', async (t) => {
  const production = {
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://confab:a-password-of-its-own@db/confab',
    PUBLIC_URL: 'https://chat.example.org',
    MAIL_TRANSPORT: 'file'
  }
  for (const [JWT_SECRET, expected] of [
    [`${ONE},too-short`, /^JWT_SECRET cannot be the value given: expected .*at least 32 characters/],
    [','.repeat(32), /^JWT_SECRET cannot be the value given/],
    [`${ONE},change-me-${TWO}`, /^JWT_SECRET is published in Confab's samples/]
  ] as const) {
    const load = () => loadConfig({ ...production, JWT_SECRET })
    t.throws(load, ConfigError)
    t.throws(load, { message: expected })
  }
})
