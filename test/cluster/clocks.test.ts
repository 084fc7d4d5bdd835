import postgres from 'postgres'
import t, { type Test } from '../support/tap.ts'
import { call, type Answer } from '../support/clients/http.ts'
import { connect } from '../support/clients/socket.ts'
import { type AccountHost, logIn, register, registerPending } from '../support/data/accounts.ts'
import { textAt } from '../support/data/json.ts'
import { codeIn, linkIn, Outbox } from '../support/data/outbox.ts'
import { JWT_SECRET } from '../support/servers/cluster.ts'
import { createStore } from '../support/servers/database.ts'
import { withServices } from '../support/servers/deployments.ts'
import { type ReplicaProcess, spawnReplica } from '../support/servers/process.ts'
import { temporaryFolder } from '../support/servers/program.ts'

/** How far the clocks of the replicas are from that of the database: one is fast, one is slow. */
const OFFSETS_MS = [90_000, -90_000]
const GRACE = '30s'

t.setTimeout(300_000)

await withServices(t, 'replicas whose clocks are 90 s wrong', async (t, { databaseUrl, redisUrl }) => {
  const url = await createStore(t, databaseUrl)
  const dataDir = await temporaryFolder(t)
  const environment = {
    DATABASE_URL: url,
    DATABASE_POOL: '4',
    REDIS_URL: redisUrl,
    JWT_SECRET,
    DATA_DIR: dataDir,
    MAIL_TRANSPORT: 'file',
    RATE_LIMITS: 'off',
    HASH_MEMORY: '64',
    HASH_PASSES: '1',
    REFRESH_REUSE_GRACE: GRACE,
    ACCESS_TOKEN_TTL: '60s'
  }
  const replicas = await Promise.all(OFFSETS_MS.map((clockOffsetMs) => spawnReplica(t, environment, { clockOffsetMs })))
  const sql = postgres(url, { max: 1, onnotice: () => undefined })
  t.teardown(() => sql.end())
  const outbox = new Outbox(dataDir)
  const post = async ({ url }: ReplicaProcess, path: string, body: unknown): Promise<Answer> =>
    call(url + path, 'POST', { body })
  const hostOf = (replica: ReplicaProcess): AccountHost => ({
    outbox,
    secrets: new Set(),
    post: async (path, body) => post(replica, path, body)
  })
  /** Each replica, with the one whose clock is wrong the other way. */
  const eachPair = async (check: (one: ReplicaProcess, other: ReplicaProcess) => Promise<void>) => {
    for (const [index, one] of replicas.entries()) {
      const other = replicas[1 - index]
      if (other !== undefined) await check(one, other)
    }
  }
  /** Has the sessions of an account end so many seconds from now. */
  const setEnd = async (username: string, seconds: number) => sql`
    update sessions set expires_at = now() + ${seconds} * interval '1 second'
    where user_id = (select id from users where username = ${username})`
  const refresh = async (replica: ReplicaProcess, token: string) =>
    post(replica, '/user/refresh-token', { refresh_token: token })

  await t.test('a token is good everywhere as long as it lives, and so is its socket', async (t) => {
    await eachPair(async (one, other) => {
      const { accessToken } = await register(hostOf(one))
      for (const replica of [one, other]) {
        t.equal((await post(replica, '/chat/fetch-chats', { session_token: accessToken })).status, 200)
        const socket = await connect(t, replica, accessToken)
        const brief = await register(hostOf(one))
        await setEnd(brief.username, 3)
        t.equal(await (await connect(t, replica, brief.accessToken)).closed(), 1008, 'one that is over is closed')
        t.strictSame(await socket.barrier(), [])
      }
    })
  })

  await t.test('a session ends when its time is over, and not before', async (t) => {
    await eachPair(async (one, other) => {
      const { username, accessToken } = await register(hostOf(one))
      await setEnd(username, 30)
      for (const replica of [one, other])
        t.equal((await post(replica, '/chat/fetch-chats', { session_token: accessToken })).status, 200)
      await setEnd(username, -1)
      for (const replica of [one, other])
        t.equal((await post(replica, '/chat/fetch-chats', { session_token: accessToken })).status, 401)
    })
  })

  await t.test('a refresh token that comes back at once on another replica ends nothing', async (t) => {
    await eachPair(async (one, other) => {
      const { refreshToken } = await register(hostOf(one))
      const answer = await refresh(one, refreshToken)
      t.equal(answer.status, 200)
      t.equal((await refresh(other, refreshToken)).status, 401)
      t.equal((await refresh(other, textAt(answer.body, 'refresh_token'))).status, 200, 'the session lives')
    })
  })

  await t.test('a refresh token that comes back after the grace betrays a theft', async (t) => {
    await eachPair(async (one, other) => {
      const { refreshToken } = await register(hostOf(one))
      const answer = await refresh(one, refreshToken)
      await sql`update refresh_tokens set spent_at = spent_at - interval '31 seconds' where spent_at is not null`
      t.equal((await refresh(other, refreshToken)).status, 401)
      t.equal((await refresh(other, textAt(answer.body, 'refresh_token'))).status, 401, 'the session is revoked')
    })
  })

  await t.test('codes and links live as long as their mails say', async (t: Test) => {
    await eachPair(async (one, other) => {
      const shift = async (seconds: number) => {
        for (const table of ['verification_codes', 'reset_tokens'])
          await sql`update ${sql(table)} set expires_at = expires_at - ${seconds} * interval '1 second'`
      }
      for (const [seconds, status] of [[-15 + 600, 200], [1 + 600, 400]] as const) {
        const { username, email } = await registerPending(hostOf(one))
        const code = codeIn(await outbox.take(email))
        await shift(seconds)
        t.equal((await post(other, '/user/verify-email', { username, email_token: code })).status, status)
      }
      for (const [seconds, status] of [[-15 + 3_600, 200], [1 + 3_600, 400]] as const) {
        const account = await register(hostOf(one))
        await post(one, '/user/reset-password-request', { username: account.username })
        const { searchParams } = linkIn(await outbox.take(account.email))
        await shift(seconds)
        const answer = await call(`${other.url}/user/reset-password?${searchParams.toString()}`, 'POST', {
          form: { password: 'Another-Pass-9', confirm_password: 'Another-Pass-9' }
        })
        t.equal(answer.status, status)
        if (status === 200) t.ok(await logIn(hostOf(other), { ...account, password: 'Another-Pass-9' }))
      }
    })
  })

  await t.test('a registration is in the way as long as its code lives', async (t) => {
    await eachPair(async (one, other) => {
      const { email } = await registerPending(hostOf(one))
      const again = async () => hostOf(other).post('/user/register', {
        username: `other-${email.slice(0, 20).replace(/@.*/, '')}`, email, password: 'Another-Pass-9'
      })
      // A code lives from the moment its mail is sent.
      await outbox.take(email)
      await sql`update verification_codes set expires_at = now() + interval '20 seconds'`
      t.equal((await again()).status, 400)
      await sql`update verification_codes set expires_at = now()`
      t.equal((await again()).status, 200)
    })
  })
})
