import { eq, sql } from 'drizzle-orm'
import t, { type Test } from '../../support/tap.ts'
import { createApiKey, SCOPES } from '../../../src/domain/accounts/api-keys.ts'
import { Idempotency } from '../../../src/domain/idempotency.ts'
import {
  apiKeys, applicationUsers, chats, files, idempotencyKeys, jobs, reports, webhookDeliveries, webhooks
} from '../../../src/store/schema.ts'
import { after } from '../../../src/store/sql.ts'
import { removeAnswersKeptFor } from '../../../src/store/idempotency-keys.ts'
import { type Answer, uniqueName } from '../../support/clients/http.ts'
import { type ApiClient, newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, integerAt, listAt, textAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { type Cluster, startCluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

/** Where a request is tried: a group of three, a message and an invite there, and a user who is not in it. */
type Place = {
  cluster: Cluster
  backend: ApiClient
  owner: ApiClient
  member: ApiClient
  other: ApiClient
  newcomer: ApiClient
  chat: string
  code: string
  /** Of a message of the member. */
  seq: number
  /** Of a webhook with that name. */
  webhook: string
  name: string
  /** Of a report, once there is one. */
  report: string
}
type Row = {
  route: string
  by: 'backend' | 'owner' | 'member' | 'newcomer'
  body?: (place: Place) => object
  /** With the same key this is another request; without it, another URL is. */
  other?: object
  /** What has to be so before. */
  first?: (place: Place) => Promise<unknown>
  /** A number that the request changes, by as much as without a key. */
  effect: (place: Place) => Promise<number>
}

/** Nothing is sent to webhooks that ask for nothing that happens here. */
const RARE = ['session.ended']

const headOf = async ({ backend, chat }: Pick<Place, 'backend' | 'chat'>) =>
  integerAt((await backend.call('GET', `/chats/${chat}`)).body, 'head')
const versionOf = ({ id }: ApiClient) => async ({ backend }: Place) =>
  Number(at((await backend.call('GET', `/users/${id}`)).body, 'version') ?? 0)
const statusOf = async ({ member }: Place) => (await member.call('GET', '/me')).status
const posOf = async ({ member }: Place) => integerAt((await member.call('GET', '/me')).body, 'pos')
const webhookOf = async ({ cluster, webhook }: Place) => {
  const [row] = await cluster.orm.select().from(webhooks).where(eq(webhooks.id, webhook))
  return row
}
const count = (list: string, by: 'owner' | 'backend') => async (place: Place) =>
  listAt((await place[by].call('GET', list.replace('{chat}', place.chat))).body, 'items').length

const reportsAbout = async ({ cluster: { orm }, other }: Place) =>
  (await orm.select().from(reports).innerJoin(applicationUsers, eq(applicationUsers.userId, reports.userId))
    .where(eq(applicationUsers.externalId, other.id))).map((row) => row.reports)

const countFiles = async ({ orm }: Cluster, chat: string) => (await orm.select({ id: files.id }).from(files)
  .innerJoin(chats, eq(chats.id, files.chatId)).where(eq(chats.publicId, chat))).length

const ROWS: readonly Row[] = [
  {
    route: 'PATCH /v1/me', by: 'member', body: () => ({ name: 'A' }), other: { name: 'B' },
    effect: (place) => versionOf(place.member)(place)
  },
  {
    route: 'POST /v1/users:batch', by: 'backend', body: ({ name }) => ({ users: [{ id: name, data: { a: 1 } }] }),
    other: { users: [{ id: 'other' }] },
    effect: async ({ backend, name }) => (await backend.call('GET', `/users/${name}`)).status
  },
  {
    route: 'PATCH /v1/users/{user}', by: 'backend', body: () => ({ name: 'A' }), other: { name: 'B' },
    effect: (place) => versionOf(place.member)(place)
  },
  { route: 'POST /v1/users/{user}:suspend', by: 'backend', effect: statusOf },
  {
    route: 'POST /v1/users/{user}:resume', by: 'backend', effect: statusOf,
    first: ({ backend, member }) => backend.call('POST', `/users/${member.id}:suspend`, {})
  },
  { route: 'POST /v1/users/{user}/tokens:revoke', by: 'backend', body: () => ({}), effect: statusOf },
  {
    route: 'POST /v1/keys', by: 'backend', body: ({ name }) => ({ name, scopes: ['users:read'] }),
    other: { name: 'other', scopes: ['users:read'] },
    effect: async ({ cluster, name }) =>
      (await cluster.orm.select().from(apiKeys).where(eq(apiKeys.name, name))).length
  },
  {
    route: 'POST /v1/webhooks', by: 'backend',
    body: ({ name }) => ({ url: 'https://shop.example', events: RARE, description: `new ${name}` }),
    other: { url: 'https://other.example', events: RARE }, effect: count('/webhooks', 'backend')
  },
  {
    route: 'PATCH /v1/webhooks/{webhook}', by: 'backend', body: () => ({ description: 'A' }),
    other: { description: 'B' }, effect: async (place) => (await webhookOf(place))?.version ?? 0
  },
  {
    route: 'POST /v1/webhooks/{webhook}:rotate-secret', by: 'backend',
    effect: async (place) => Number((await webhookOf(place))?.previousSecret !== null)
  },
  {
    route: 'POST /v1/files', by: 'member',
    body: ({ chat }) => ({ chat, name: 'a.txt', size: 1, content_type: 'text/plain' }),
    other: { chat: 'other', name: 'a.txt', size: 1, content_type: 'text/plain' },
    effect: async ({ cluster, chat }) => countFiles(cluster, chat)
  },
  {
    route: 'POST /v1/webhooks/{webhook}/deliveries:replay', by: 'backend', body: () => ({ status: 'dead' }),
    other: { status: 'delivered' },
    first: async ({ cluster, webhook, chat }) => {
      const [found] = await cluster.orm.select().from(chats).where(eq(chats.publicId, chat))
      await cluster.orm.insert(webhookDeliveries).values({
        webhookId: webhook, messageId: 'msg_1', type: 'chat.created', status: 'dead', position: 1, attempts: 10,
        chatId: found?.id ?? 0, durationMs: 1
      })
    },
    effect: async ({ cluster, webhook }) =>
      (await cluster.orm.select().from(jobs).where(eq(jobs.target, webhook)))
        .filter(({ payload }) => 'positions' in payload).length
  },
  {
    route: 'POST /v1/chats', by: 'owner', body: ({ name }) => ({ type: 'group', name }),
    other: { type: 'group', name: 'other' }, effect: count('/chats', 'owner')
  },
  {
    route: 'PATCH /v1/chats/{chat}', by: 'owner', body: () => ({ name: 'A' }), other: { name: 'B' }, effect: headOf
  },
  {
    route: 'POST /v1/chats/{chat}:join', by: 'newcomer',
    effect: ({ name, ...place }) => headOf({ ...place, chat: name }),
    first: ({ backend, name }) => backend.call('PUT', `/chats/${name}`, { type: 'channel' })
  },
  { route: 'POST /v1/chats/{chat}:leave', by: 'member', body: () => ({}), effect: headOf },
  {
    route: 'POST /v1/chats/{chat}:transfer', by: 'owner', body: ({ member }) => ({ user: member.id }),
    other: { user: 'other' }, effect: headOf
  },
  { route: 'POST /v1/chats/{chat}:freeze', by: 'owner', effect: headOf },
  {
    route: 'POST /v1/chats/{chat}:unfreeze', by: 'owner', effect: headOf,
    first: ({ owner, chat }) => owner.call('POST', `/chats/${chat}:freeze`, {})
  },
  {
    route: 'PATCH /v1/chats/{chat}/me', by: 'member', body: () => ({ muted: true }), other: { muted: false },
    effect: posOf
  },
  {
    route: 'POST /v1/chats/{chat}/members', by: 'owner', body: ({ newcomer }) => ({ members: [{ user: newcomer.id }] }),
    other: { members: [{ user: 'other' }] }, effect: headOf
  },
  {
    route: 'PATCH /v1/chats/{chat}/members/{user}', by: 'owner', body: () => ({ role: 'admin' }),
    other: { role: 'guest' }, effect: headOf
  },
  {
    route: 'POST /v1/chats/{chat}/invites', by: 'owner', body: () => ({ max_uses: 2 }), other: { max_uses: 3 },
    effect: count('/chats/{chat}/invites', 'owner')
  },
  { route: 'POST /v1/invites/{code}:accept', by: 'newcomer', effect: headOf },
  {
    route: 'POST /v1/reports', by: 'member', body: ({ other }) => ({ user: other.id, reason: 'spam' }),
    other: { user: 'other', reason: 'spam' }, effect: async (place) => (await reportsAbout(place)).length
  },
  {
    route: 'PATCH /v1/moderation/reports/{report}', by: 'backend', body: () => ({ note: 'A' }), other: { note: 'B' },
    first: async (place) => {
      await place.member.call('POST', '/reports', { user: place.other.id, reason: 'spam' })
      place.report = String((await reportsAbout(place))[0]?.id)
    },
    effect: async (place) => (await reportsAbout(place))[0]?.version ?? 0
  },
  {
    route: 'POST /v1/chats/{chat}/messages', by: 'member', body: () => ({ text: 'A' }), other: { text: 'B' },
    effect: headOf
  },
  {
    route: 'PATCH /v1/chats/{chat}/messages/{seq}', by: 'member', body: () => ({ text: 'A' }), other: { text: 'B' },
    effect: headOf
  }
]
/** They change nothing, end what would repeat them, or are about codes that are good for once. */
const WITHOUT_KEY = [
  'POST /v1/me/two-factor', 'POST /v1/me/two-factor:confirm', 'POST /v1/me/two-factor:remove',
  'POST /v1/me/two-factor:renew-codes', 'POST /v1/me:erase',
  'POST /v1/sync', 'POST /v1/unsubscribe', 'POST /v1/users/{user}:export',
  'POST /v1/webhooks/{webhook}:test'
]

async function newPlace (cluster: Cluster, backend: ApiClient, { route }: Row): Promise<Place> {
  const [owner, member, other, newcomer] = [
    await newUser(cluster), await newUser(cluster), await newUser(cluster), await newUser(cluster)
  ]
  const [chat, name] = [uniqueName('chat-'), uniqueName('name-')]
  const members = [{ user: owner.id, role: 'owner' }, { user: member.id }, { user: other.id }]
  await backend.call('PUT', `/chats/${chat}`, { type: 'group', members })
  const seq = integerAt((await member.call('POST', `/chats/${chat}/messages`, { text: 'first' })).body, 'seq')
  const code = textAt((await owner.call('POST', `/chats/${chat}/invites`, {})).body, 'code')
  // There is a limit of their number.
  const webhook = route.includes('{webhook}')
    ? textAt((await backend.call('POST', '/webhooks', { url: 'https://shop.example', events: RARE })).body, 'id')
    : ''
  return { cluster, backend, owner, member, other, newcomer, chat, code, seq, webhook, name, report: '' }
}

type Send = (options: { key?: string, replica?: number, isOther?: true }) => Promise<Answer>

function sender ({ route, by, body, other }: Row, place: Place): Send {
  const [method = '', path = ''] = route.split(' ')
  const target = path
    .replace('/v1', '')
    .replace('{chat}', by === 'newcomer' ? place.name : place.chat)
    .replace('{user}', place.member.id)
    .replace('{seq}', String(place.seq))
    .replace('{code}', place.code)
    .replace('{webhook}', place.webhook)
    .replace('{report}', place.report)
  return ({ key, replica = 0, isOther }) => place[by].call(
    method,
    isOther === true && other === undefined ? `${target}?other` : target,
    isOther === true && other !== undefined ? other : body?.(place) ?? {},
    { replica, ...(key !== undefined && { headers: { 'idempotency-key': key } }) }
  )
}

/** Both succeed alike; a secret is shown once, and a message that was there already is 200, not 201. */
function expectEqual (t: Test, { route }: Row, answers: readonly Answer[]): void {
  const shown = answers.map(({ body, text }) => typeof body === 'object' ? { ...body, secret: undefined } : text)
  t.strictSame(shown[0], shown[1], 'equal answers')
  const statuses = answers.map(({ status }) => status).sort()
  if (route === 'POST /v1/chats/{chat}/messages') t.strictSame(statuses, [200, 201])
  else t.equal(statuses[0], statuses[1])
  const replayed = answers.map(({ headers }) => headers.get('idempotency-replayed')).sort()
  t.strictSame(replayed, [null, 'true'])
}

async function sendsEachTwice (t: Test, cluster: Cluster): Promise<void> {
  const backend = await newKey(cluster, ...SCOPES)
  const keyed = cluster.replica(0).app.documents().routes.flatMap(({ face, method, path, route }) =>
    face.prefix === '/v1' && (method === 'post' || method === 'patch') && !path.startsWith('/v1/auth/')
      ? [{ name: `${method.toUpperCase()} ${path}`, hasKey: route.config?.idempotency !== 'none' }]
      : [])
  const namesOf = (hasKey: boolean) => keyed.filter((one) => one.hasKey === hasKey).map(({ name }) => name).sort()
  t.strictSame(namesOf(true), ROWS.map(({ route }) => route).sort(), 'each route has a row')
  t.strictSame(namesOf(false), WITHOUT_KEY)

  for (const row of ROWS) {
    await t.test(`${row.route}, sent twice at once to two replicas`, async (t) => {
      const grown = async (place: Place, act: (send: Send) => Promise<void>) => {
        await row.first?.(place)
        const before = await row.effect(place)
        await act(sender(row, place))
        return (await row.effect(place)) - before
      }
      const once = await grown(await newPlace(cluster, backend, row), async (send) => {
        const { status, text } = await send({})
        t.ok(status < 300, text)
      })
      t.not(once, 0)
      const twice = await grown(await newPlace(cluster, backend, row), async (send) => {
        const key = uniqueName('key-')
        const answers = await Promise.all([0, 1].map((replica) => send({ key, replica })))
        expectEqual(t, row, answers)
        const reused = await send({ key, isOther: true })
        expectProblem(t, reused, 422, 'idempotency_key_reused')
      })
      t.equal(twice, once, 'one effect')
    })
  }
}

await onOneDeployment(
  t,
  async (t, cluster) => {
    await sendsEachTwice(t, cluster)

    const makeKey = () =>
      createApiKey(cluster.orm, { name: 'a test', scopes: ['keys:write', 'users:write'], expiresAt: null })
    const bearer = await makeKey()
    const grant = (name: string, key: string | undefined, { replica = 0, by = bearer, scopes = ['keys:read'] } = {}) =>
      cluster.post('/v1/keys', { name, scopes }, {
        bearer: by, replica, ...(key !== undefined && { headers: { 'idempotency-key': key } })
      })
    const countOf = async (name: string) =>
      (await cluster.orm.select().from(apiKeys).where(eq(apiKeys.name, name))).length

    await t.test('the same request at the same time, on any replica, has one effect and one answer', async (t) => {
      const [name, key] = [uniqueName('shop '), uniqueName('key-')]
      const answers = await Promise.all([0, 1, 2, 0, 1].map((replica) => grant(name, key, { replica })))
      t.equal(await countOf(name), 1)
      t.strictSame(answers.map(({ status }) => status), answers.map(() => 201))
      t.equal(new Set(answers.map(({ body }) => at(body, 'id'))).size, 1)
      const first = answers.filter(({ headers }) => headers.get('idempotency-replayed') === null)
      t.equal(first.length, 1)
      t.equal(answers.filter(({ body }) => at(body, 'secret') !== undefined).length, 1, 'a secret is shown once')
      const late = await grant(name, key, { replica: 2 })
      t.equal(late.headers.get('idempotency-replayed'), 'true')
      t.strictSame({ ...Object(late.body), secret: at(first[0]?.body, 'secret') }, first[0]?.body)
    })

    await t.test('the order of fields does not matter, everything else does', async (t) => {
      const [name, key] = [uniqueName('shop '), uniqueName('key-')]
      const text = (name: string) => `{"scopes":["keys:read"], "name":"${name}"}`
      const send = (name: string, by = bearer) => cluster.call('POST', '/v1/keys', {
        bearer: by, headers: { 'idempotency-key': key }, raw: { type: 'application/json', text: text(name) }
      })
      t.equal((await grant(name, key)).status, 201)
      t.strictSame([(await send(name)).status, await countOf(name)], [201, 1])
      expectProblem(t, await send(`${name}!`), 422, 'idempotency_key_reused')
      const elsewhere = await cluster.post('/v1/users/ann/tokens:revoke', {}, {
        bearer, headers: { 'idempotency-key': key }
      })
      expectProblem(t, elsewhere, 422, 'idempotency_key_reused')
      t.equal((await send(name, await makeKey())).headers.get('idempotency-replayed'), null, 'of another caller')
      t.equal(await countOf(name), 2)
      t.strictSame([(await grant(name, undefined)).status, await countOf(name)], [201, 3], 'without a key')
    })

    await t.test('a request that was refused may be made again', async (t) => {
      const [name, key] = [uniqueName('shop '), uniqueName('key-')]
      for (let attempt = 1; attempt <= 2; attempt++)
        expectProblem(t, await grant(name, key, { scopes: ['chats:read'] }), 403, 'insufficient_scope')
      t.equal((await grant(name, key)).status, 201, 'with another body, since nothing was done')
    })

    await t.test('a request that is still running is waited for, but not long', async (t) => {
      const [name, key] = [uniqueName('shop '), uniqueName('key-')]
      await cluster.orm.transaction(async (tx) => {
        const caller = `key:${bearer.split('_')[1] ?? ''}`
        await tx.insert(idempotencyKeys).values({ caller, key, fingerprint: 'x' })
        expectProblem(t, await grant(name, key), 409, 'idempotency_in_progress')
        tx.rollback()
      }).catch(() => undefined)
      t.strictSame([(await grant(name, key)).status, await countOf(name)], [201, 1], 'it was given up')
    })

    await t.test('an answer without a body is kept, too', async (t) => {
      const [path, key] = [`/v1/users/${uniqueName('user-')}/tokens:revoke`, uniqueName('key-')]
      const answers = await Promise.all([0, 1].map((replica) =>
        cluster.post(path, {}, { bearer, replica, headers: { 'idempotency-key': key } })))
      t.strictSame(answers.map(({ status, text }) => [status, text]), [[204, ''], [204, '']])
      t.strictSame(answers.map(({ headers }) => headers.get('idempotency-replayed')).sort(), [null, 'true'])
    })

    await t.test('answers are kept for seven days', async (t) => {
      const [name, key] = [uniqueName('shop '), uniqueName('key-')]
      const day = 86_400_000
      await grant(name, key)
      const age = async (days: number) => {
        await cluster.orm.update(idempotencyKeys).set({ createdAt: after(-days * day) })
          .where(eq(idempotencyKeys.key, key))
        await removeAnswersKeptFor(cluster.orm, 7 * day)
      }
      await age(6.9)
      t.equal((await grant(name, key)).headers.get('idempotency-replayed'), 'true')
      await age(7.1)
      t.equal((await grant(name, key)).headers.get('idempotency-replayed'), null)
    })

    await t.test('a key has 1 to 64 printable characters', async (t) => {
      for (const key of ['', 'x'.repeat(65), 'a b'])
        expectProblem(t, await grant(uniqueName('shop '), key), 400, 'invalid_input', key)
      t.equal((await grant(uniqueName('shop '), '!'.repeat(64))).status, 201)
    })

    await t.test('a key grants what it has, and no longer', async (t) => {
      const made = await grant(uniqueName('shop '), undefined, { scopes: ['users:read', 'keys:write'] })
      const weaker = textAt(made.body, 'secret')
      expectProblem(t, await grant('x', undefined, { by: weaker, scopes: ['users:write'] }), 403, 'insufficient_scope')
      t.equal((await grant('x', undefined, { by: weaker, scopes: ['users:read'] })).status, 201)
    })
  },
  { inspectable: true, environment: USER_TOKENS }
)

await t.test('an effect whose answer cannot be kept is undone', async (t) => {
  const cluster = await startCluster(t, { inspectable: true })
  const bearer = await createApiKey(cluster.orm, { name: 'a test', scopes: ['keys:write'], expiresAt: null })
  const grant = () => cluster.post('/v1/keys', { name: 'shop', scopes: ['keys:read'] }, {
    bearer, headers: { 'idempotency-key': 'once' }
  })
  const countMade = async () => (await cluster.orm.select().from(apiKeys).where(eq(apiKeys.name, 'shop'))).length
  await cluster.orm.execute(sql`alter table idempotency_keys add constraint no_answer check (status = 0)`)
  expectProblem(t, await grant(), 500, 'internal')
  t.equal(await countMade(), 0)
  await cluster.orm.execute(sql`alter table idempotency_keys drop constraint no_answer`)
  t.strictSame([(await grant()).status, await countMade()], [201, 1])
  t.strictSame([(await grant()).status, await countMade()], [201, 1])
})

await t.test('what others learn of an effect waits for its commit', async (t) => {
  const cluster = await startCluster(t, { inspectable: true })
  const idempotency = new Idempotency(cluster.orm, 1)
  let told = 0
  for (const [answer, toldAfter] of [
    [undefined, 0], [{ status: 200, headers: {}, body: '{}' }, 1], [{ status: 200, headers: {}, body: null }, 1]
  ] as const) {
    const begun = await idempotency.begin({ caller: 'user:1', key: 'once', fingerprint: 'x', userId: 1 })
    if (!('finish' in begun)) {
      t.strictSame(begun, { status: 200, headers: {}, body: '{}' }, 'the answer of the second one')
      continue
    }
    await begun.afterCommit(() => {
      told++
    })
    t.equal(told, 0)
    await begun.finish(answer)
    t.equal(told, toldAfter)
  }
})
