import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from '../support/tap.ts'
import { isSentence } from '../support/checks/answers.ts'
import { connect, openSocket, type Frame } from '../support/clients/socket.ts'
import { createChat, register, startChat, type Account } from '../support/data/accounts.ts'
import { at } from '../support/data/json.ts'
import { eventually } from '../support/deadline.ts'
import type { Cluster } from '../support/servers/cluster.ts'
import { onOneDeployment, onServices } from '../support/servers/deployments.ts'
import { refusedUpgrade } from '../support/clients/upgrades.ts'

const DEADLINE_MS = 30_000
const POLL_MS = 200
const [BURST, SOCKETS, SOCKETS_PER_USER, CHATS] = [20, 8, 3, 2]
const [REFUSED, TRY_AGAIN_LATER] = [1008, 1013]

await onOneDeployment(
  t,
  async (t, cluster) => {
    const [ann, bob, cat, dan] = await Promise.all([
      register(cluster),
      register(cluster),
      register(cluster),
      register(cluster)
    ])
    await frameRate(t, cluster, ann, bob)
    await socketsPerUser(t, cluster, ann, bob)
    await socketsPerReplica(t, cluster)
    await chatsPerSocket(t, cluster, ann, [bob, cat, dan])
  },
  {
    environment: {
      RATE_LIMITS: 'on',
      FRAMES_PER_SECOND: '1',
      FRAME_BURST: String(BURST),
      MAX_SOCKETS: String(SOCKETS),
      MAX_SOCKETS_PER_USER: String(SOCKETS_PER_USER),
      MAX_CHATS_PER_SOCKET: String(CHATS)
    }
  }
)

await onServices(
  t,
  async (t, cluster) => {
    await t.test('RATE_LIMITS=off lifts the rate of frames', async (t) => {
      const { ann, chatID } = await startChat(cluster)
      const socket = await connect(t, cluster.replica(0), ann.accessToken)
      const count = 500
      for (let ref = 1; ref <= count; ref++) socket.send({ type: 'leave_chat', chatID, ref })
      t.strictSame(
        (await socket.take(count, DEADLINE_MS)).map((frame) => frame['type']),
        new Array(count).fill('ack')
      )
      t.strictSame(await socket.barrier(), [])
    })
  },
  { environment: { RATE_LIMITS: 'off', FRAMES_PER_SECOND: '1', FRAME_BURST: '1' } }
)

function isTooManyFrames (frame: Frame): boolean {
  return frame['type'] === 'error' && frame['code'] === 'too_many_frames' && isSentence(frame['message'])
}

async function frameRate (t: Test, cluster: Cluster, ann: Account, bob: Account): Promise<void> {
  const chatID = await createChat(cluster, ann, bob)

  await t.test('frames above the burst are refused with an error each, and the socket goes on', async (t) => {
    const socket = await connect(t, cluster.replica(0), ann.accessToken)
    const [over, refs] = [10, Array.from({ length: BURST }, (_, index) => index)]
    for (let ref = 0; ref < BURST + over; ref++) socket.send({ type: 'leave_chat', chatID, ref })
    const answers = await socket.take(BURST + over, DEADLINE_MS)
    t.strictSame(
      answers.slice(0, BURST).map((frame) => frame['ref']),
      refs,
      'the burst is accepted'
    )
    const refused = answers.filter(isTooManyFrames)
    t.ok(
      refused.length > 0 && answers.slice(BURST).every((frame) => isTooManyFrames(frame) || frame['type'] === 'ack'),
      'more is refused',
      { answers: answers.slice(BURST) }
    )
    const recovers = await eventually(async () => {
      await delay(POLL_MS)
      socket.send({ type: 'leave_chat', chatID, ref: 'later' })
      return (await socket.next())['ref'] === 'later'
    }, DEADLINE_MS)
    t.ok(recovers, 'after a while frames are accepted again')
  })

  await t.test('a socket that does not stop is closed, and its neighbours are not', async (t) => {
    const neighbour = await connect(t, cluster.replica(0), bob.accessToken)
    const socket = await connect(t, cluster.replica(0), ann.accessToken)
    for (let count = 0; count < 10 * BURST; count++) socket.send({ type: 'leave_chat', chatID })
    t.equal(await socket.closed(DEADLINE_MS), REFUSED)
    const errors = socket.frames.slice(1)
    t.ok(errors.every(isTooManyFrames), 'it is told why')
    t.ok(errors.length >= BURST, 'not before it was told often', { errors: errors.length })
    t.strictSame(await neighbour.barrier(), [])
  })
}

async function socketsPerUser (t: Test, cluster: Cluster, ann: Account, bob: Account): Promise<void> {
  await t.test('one socket too many of a user is told so and closed with 1013', async (t) => {
    await untilEmpty(t, cluster)
    const sockets = []
    for (let count = 0; count < SOCKETS_PER_USER; count++)
      sockets.push(await connect(t, cluster.replica(0), ann.accessToken))
    const socket = await openSocket(t, cluster.replica(0))
    socket.send({ type: 'auth', token: ann.accessToken })
    const answer = await socket.next()
    t.ok(
      answer['type'] === 'error' && answer['code'] === 'too_many_sockets' && isSentence(answer['message']),
      'there is an error first',
      { answer }
    )
    t.equal(await socket.closed(DEADLINE_MS), TRY_AGAIN_LATER)
    for (const other of sockets) t.strictSame(await other.barrier(), [], 'the others stay')
    await connect(t, cluster.replica(0), bob.accessToken)
    t.pass('another user may come')
    await sockets[0]?.close()
    t.ok(
      await eventually(
        async () =>
          connect(t, cluster.replica(0), ann.accessToken).then(
            () => true,
            () => false
          ),
        DEADLINE_MS
      ),
      'and so may the user, once a socket is closed'
    )
  })
}

async function socketsPerReplica (t: Test, cluster: Cluster): Promise<void> {
  await t.test('a replica with all the sockets it takes answers an upgrade with 503', async (t) => {
    await untilEmpty(t, cluster)
    const sockets = []
    for (let count = 0; count < SOCKETS; count++) sockets.push(await openSocket(t, cluster.replica(0)))
    const response = await refusedUpgrade(t, cluster.replica(0))
    t.equal(response.status, 503)
    t.ok(Number(response.retryAfter) >= 1, 'it says when to come back')
    t.strictSame([at(response.body, 'status'), at(response.body, 'code')], ['error', 'too_many_sockets'])
    if (cluster.replicas.length > 1) {
      await openSocket(t, cluster.replica(1))
      t.pass('another replica has room')
    }
    sockets[0]?.terminate()
    t.ok(
      await eventually(
        async () =>
          openSocket(t, cluster.replica(0)).then(
            () => true,
            () => false
          ),
        DEADLINE_MS
      ),
      'and so has this one, once a socket is gone'
    )
  })
}

async function chatsPerSocket (t: Test, cluster: Cluster, ann: Account, others: Account[]): Promise<void> {
  await t.test('one chat too many is refused, and the socket goes on with those it has', async (t) => {
    await untilEmpty(t, cluster)
    // The first chat is there already.
    const chatIDs = await Promise.all(
      others.map(async (other, index) => (index === 0 ? firstChat(cluster, other) : createChat(cluster, ann, other)))
    )
    const [one = 0, two = 0, three = 0] = chatIDs
    const socket = await connect(t, cluster.replica(1), ann.accessToken)
    const ask = async (type: string, chatID: number): Promise<unknown[]> => {
      socket.send({ type, chatID, ref: 'r' })
      const answer = await socket.next()
      return [answer['type'], answer['ref'], answer['code']]
    }
    for (const chatID of [one, two]) t.strictSame(await ask('join_chat', chatID), ['ack', 'r', undefined])
    t.strictSame(await ask('join_chat', three), ['error', 'r', 'too_many_chats'])
    t.strictSame(await ask('join_chat', two), ['ack', 'r', undefined], 'a chat it has may be joined again')
    const poster = await connect(t, cluster.replica(0), ann.accessToken)
    for (const chatID of [one, two, three]) poster.send({ type: 'post_msg', chatID, text: 'Hello' })
    t.strictSame(
      new Set((await socket.take(2)).map((frame) => frame['chatID'])),
      new Set([one, two]),
      'it gets the messages of the chats it has'
    )
    t.strictSame(await ask('leave_chat', one), ['ack', 'r', undefined])
    t.strictSame(await ask('join_chat', three), ['ack', 'r', undefined], 'a chat that was left makes room')
  })
}

async function firstChat (cluster: Cluster, account: Account): Promise<number> {
  const { body } = await cluster.post('/chat/fetch-chats', { session_token: account.accessToken })
  return Number(at(body, 'response', 0, 'chatID'))
}

/** Sockets of earlier tests are gone on the client's side; the server's side follows. */
async function untilEmpty (t: Test, cluster: Cluster): Promise<void> {
  const isEmpty = async () => {
    await cluster.get('/livez')
    return cluster.replicas.every(({ app }) => app.websocketServer.clients.size === 0)
  }
  t.ok(await eventually(isEmpty, DEADLINE_MS))
}
