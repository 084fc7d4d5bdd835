import { sql } from 'drizzle-orm'
import t, { type Test } from '../support/tap.ts'
import { ChatClient } from '../support/clients/chat-client.ts'
import { call } from '../support/clients/http.ts'
import { postAll } from '../support/clients/load.ts'
import { connect, type Frame, type SocketClient } from '../support/clients/socket.ts'
import { register, startChat, type Account } from '../support/data/accounts.ts'
import { within } from '../support/deadline.ts'
import type { Cluster } from '../support/servers/cluster.ts'
import { onOneDeployment } from '../support/servers/deployments.ts'

const DEADLINE_MS = 30_000
const [POST_QUEUE, POSTS, SOCKETS, HISTORY] = [4_000, 1_500, 20, 1_000]
/** Posts of one user that may be before one of another: in line, and those that take their places. */
const FEW = 100
const [RATE, BURST_S] = [10, 5]

t.setTimeout(300_000)

type Pair = Awaited<ReturnType<typeof startChat>>

const isAck = (frame: Frame) => frame['type'] === 'ack'

async function socketsOf (t: Test, cluster: Cluster, account: Account, count: number): Promise<SocketClient[]> {
  return Promise.all(Array.from({ length: count }, () => connect(t, cluster.replica(0), account.accessToken)))
}

/** Does something while a lock of the database is held. */
async function whileLocked (cluster: Cluster, lock: ReturnType<typeof sql>, work: () => Promise<void>): Promise<void> {
  await cluster.orm.transaction(async (tx) => {
    await tx.execute(lock)
    await work()
  })
}

async function posts (t: Test, cluster: Cluster): Promise<void> {
  await t.test('the posts of one account on many sockets stand aside for those of another', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const sockets = await socketsOf(t, cluster, ann, SOCKETS)
    const other = await connect(t, cluster.replica(0), bob.accessToken)
    const answers: Frame[] = []
    await whileLocked(cluster, sql`select from chat_heads where chat_id = ${chatID} for update`, async () => {
      for (let ref = 0; ref < POSTS; ref++)
        sockets[ref % SOCKETS]?.send({ type: 'post_msg', chatID, text: 'x', ref })
      for (const socket of sockets) answers.push(...(await socket.barrier()))
      other.send({ type: 'post_msg', chatID, text: 'y', ref: 'other' })
      await other.barrier()
      const { status } = await call(`${cluster.replica(0).url}/verify-connection`, 'GET')
      t.equal(status, 200, 'requests are answered meanwhile')
    })
    const { seq } = await other.next(isAck, DEADLINE_MS)
    t.ok(Number(seq) <= FEW, `its seq is ${String(seq)}`)
    t.ok(answers.length > 0, 'posts above the share of an account in the queue are refused')
    t.ok(answers.every(({ code }) => code === 'overloaded'))
    while (answers.length < POSTS) {
      for (const socket of sockets) answers.push(...socket.unread())
      await other.barrier()
    }
    t.strictSame(
      new Set(answers.map(({ ref }) => ref)),
      new Set(Array.from({ length: POSTS }, (_, ref) => ref)),
      'each is answered'
    )
  })
}

async function reads (t: Test, cluster: Cluster): Promise<void> {
  const { ann, bob, chatID } = await startChat(cluster)
  const cat = await register(cluster)
  const writer = await ChatClient.open(t, cluster.replica(0), bob.accessToken)
  await postAll(writer, chatID, Array.from({ length: HISTORY }, () => ({ text: 'x' })), { window: 64 })
  const replica = cluster.replica(0)
  const othersAreServed = async (t: Test) => {
    const answer = call(`${replica.url}/chat/fetch-chats`, 'POST', { body: { session_token: bob.accessToken } })
    t.equal((await within(answer, DEADLINE_MS, 'an answer')).status, 200, 'requests of others are answered')
    const socket = await connect(t, replica, cat.accessToken)
    socket.send({ type: 'join_chat', chatID, ref: 'r' })
    t.hasStrict(await socket.next(), { ref: 'r', code: 'not_a_participant' }, 'so are joins')
  }
  const stuck = sql`lock table messages in access exclusive mode`

  await t.test('an account that resumes on many sockets leaves connections to the database to others', async (t) => {
    const sockets = await socketsOf(t, cluster, ann, SOCKETS)
    await whileLocked(cluster, stuck, async () => {
      for (const socket of sockets) socket.send({ type: 'join_chat', chatID, after: 0, ref: 'joined' })
      await othersAreServed(t)
    })
    for (const socket of sockets) {
      const frames = await socket.take(HISTORY + 1, DEADLINE_MS)
      t.strictSame(frames.slice(0, -1).map(({ seq }) => seq), Array.from({ length: HISTORY }, (_, index) => index + 1))
      t.hasStrict(frames.at(-1), { ref: 'joined', seq: HISTORY })
    }
  })

  await t.test('so does one with many requests', async (t) => {
    let answers: ReturnType<typeof call>[] = []
    await whileLocked(cluster, stuck, async () => {
      const body = { session_token: ann.accessToken, chatID, limit: 1 }
      answers = Array.from({ length: SOCKETS }, () => call(`${replica.url}/chat/messages`, 'POST', { body }))
      await othersAreServed(t)
    })
    t.ok((await Promise.all(answers)).every(({ status }) => status === 200), 'they are answered later')
  })
}

await onOneDeployment(
  t,
  async (t, cluster) => {
    await posts(t, cluster)
    await reads(t, cluster)
  },
  {
    inspectable: true,
    replicas: 1,
    environment: { POST_QUEUE: String(POST_QUEUE), OVERLOAD_POSTS: '100', DATABASE_TIMEOUT: '30s' }
  }
)

async function frameRate (t: Test, cluster: Cluster, { ann, bob, chatID }: Pair): Promise<void> {
  await t.test('the frames of an account on all sockets are read at its rate, those of others at once', async (t) => {
    const sockets = await socketsOf(t, cluster, ann, SOCKETS)
    const other = await connect(t, cluster.replica(0), bob.accessToken)
    const each = (BURST_S + 2) * RATE / SOCKETS
    for (const socket of sockets) {
      for (let ref = 0; ref < Math.ceil(each); ref++) socket.send({ type: 'leave_chat', chatID, ref })
    }
    await other.barrier()
    const answered = sockets.reduce((sum, { frames }) => sum + frames.filter(isAck).length, 0)
    t.ok(answered < SOCKETS * Math.ceil(each), `${String(answered)} were answered by then`)
    for (const socket of sockets) {
      const acks = await socket.take(Math.ceil(each), DEADLINE_MS)
      t.strictSame(acks.map(({ ref }) => ref), acks.map((_, ref) => ref), 'none is refused or overtaken')
    }
  })
}

async function requestRate (t: Test, cluster: Cluster, { ann, bob }: Pair): Promise<void> {
  await t.test('requests above the rate of an account wait, and those that would wait long are refused', async (t) => {
    const ask = ({ accessToken }: Account) =>
      call(`${cluster.replica(0).url}/chat/fetch-chats`, 'POST', { body: { session_token: accessToken } })
    const answers = Array.from({ length: (2 * BURST_S + 1) * RATE }, () => ask(ann))
    const isOver = Promise.all(answers).then(() => true)
    t.equal((await ask(bob)).status, 200)
    t.notOk(await Promise.race([isOver, Promise.resolve(false)]), 'others are served before')
    const all = await Promise.all(answers)
    const refused = all.filter(({ status }) => status === 429)
    t.ok(refused.length > 0 && refused.length <= RATE, `${String(refused.length)} are refused`)
    t.ok(refused.every(({ headers }) => Number(headers.get('retry-after')) >= 1))
    t.equal(all.filter(({ status }) => status === 200).length, all.length - refused.length)
  })
}

async function replayRate (t: Test, cluster: Cluster, { ann, bob, chatID }: Pair): Promise<void> {
  await t.test('a long replay waits when it is above the rate of the account, and nothing else does', async (t) => {
    await cluster.orm.execute(sql`
      insert into messages (chat_id, seq, author_id, body, post_key)
      select ${chatID}, seq, (select user_low from chats where id = ${chatID}), 'x', 's' || seq
      from generate_series(1, ${HISTORY}::bigint) seq`)
    await cluster.orm.execute(sql`update chat_heads set last_seq = ${HISTORY} where chat_id = ${chatID}`)
    const reader = await connect(t, cluster.replica(0), ann.accessToken)
    reader.send({ type: 'join_chat', chatID, after: 0 })
    await reader.next(({ seq }) => Number(seq) > 1, DEADLINE_MS)
    const writer = await connect(t, cluster.replica(0), bob.accessToken)
    writer.send({ type: 'join_chat', chatID, after: HISTORY, ref: 'joined' })
    t.hasStrict(await writer.next(), { ref: 'joined', seq: HISTORY })
    writer.send({ type: 'post_msg', chatID, text: 'live', ref: 'posted' })
    await writer.next(isAck, DEADLINE_MS)
    t.ok(reader.frames.length < HISTORY / 2, `${String(reader.frames.length)} were replayed by then`)
  })
}

await onOneDeployment(
  t,
  async (t, cluster) => {
    const pair = await startChat(cluster)
    await frameRate(t, cluster, pair)
    await requestRate(t, cluster, pair)
    await replayRate(t, cluster, pair)
  },
  {
    inspectable: true,
    replicas: 1,
    environment: {
      RATE_LIMITS: 'on',
      USER_FRAMES_PER_SECOND: String(RATE),
      USER_REQUESTS_PER_SECOND: String(RATE),
      USER_REPLAY_PER_SECOND: '1'
    }
  }
)
