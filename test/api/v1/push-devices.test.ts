import { eq } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { applicationUsers, notificationSettings } from '../../../src/store/schema.ts'
import { register } from '../../support/data/accounts.ts'
import { newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { listAt, textAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { KEYS } from '../../support/data/subscription.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const [MAX_DEVICES, ENDPOINT] = [20, 'https://push.example.org/x']
const browser = (name: string) => ({ kind: 'web', endpoint: `${ENDPOINT}/${name}`, keys: KEYS })

await onOneDeployment(t, async (t, cluster) => {
  await t.test('a device is registered, changed, listed without its address, and removed', async (t) => {
    const ann = await newUser(cluster)
    const put = (body: object) => ann.call('PUT', '/me/devices/mine', body)
    t.equal((await put({ ...browser(ann.id), name: 'on the desk' })).status, 204)
    const made = await ann.call('GET', '/me/devices/mine')
    t.match(made.body, { device: 'mine', kind: 'web', name: 'on the desk', failing_since: null })
    t.notMatch(made.text, /push\.example/)
    t.equal((await put(browser(ann.id))).status, 204)
    t.match((await ann.call('GET', '/me/devices')).body, { items: [{ device: 'mine', name: null }] })
    t.equal((await ann.call('DELETE', '/me/devices/mine')).status, 204)
    for (const method of ['GET', 'DELETE'])
      expectProblem(t, await ann.call(method, '/me/devices/mine'), 404, 'unknown_device')
  })

  await t.test('what cannot be a device is refused by its field', async (t) => {
    const ann = await newUser(cluster)
    for (const [pointer, body] of [
      ['/endpoint', { kind: 'web', keys: KEYS }],
      ['/endpoint', { ...browser('x'), endpoint: 'nonsense' }],
      ['/endpoint', { ...browser('x'), endpoint: 'http://push.example.org/x' }],
      ['/endpoint', { ...browser('x'), endpoint: 'https://127.0.0.1/x' }],
      ['/endpoint', { ...browser('x'), endpoint: 'https://[::ffff:10.0.0.1]/x' }],
      ['/keys', { kind: 'web', endpoint: ENDPOINT }],
      ['/keys/p256dh', { ...browser('x'), keys: { ...KEYS, p256dh: 'AAAA' } }],
      ['/keys/p256dh', { ...browser('x'), keys: { ...KEYS, p256dh: `B${'A'.repeat(86)}` } }],
      ['/keys/auth', { ...browser('x'), keys: { ...KEYS, auth: 'AAAA' } }],
      ['/token', { ...browser('x'), token: 'x' }],
      ['/name', { ...browser('x'), name: '\u0000' }],
      ['/more', { ...browser('x'), more: true }]
    ] as const) {
      const answer = await ann.call('PUT', '/me/devices/x', body)
      expectProblem(t, answer, 400, 'invalid_input')
      if (pointer !== '/name') t.match(answer.body, { errors: [{ pointer }] }, JSON.stringify(body))
    }
    expectProblem(t, await ann.call('PUT', '/me/devices/x', { kind: 'fcm', token: 'x' }), 404, 'push_off')
    expectProblem(t, await ann.call('PUT', '/me/devices/..%2f', browser('x')), 400, 'invalid_input')
    t.match((await ann.call('GET', '/me/devices')).body, { items: [] })
  })

  await t.test('a user has a bounded number of devices, also of those that come at once', async (t) => {
    const ann = await newUser(cluster)
    const answers = await Promise.all(Array.from({ length: MAX_DEVICES + 3 }, async (_, index) =>
      ann.call('PUT', `/me/devices/${String(index)}`, browser(`${ann.id}-${String(index)}`))))
    t.equal(answers.filter(({ status }) => status === 204).length, MAX_DEVICES)
    for (const answer of answers) if (answer.status !== 204) expectProblem(t, answer, 409, 'too_many_devices')
    t.equal(listAt((await ann.call('GET', '/me/devices')).body, 'items').length, MAX_DEVICES)
    const [row] = await cluster.orm.select({ devices: notificationSettings.devices }).from(notificationSettings)
      .innerJoin(applicationUsers, eq(applicationUsers.userId, notificationSettings.userId))
      .where(eq(applicationUsers.externalId, ann.id))
    t.equal(row?.devices, MAX_DEVICES)
  })

  await t.test('of several that register one address at once the last one has it', async (t) => {
    const [ann, bob] = [await newUser(cluster), await newUser(cluster)]
    for (let round = 0; round < 5; round++) {
      const body = browser(`${ann.id}-${String(round)}`)
      const answers = await Promise.all([ann, bob, ann, bob].map(async (user, index) =>
        user.call('PUT', `/me/devices/${String(index)}`, body, { replica: index % cluster.replicas.length })))
      t.strictSame(answers.map(({ status }) => status), [204, 204, 204, 204])
      const lists = await Promise.all([ann, bob].map(async (user) => user.call('GET', '/me/devices')))
      t.equal(lists.flatMap((list) => listAt(list.body, 'items')).length, 1)
    }
  })

  await t.test('a device ends with the session that registered it', async (t) => {
    const one = await register(cluster)
    const other = await cluster.post('/v1/auth/login', { username: one.username, password: one.password })
    const tokens = [one.accessToken, textAt(other.body, 'access_token')]
    for (const [index, bearer] of tokens.entries()) {
      const body = browser(`${one.username}-${String(index)}`)
      t.equal((await cluster.call('PUT', `/v1/me/devices/d${String(index)}`, { bearer, body })).status, 204)
    }
    const list = async () => listAt((await cluster.get('/v1/me/devices', { bearer: one.accessToken })).body, 'items')
    t.equal((await list()).length, 2)
    t.equal((await cluster.call('POST', '/v1/auth/logout', { bearer: tokens[1] ?? '', body: {} })).status, 204)
    t.match(await list(), [{ device: 'd0' }])
  })

  await t.test('settings are replaced as a whole, and say what is wrong with them', async (t) => {
    const ann = await newUser(cluster)
    const put = (body: object) => ann.call('PUT', '/me/notifications', body)
    const find = async () => (await ann.call('GET', '/me/notifications')).body
    const defaults = { push: 'all', previews: 'on', quiet_hours: null, unread_mail: null }
    t.strictSame(await find(), defaults)
    const quiet = { from: '22:00', to: '07:30', timezone: 'europe/berlin' }
    t.equal((await put({ push: 'mentions', previews: 'off', quiet_hours: quiet })).status, 204)
    t.strictSame(await find(), {
      push: 'mentions', previews: 'off', quiet_hours: { ...quiet, timezone: 'Europe/Berlin' }, unread_mail: null
    })
    for (const body of [
      { push: 'some' }, { quiet_hours: { ...quiet, timezone: 'Nowhere/Else' } }, { quiet_hours: { from: '22:00' } },
      { quiet_hours: { ...quiet, from: '24:00' } }, { quiet_hours: { ...quiet, to: '22:00' } },
      { unread_mail: { after_minutes: 1 } }, { mail: null }
    ]) expectProblem(t, await put(body), 400, 'invalid_input')
    expectProblem(t, await put({ unread_mail: { after_minutes: 60 } }), 403, 'unverified')
    t.equal((await put({})).status, 204)
    t.strictSame(await find(), defaults)
  })

  await t.test('the backend of an application registers devices of its users', async (t) => {
    const [ann, key] = [await newUser(cluster), await newKey(cluster, 'users:write')]
    const as = { headers: { 'confab-on-behalf-of': ann.id } }
    t.equal((await key.call('PUT', '/me/devices/x', browser(ann.id), as)).status, 204)
    t.match((await ann.call('GET', '/me/devices')).body, { items: [{ device: 'x' }] })
  })
}, { environment: USER_TOKENS, inspectable: true })
