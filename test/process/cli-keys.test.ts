import t from '../support/tap.ts'
import { uniqueName } from '../support/clients/http.ts'
import { at } from '../support/data/json.ts'
import { expectProblem } from '../support/data/problems.ts'
import { USER_TOKEN_SECRETS } from '../support/data/user-tokens.ts'
import { startCluster } from '../support/servers/cluster.ts'
import { createStore } from '../support/servers/database.ts'
import { engineUrl } from '../support/servers/engine.ts'
import { runConfab } from '../support/servers/program.ts'

t.setTimeout(120_000)

await t.test('an operator makes a key and a token, and a backend and a user get in with them', async (t) => {
  const environment = {
    DATABASE_URL: await createStore(t, engineUrl()),
    USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0],
    USER_TOKEN_ISSUER: 'https://shop.example',
    USER_TOKEN_AUDIENCE: 'chat'
  }
  const cluster = await startCluster(t, { environment })
  const confab = async (...parameters: string[]) => {
    const { code, stdout, stderr } = await runConfab(parameters, environment)
    return { code, said: stdout, stderr, lines: stdout.trimEnd().split('\n') }
  }
  const made = await confab('keys', 'create', '--scopes', 'users:write, chats:read', '--name', 'the shop')
  t.match(made, { code: 0, stderr: '', said: /^cfk_[0-9a-f]{16}_[\w-]{43}\n$/ })
  const key = made.said.trim()
  const user = uniqueName('user-')
  const { said: token } = await confab('token', user)
  t.equal(at((await cluster.get('/v1/me', { bearer: token.trim() })).body, 'id'), user)
  t.equal((await cluster.call('PUT', `/v1/users/${user}`, { bearer: key, body: { name: 'Ann' } })).status, 200)

  const [, id = ''] = key.split('_')
  const { said } = await confab('keys', 'list')
  const time = '\\d{4}-\\S+Z'
  t.match(said, new RegExp(`^${id}\tusers:write,chats:read\t${time}\tnever\t${time}\tthe shop\n$`))
  t.match(await confab('keys', 'revoke', id), { code: 0, said: 'The API key is refused from now on.\n' })
  expectProblem(t, await cluster.get(`/v1/users/${user}`, { bearer: key }), 401, 'unauthenticated')
  t.match(await confab('keys', 'list'), { code: 0, said: 'There is no API key.\n' })
})

await t.test('wrong parameters are refused by name', async (t) => {
  const DATABASE_URL = await createStore(t, engineUrl())
  const cases: [parameters: string[], code: number, words: RegExp][] = [
    [['keys', 'create'], 1, /The scopes are some of users:read, users:write/],
    [['keys', 'create', '--scopes', 'users:own'], 1, /The scopes are some of users:read, users:write/],
    [['keys', 'create', '--scopes', 'users:read', '--expires', 'soon'], 1, /--expires must be a date/],
    [['keys', 'create', '--scopes', 'users:read', '--expires', '2020-01-31'], 1, /must expire in the future/],
    [['keys', 'revoke', 'x'], 1, /There is no such API key/],
    [['token', 'cf~1'], 1, /The id of a user has 1 to 64 characters/],
    [['token', 'ann'], 1, /USER_TOKEN_SECRET is not set/]
  ]
  await Promise.all(cases.map(async ([parameters, code, words]) => {
    t.match(await runConfab(parameters, { DATABASE_URL }), { code, stderr: words, stdout: /^$/ }, parameters.join(' '))
  }))
})
