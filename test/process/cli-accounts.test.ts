import t, { type Test } from '../support/tap.ts'
import { Sessions } from '../../src/domain/accounts/sessions.ts'
import { UNLIMITED } from '../../src/rate-limits/rate-limiter.ts'
import { createMemoryBus } from '../../src/bus/memory.ts'
import { openPostgres } from '../../src/store/postgres/open.ts'
import { setSuspended } from '../../src/store/users.ts'
import { addUser } from '../support/data/rows.ts'
import { expectRefusal } from '../support/checks/answers.ts'
import { uniqueName } from '../support/clients/http.ts'
import { connect } from '../support/clients/socket.ts'
import { logIn, register, startChat, type Account } from '../support/data/accounts.ts'
import { expectSentence, logInEmote, registerEmote } from '../support/data/emotechat.ts'
import { at } from '../support/data/json.ts'
import { claimsOf } from '../support/data/jwt.ts'
import { eventually } from '../support/deadline.ts'
import { startCluster, type Cluster, type Services } from '../support/servers/cluster.ts'
import { withServices } from '../support/servers/deployments.ts'
import { runConfab } from '../support/servers/program.ts'
import { createDatabase } from '../support/servers/database.ts'

const POLICY_VIOLATION = 1008
const RESTART = 1012
const DEADLINE_MS = 30_000
/** More than are opened while an account is suspended. */
const LOGINS = 400
/** Longer than any test: whatever closes a socket, it is not the look-up. */
const NEVER = { SESSION_CHECK_INTERVAL: '1h' }

t.setTimeout(300_000)
/** Replicas, and the environment in which a command finds what they share. */
async function startShared (t: Test, { databaseUrl, redisUrl }: Services, environment: Record<string, string> = NEVER) {
  const url = await createDatabase(t, databaseUrl)
  const shared = { DATABASE_URL: url, REDIS_URL: redisUrl, REDIS_PREFIX: `${new URL(url).pathname.slice(1)}:` }
  return {
    cluster: await startCluster(t, { services: { databaseUrl, redisUrl }, environment: { ...environment, ...shared } }),
    shared
  }
}

/** Runs a command that must succeed. @returns what it said */
async function confab (t: Test, environment: Record<string, string>, ...parameters: string[]): Promise<string> {
  const { code, stdout, stderr } = await runConfab(parameters, environment)
  t.strictSame([code, stderr], [0, ''], parameters.join(' '))
  return stdout
}

const socketsOf = (t: Test, cluster: Cluster, token: string) =>
  Promise.all(cluster.replicas.map((replica) => connect(t, replica, token)))
const logInAgain = (cluster: Cluster, { username, password }: Account, replica: number) =>
  cluster.post('/user/login', { username, password }, { replica })

async function expectDead (t: Test, cluster: Cluster, { accessToken, refreshToken }: Account): Promise<void> {
  for (const replica of cluster.replicas.keys()) {
    expectRefusal(t, await cluster.post('/chat/fetch-chats', { session_token: accessToken }, { replica }), 401)
    expectSentence(t, await cluster.get('/api/auth/validate', { bearer: accessToken, replica }), 401)
  }
  expectRefusal(t, await cluster.post('/user/refresh-token', { refresh_token: refreshToken }), 401)
}

await withServices(t, 'an account that is suspended by a command', async (t, services) => {
  const { cluster, shared } = await startShared(t, services)

  await t.test(
    'is out of every replica at once, sockets included, until it is resumed; others notice nothing',
    async (t) => {
      const [ann, bystander] = [await register(cluster, uniqueName('Ann-')), await register(cluster)]
      const [sockets, others] = [
        await socketsOf(t, cluster, ann.accessToken),
        await socketsOf(t, cluster, bystander.accessToken)
      ]
      t.equal(
        await confab(t, shared, 'user', 'suspend', ann.username.toUpperCase()),
        `${ann.username.toUpperCase()} is suspended; 1 session was ended.\n`
      )
      for (const socket of sockets) t.equal(await socket.closed(DEADLINE_MS), POLICY_VIOLATION)
      await expectDead(t, cluster, ann)
      for (const replica of cluster.replicas.keys()) {
        const refusal = await logInAgain(cluster, ann, replica)
        expectRefusal(t, refusal, 400)
        t.equal(at(refusal.body, 'code'), 'suspended')
        t.equal(
          at((await logInAgain(cluster, { ...ann, password: 'Wrong-Pass-1' }, replica)).body, 'code'),
          'wrong_credentials',
          'who does not know the password is told nothing'
        )
      }
      for (const socket of others) t.strictSame(await socket.barrier(), [])

      t.equal(
        await confab(t, shared, 'user', 'suspend', ann.username),
        `${ann.username} is suspended; 0 sessions were ended.\n`,
        'twice is once'
      )
      t.equal(await confab(t, shared, 'user', 'resume', ann.username), `${ann.username} may log in again.\n`)
      t.ok(await logIn(cluster, ann))
      await expectDead(t, cluster, ann)
    }
  )

  await t.test('is refused by EmoteChat with the words for every cause', async (t) => {
    const emma = await registerEmote(cluster)
    const wrong = await cluster.post('/api/auth/login', { email: emma.email, password: 'wrong pass phrase' })
    await confab(t, shared, 'user', 'suspend', emma.username)
    const refusal = await cluster.post('/api/auth/login', { email: emma.email, password: emma.password })
    expectSentence(t, refusal, 400)
    t.strictSame(refusal.body, wrong.body)
    await confab(t, shared, 'user', 'resume', emma.username)
    t.ok(await logInEmote(cluster, emma))
  })

  await t.test('an account is deleted, and a replica erases what it has written', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const [socket, ...others] = await socketsOf(t, cluster, ann.accessToken)
    socket?.send({ type: 'post_msg', chatID, text: 'a secret', ref: 1 })
    await socket?.next(({ ref }) => ref === 1)
    const [shownAs] = /deleted_\d+/.exec(await confab(t, shared, 'user', 'delete', ann.username)) ?? []
    for (const one of [socket, ...others]) t.equal(await one?.closed(DEADLINE_MS), POLICY_VIOLATION)
    await expectDead(t, cluster, ann)
    const again = await runConfab(['user', 'delete', shownAs ?? ''], shared)
    t.strictSame([again.code, again.stderr], [1, 'There is no such user.\n'])
    await cluster.restart(0)
    const texts = async () =>
      (await cluster.post('/chat/messages', { session_token: bob.accessToken, chatID })).body
    t.ok(await eventually(async () => at(at(await texts(), 0), 'message') === '--deleted--', DEADLINE_MS))
    t.equal(at(at(await texts(), 0), 'username'), shownAs)
  })

  await t.test('its sessions are listed, and one of them is ended', async (t) => {
    const ann = await register(cluster)
    const second = { ...ann, ...(await logIn(cluster, ann)) }
    const [sockets, others] = [
      await socketsOf(t, cluster, ann.accessToken),
      await socketsOf(t, cluster, second.accessToken)
    ]
    const lines = (await confab(t, shared, 'sessions', 'list', ann.username)).trimEnd().split('\n')
    const [newest, oldest] = lines.map((line) => line.split('\t'))
    t.equal(lines.length, 2)
    const id = String(claimsOf(ann.accessToken)['sid'])
    t.strictSame([newest?.[0], oldest?.[0]], [claimsOf(second.accessToken)['sid'], id])
    t.strictSame([newest?.length, newest?.[4]], [5, 'node'])
    t.equal(await confab(t, shared, 'sessions', 'end', ann.username, id), '1 session was ended.\n')
    for (const socket of sockets) t.equal(await socket.closed(DEADLINE_MS), POLICY_VIOLATION)
    await expectDead(t, cluster, ann)
    for (const socket of others) t.strictSame(await socket.barrier(), [])
    for (const unknown of [id, 'x']) {
      const { code, stderr } = await runConfab(['sessions', 'end', ann.username, unknown], shared)
      t.strictSame([code, stderr], [1, 'There is no such session.\n'])
    }
  })

  await t.test('sessions are revoked without a suspension', async (t) => {
    const ann = await register(cluster)
    const second = { ...ann, ...(await logIn(cluster, ann)) }
    const sockets = [
      ...(await socketsOf(t, cluster, ann.accessToken)),
      ...(await socketsOf(t, cluster, second.accessToken))
    ]
    t.equal(await confab(t, shared, 'sessions', 'revoke', ann.username), '2 sessions were ended.\n')
    for (const socket of sockets) t.equal(await socket.closed(DEADLINE_MS), POLICY_VIOLATION)
    for (const session of [ann, second]) await expectDead(t, cluster, session)
    t.ok(await logIn(cluster, ann))
  })

  await t.test(
    'an account that is made by a command logs in on any replica, in both dialects, and is in the list',
    async (t) => {
      const [made, given] = [uniqueName('Made-'), uniqueName('Given-')]
      const [, password = ''] =
        /not shown again: (\S+)\n/.exec(
          await confab(t, shared, 'user', 'create', made, `${made}@example.org`, '--name', 'Made By Hand')
        ) ?? []
      t.ok(await logIn(cluster, { username: made, email: '', password }))
      const token = await logInEmote(cluster, { email: `${made}@example.org`, password })
      t.hasStrict((await cluster.get('/api/auth/validate', { bearer: token })).body, {
        user: { name: 'Made By Hand', username: made, email_verified: true }
      })
      t.match((await cluster.get('/api/profile/users?page_size=100', { bearer: token })).text, made)

      const answer = await runConfab(
        ['user', 'create', given, `${given}@example.org`, '--password-stdin'],
        shared,
        'Correct-Horse-1\nmore\n'
      )
      t.match(
        answer,
        { code: 0, stderr: '', stdout: /^Account \d+ is Given-\S+\.\n$/ },
        'a password that was given is not repeated'
      )
      t.ok(await logIn(cluster, { username: given, email: '', password: 'Correct-Horse-1' }))
    }
  )
})

await withServices(t, 'a new epoch that a command begins closes every socket, to come again', async (t, services) => {
  const { cluster, shared } = await startShared(t, services, { SWEEP_INTERVAL: '200ms' })
  const ann = await register(cluster)
  const sockets = await socketsOf(t, cluster, ann.accessToken)
  t.match(await confab(t, shared, 'epoch', 'bump'), /^A new epoch has begun/)
  for (const socket of sockets) t.equal(await socket.closed(DEADLINE_MS), RESTART)
  t.equal((await cluster.get('/api/auth/validate', { bearer: ann.accessToken })).status, 200, 'sessions live on')
})

await withServices(t, 'a copy becomes an installation of its own by a command', async (t, services) => {
  const { cluster, shared } = await startShared(t, services, { SWEEP_INTERVAL: '200ms' })
  const ann = await register(cluster)
  const sockets = await socketsOf(t, cluster, ann.accessToken)
  const before = await confab(t, shared, 'installation', 'show')
  t.match(before, /^Installation [0-9a-f-]{36}, epoch \S{16}\.\n$/)
  t.match(await confab(t, shared, 'installation', 'renew'), /^Installation [0-9a-f-]{36}, epoch \S{16}\.\nReplicas not/)
  const words = (line: string) => line.split(' ')
  const [shown, known] = [words(await confab(t, shared, 'installation', 'show')), words(before)]
  t.not(shown[1], known[1], 'its id is another')
  t.not(shown[3], known[3], 'and so is its epoch')
  for (const socket of sockets) t.equal(await socket.closed(DEADLINE_MS), RESTART)
  const { status } = await cluster.get('/api/auth/validate', { bearer: ann.accessToken })
  t.equal(status, 401, 'tokens of the origin are not valid here')
})

await withServices(t, 'without Redis a command says that others hear of it later, and they do', async (t, services) => {
  const { cluster, shared } = await startShared(t, services, { SESSION_CHECK_INTERVAL: '300ms' })
  const ann = await register(cluster)
  const sockets = await socketsOf(t, cluster, ann.accessToken)
  const said = await confab(t, { ...shared, REDIS_URL: '' }, 'user', 'suspend', ann.username)
  t.match(
    said,
    /^user-\S+ is suspended; 1 session was ended\.\nNo Redis was reached: [^\n]+SESSION_CHECK_INTERVAL\)\.\n$/
  )
  for (const socket of sockets) t.equal(await socket.closed(DEADLINE_MS), POLICY_VIOLATION)
})

await withServices(t, 'where accounts are hidden a suspended one looks like a wrong password', async (t, services) => {
  const { cluster, shared } = await startShared(t, services, { HIDE_ACCOUNTS: 'on' })
  const ann = await register(cluster)
  await confab(t, shared, 'user', 'suspend', ann.username)
  const [right, wrong] = [
    await logInAgain(cluster, ann, 0),
    await logInAgain(cluster, { ...ann, password: 'Wrong-Pass-1' }, 0)
  ]
  expectRefusal(t, right, 400)
  t.strictSame(right.body, wrong.body)
})

await withServices(t, 'a login at the moment of a suspension leaves no session behind', async (t, { databaseUrl }) => {
  const url = await createDatabase(t, databaseUrl)
  /** Sessions over one connection of their own: what is asked there is done one after the other. */
  const connectSessions = async () => {
    const database = await openPostgres({ url, pool: 1, prepare: true, timeoutMs: 5_000 })
    t.teardown(() => database.close())
    const { orm } = database
    const lives = { refreshTtlMs: 60_000, maxAgeMs: 60_000, reuseGraceMs: 0 }
    return { orm, sessions: new Sessions({ orm, bus: createMemoryBus(), ...lives, rates: UNLIMITED }) }
  }
  const [{ orm, sessions }, operator] = [await connectSessions(), await connectSessions()]
  const { id: userId, username, passwordHash } = await addUser(orm)
  const opening = Array.from({ length: LOGINS }, () =>
    sessions.open({ userId, username, passwordHash }).then(
      () => 'opened',
      (error: unknown) => (error instanceof Error ? error.message : String(error))
    )
  )
  await opening[0]
  await operator.sessions.revokeAll(userId, (tx) => setSuspended(tx, userId, true))
  t.strictSame(
    [...new Set(await Promise.all(opening))].sort(),
    ['This account is suspended.', 'opened'],
    'some came before and were revoked, some came too late'
  )
  t.strictSame(await sessions.list(userId), [])
})
