import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import t from '../../support/tap.ts'
import { loadConfig, loadStorageConfig } from '../../../src/config/config.ts'
import { ConfigError } from '../../../src/config/errors.ts'

/** The settings that production requires. */
const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://confab:a-password-of-its-own@db/confab',
  JWT_SECRET: 'k'.repeat(32),
  PUBLIC_URL: 'https://chat.example.org',
  SMTP_URL: 'smtp://mail',
  MAIL_FROM: 'Confab <noreply@example.org>'
}
const STORE_NEEDED = 'NODE_ENV=production needs DATABASE_URL, or EMBEDDED_STORE=on for a single replica that stores ' +
  'its messages in DATA_DIR.'

const run = promisify(execFile)

/** The lines of the error about an environment. */
function complaintsAbout (environment: Record<string, string>): string[] {
  try {
    loadConfig(environment)
    return []
  } catch (error) {
    return error instanceof ConfigError ? error.message.split('\n') : [`no ConfigError: ${String(error)}`]
  }
}

/** The first word of each line: a variable. */
const namesIn = (environment: Record<string, string>) =>
  complaintsAbout(environment).map((line) => line.split(' ', 1)[0])

t.test('production refuses settings for trials, unless they are asked for by name', async (t) => {
  t.strictSame(complaintsAbout(PRODUCTION), [])
  const cases: [Record<string, string>, string | RegExp][] = [
    [{ DATABASE_URL: '' }, STORE_NEEDED],
    [{ JWT_SECRET: '' }, /^JWT_SECRET is required with DATABASE_URL/],
    [{ PUBLIC_URL: '' }, /^PUBLIC_URL is required with NODE_ENV=production/],
    [{ MAIL_FROM: '' }, /^MAIL_FROM is required with NODE_ENV=production/],
    [{ SMTP_URL: '' }, /^Mail has no way out/],
    [{ JWT_SECRET: 'Change-Me-to-something-of-your-own-1234' }, /^JWT_SECRET is published in Confab's samples/],
    [{ DATABASE_URL: 'postgres://confab:CHANGE-ME@db/x' }, /^DATABASE_URL contains a password from/],
    [{ DATABASE_URL: 'postgres://x:for%2Dtrying-out@a:1,b:2/x' }, /^DATABASE_URL contains a password from/],
    [{ REDIS_URL: 'redis+sentinel://:change-me@a:1,b:2/x' }, /^REDIS_URL contains a password from/],
    [{ SMTP_URL: 'smtp://confab:Secret@mail' }, /^SMTP_URL contains a password from/],
    [{ EMBEDDED_STORE: 'on' }, /^EMBEDDED_STORE=on and DATABASE_URL exclude each other/]
  ]
  for (const [environment, expected] of cases)
    t.match(complaintsAbout({ ...PRODUCTION, ...environment }), [expected], JSON.stringify(environment))
  t.strictSame(complaintsAbout({ ...PRODUCTION, DATABASE_URL: '', EMBEDDED_STORE: 'on' }), [])
  t.strictSame(complaintsAbout({ ...PRODUCTION, MAIL_FROM: '', MAIL_TRANSPORT: 'file' }), [], 'a file has no reader')
  t.throws(() => loadStorageConfig({ NODE_ENV: 'production' }), { message: STORE_NEEDED }, 'administration as well')
  t.equal(loadStorageConfig({ NODE_ENV: 'production', EMBEDDED_STORE: 'on' }).database.url, undefined)
})

t.test('elsewhere samples work, and the embedded store can be ruled out', async (t) => {
  const sample = { JWT_SECRET: 'for-trying-out-and-nothing-else-0123456789', DATABASE_URL: 'postgres://x:secret@db/x' }
  t.strictSame(complaintsAbout({ ...sample, NODE_ENV: 'development' }), [])
  t.match(complaintsAbout({ EMBEDDED_STORE: 'off', JWT_SECRET: 'k'.repeat(32) }), [/^EMBEDDED_STORE=off needs/])
})

t.test('search is on by default with the embedded store alone', async (t) => {
  const sample = { JWT_SECRET: 'k'.repeat(32), DATABASE_URL: 'postgres://db/x' }
  const cases: [Record<string, string>, boolean][] = [
    [{}, true], [{ SEARCH: 'off' }, false], [sample, false], [{ ...sample, SEARCH: 'on' }, true]
  ]
  for (const [environment, isOn] of cases)
    t.equal(loadStorageConfig(environment).isSearchOn, isOn, JSON.stringify(environment))
})

t.test('production refuses every key and password that is published in the samples', async (t) => {
  const { stdout } = await run('git', ['ls-files', '*.md', '*.yaml', '*.yml', '*.env*', 'Dockerfile', 'deploy'])
  const samples = stdout.split('\n').filter((file) => file !== '' && !file.startsWith('test/'))
  const texts = await Promise.all(samples.map((file) => readFile(file, 'utf8')))
  const found = (pattern: RegExp) => texts.flatMap((text) => [...text.matchAll(pattern)].map(([, value = '']) => value))
  const keys = found(/JWT_SECRET[=:]\s*"?([^\s"$]{32,})/g)
  const passwords = [
    ...found(/(?:postgres(?:ql)?|rediss?(?:\+\w+)?|smtps?):\/\/[^\s:@/]*:([^\s@]+)@/g),
    ...found(/POSTGRES_PASSWORD[=:]\s*"?([^\s"${}]+)/g),
    ...found(/login password '([^']+)'/g)
  ].filter((password) => /^[\w-]+$/.test(password))
  t.ok(keys.length > 0 && passwords.length > 3, 'there are samples')
  for (const JWT_SECRET of keys)
    t.match(complaintsAbout({ ...PRODUCTION, JWT_SECRET }), [/^JWT_SECRET is published/], JWT_SECRET)
  for (const password of passwords)
    t.match(
      complaintsAbout({ ...PRODUCTION, DATABASE_URL: `postgres://x:${password}@db/x` }),
      [/^DATABASE_URL contains a password from/],
      password
    )
})

t.test('all problems are reported at once, each on its own line, without those that follow from others', async (t) => {
  const folder = t.testdir({ file: '' })
  const broken = { NODE_ENV: 'production', PORT: 'x', LOG_LEVEL: 'loud', DRAIN_WINDOW: '10' }
  t.strictSame(namesIn(broken), [
    'PORT', 'DRAIN_WINDOW', 'LOG_LEVEL', 'NODE_ENV=production', 'JWT_SECRET', 'PUBLIC_URL', 'Mail'
  ])
  t.strictSame(
    namesIn({ JWT_SECRET: 'short', DATABASE_URL: 'postgres://db/x', SMTP_URL: 'x', MAIL_TRANSPORT: 'smtp' }),
    ['JWT_SECRET', 'SMTP_URL']
  )
  t.strictSame(namesIn({ PORT: 'x', DATA_DIR: path.join(folder, 'file') }), ['PORT', 'DATA_DIR'])
  t.match(namesIn({ NODE_ENV: 'production', DATA_DIR: path.join(folder, 'data') }), { length: 4 })
  t.notOk(existsSync(path.join(folder, 'data')), 'no key is made for a store that is refused')
})
