import t from '../support/tap.ts'
import { auditLog } from '../../src/store/schema.ts'
import { newUser, USER_TOKENS } from '../support/data/api-clients.ts'
import { register } from '../support/data/accounts.ts'
import { at, listAt } from '../support/data/json.ts'
import { switchOnTwoFactor } from '../support/data/two-factor.ts'
import { startCluster } from '../support/servers/cluster.ts'
import { createStore } from '../support/servers/database.ts'
import { engineUrl } from '../support/servers/engine.ts'
import { runConfab } from '../support/servers/program.ts'

t.setTimeout(120_000)

await t.test('users of either kind are made operators, and what commands do is in the audit log', async (t) => {
  const environment = { DATABASE_URL: await createStore(t, engineUrl()), ...USER_TOKENS }
  const cluster = await startCluster(t, { environment })
  const confab = async (...parameters: string[]) => {
    const { code, stdout, stderr } = await runConfab(parameters, environment)
    return { code, said: stdout, stderr }
  }
  const [user, account] = [await newUser(cluster), await register(cluster)]
  t.match(await confab('user', 'operators'), { code: 0, said: 'There is no operator.\n' })
  t.match(await confab('user', 'operator', user.id, 'on'), { code: 0, said: `${user.id} is an operator now.\n` })
  t.match(await confab('user', 'operator', user.id, 'on'), { code: 0, said: `${user.id} was an operator already.\n` })
  t.match(await confab('user', 'operator', account.username, 'on'), { code: 0 })
  const { said } = await confab('user', 'operators')
  t.match(said, new RegExp(`^${user.id}\t.*\n.*\t${account.username}\t\\d{4}-\\S+Z\n$`))

  await confab('user', 'suspend', account.username)
  await confab('user', 'resume', account.username)
  await confab('invites', 'create', '--code', 'welcome')
  await confab('invites', 'revoke', 'welcome')
  await confab('epoch', 'bump')
  const log = await user.call('GET', '/audit-log?command=true')
  t.strictSame(listAt(log.body, 'items').map((entry) => at(entry, 'action')).reverse(), [
    'operator.granted', 'operator.granted', 'user.suspended', 'user.resumed', 'invite.created', 'invite.revoked',
    'epoch.bumped'
  ])
  t.match(await confab('user', 'operator', user.id, 'off'), { code: 0, said: `${user.id} is no operator now.\n` })
  t.equal((await user.call('GET', '/audit-log')).status, 403)
})

await t.test('the second factor of somebody who has lost it is switched off', async (t) => {
  const environment = { DATABASE_URL: await createStore(t, engineUrl()) }
  const cluster = await startCluster(t, { environment, inspectable: true })
  const { username, password, ...account } = await register(cluster)
  const login = async () => (await cluster.post('/v1/auth/login', { username, password })).status
  const confab = (state: string) => runConfab(['user', 'two-factor', username, state], environment)
  t.match(await confab('off'), { code: 0, stdout: `${username} had no second factor.\n` })
  await switchOnTwoFactor(cluster, { ...account, password })
  t.equal(await login(), 401)
  t.match(await confab('on'), { code: 1, stderr: /only the owner/ })
  t.equal(await login(), 401)
  t.match(await confab('off'), { code: 0, stdout: `${username} logs in by password alone now.\n` })
  t.equal(await login(), 200)
  const rows = await cluster.orm.select().from(auditLog)
  t.strictSame(rows.map(({ action }) => action), ['user.two_factor_removed'])
})

await t.test('wrong parameters are refused', async (t) => {
  const DATABASE_URL = await createStore(t, engineUrl())
  t.match(await runConfab(['user', 'operator', 'ann', 'perhaps'], { DATABASE_URL }), {
    code: 1, stderr: /The state is on or off/
  })
  t.match(await runConfab(['user', 'operator', 'ann', 'on'], { DATABASE_URL }), { code: 1, stderr: /no such user/ })
  t.match(await runConfab(['user', 'operator', 'ann'], { DATABASE_URL }), { code: 2 })
})
