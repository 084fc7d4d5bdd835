import t, { type Test } from '../support/tap.ts'
import { call, uniqueName } from '../support/clients/http.ts'
import { connectRealtime } from '../support/clients/realtime.ts'
import { connect, type SocketClient } from '../support/clients/socket.ts'
import { askChat, followAll, followEverywhere, say } from '../support/clients/following.ts'
import { type Account, createChat, logIn, register } from '../support/data/accounts.ts'
import { newKey } from '../support/data/api-clients.ts'
import { at, integerAt, listAt, textAt } from '../support/data/json.ts'
import { USER_TOKEN_SECRETS } from '../support/data/user-tokens.ts'
import { makeUser } from '../support/data/v1-chats.ts'
import { createStore } from '../support/servers/database.ts'
import { onOneDeployment, onServices, withServices } from '../support/servers/deployments.ts'
import { withFaults } from '../support/servers/faulty-bus.ts'
import { type Cluster, JWT_SECRET, startCluster } from '../support/servers/cluster.ts'
import { spawnReplica } from '../support/servers/process.ts'

const [NEW_CHATS, CREATIONS_IN_FLIGHT] = [1_000, 8]

await onOneDeployment(t, tellEachOnce, { environment: { SWEEP_INTERVAL: '1h' } })

await onServices(
  t,
  async (t, cluster) => {
    await t.test('what the bus says of lists is lost: who is brought into a chat is told all the same', async (t) => {
      const [ann, bob] = [await register(cluster), await register(cluster)]
      const bobs = await followEverywhere(t, cluster, bob)
      const chatID = await createChat(cluster, ann, bob)
      for (const socket of bobs)
        t.strictSame(await socket.next(), { type: 'chat_created', chatID, creator: ann.username })
    })
  },
  {
    environment: { SWEEP_INTERVAL: '200ms' },
    wrapBus: (bus) => withFaults(bus, (channel) => (channel.includes('user:') ? [] : undefined))
  }
)

await withServices(t, 'while a replica dies', async (t, services) => {
  t.setTimeout(300_000)
  const environment = {
    USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0],
    DATABASE_URL: await createStore(t, services.databaseUrl),
    REDIS_URL: services.redisUrl,
    REDIS_PREFIX: uniqueName('test-')
  }
  const cluster = await startCluster(t, { services, replicas: 1, environment, inspectable: true })
  const dying = await spawnReplica(t, { ...environment, JWT_SECRET, DATABASE_POOL: '4', RATE_LIMITS: 'off' })

  await t.test('a client that was offline learns of each of 1,000 new chats once', async (t) => {
    const { id: user, token } = await makeUser(cluster, 'user')
    const backend = await newKey(cluster, 'chats:write')
    const { body: me } = await cluster.get('/v1/me', { bearer: token })
    const [pos, epoch] = [integerAt(me, 'pos'), textAt(me, 'epoch')]
    const chats = Array.from({ length: NEW_CHATS }, () => uniqueName('chat-'))
    const create = (url: string, chat: string) => call(`${url}/v1/chats/${chat}`, 'PUT', {
      bearer: backend.bearer, body: { type: 'group', members: [{ user }] }
    })
    const waiting = [...chats]
    let interrupted = 0
    await Promise.all(Array.from({ length: CREATIONS_IN_FLIGHT }, async (_, worker) => {
      for (let chat = waiting.pop(); chat !== undefined; chat = waiting.pop()) {
        if (waiting.length === NEW_CHATS / 2) dying.kill('SIGKILL')
        const made = worker % 2 === 0 ? undefined : await create(dying.url, chat).catch(() => undefined)
        if (made === undefined && worker % 2 === 1) interrupted++
        t.ok((made ?? await create(cluster.replica(0).url, chat)).status < 300)
      }
    }))
    t.ok(interrupted > 0, 'the replica died at work')

    const socket = await connectRealtime(t, cluster.replica(0), token, { feed: { after: pos } })
    const added = new Map<unknown, number>()
    const note = (chat: unknown) => added.set(chat, (added.get(chat) ?? 0) + 1)
    for (let count = 1; count <= NEW_CHATS; count++) {
      const event = at(await socket.next(({ type }) => type === 'feed'), 'event')
      t.hasStrict(event, { type: 'chat.added', pos: pos + count })
      note(at(event, 'chat'))
    }
    t.strictSame(await socket.barrier(), [])
    t.strictSame([...added].sort(), chats.map((chat) => [chat, 1]).sort(), 'each by the feed')

    const synced: unknown[] = []
    const fed: unknown[] = []
    for (let cursor: unknown; cursor !== null;) {
      const { body } = await cluster.post('/v1/sync', { pos, epoch, ...(cursor !== undefined && { cursor }) }, {
        bearer: token
      })
      synced.push(...listAt(body, 'chats').map((chat) => at(chat, 'chat')))
      fed.push(...listAt(body, 'feed').map((event) => at(event, 'chat')))
      cursor = at(body, 'next')
    }
    t.strictSame([synced.sort(), fed.sort()], [chats.sort(), chats.sort()], 'and by a sync')
  })
})

async function tellEachOnce (t: Test, cluster: Cluster): Promise<void> {
  await t.test('who is brought into a chat by another is told once, on every replica', async (t) => {
    const [ann, bob, carol] = [await register(cluster), await register(cluster), await register(cluster)]
    const [anns, bobs, carols] = [
      await followEverywhere(t, cluster, ann),
      await followEverywhere(t, cluster, bob),
      await followEverywhere(t, cluster, carol)
    ]
    const seed = await connect(t, cluster.replica(0), (await logIn(cluster, bob)).accessToken)
    const told = async (sockets: readonly SocketClient[], chatID: number, { username }: Account, what: string) => {
      for (const socket of sockets) {
        const frame = await socket.next(({ type }) => type === 'chat_created')
        t.strictSame(frame, { type: 'chat_created', chatID, creator: username }, what)
      }
    }

    const direct = await createChat(cluster, ann, bob)
    await told(bobs, direct, ann, 'a new chat')

    const { body } = await askChat(cluster, ann, 'create-group', { name: 'Lunch', members: [bob.username] })
    const group = integerAt(body, 'chatID')
    await told(bobs, group, ann, 'a group')

    for (let index = 0; index < 2; index++)
      await askChat(cluster, bob, 'add-members', { chatID: group, members: [carol.username, ann.username] })
    await told(carols, group, bob, 'whoever was added')

    await askChat(cluster, bob, 'delete-chat', { chatID: direct })
    await createChat(cluster, ann, bob)
    await told(bobs, direct, ann, 'a revived chat')

    await askChat(cluster, bob, 'delete-chat', { chatID: direct })
    await createChat(cluster, bob, ann)
    const dave = await register(cluster)
    for (const [account, sockets] of [[ann, anns], [bob, bobs], [carol, carols]] as const)
      await told(sockets, await createChat(cluster, dave, account), dave, 'and nothing else, nobody twice')
    t.strictSame(await seed.barrier(), [], 'a client of the seed sees nothing of it')
  })

  await t.test('the frame of a client changes nothing, and is for those in the chat', async (t) => {
    const [ann, bob] = [await register(cluster), await register(cluster)]
    const chatID = await createChat(cluster, ann, bob)
    const [anns, bobs] = [await followAll(t, cluster, 0, ann), await followAll(t, cluster, 0, bob)]
    const stranger = await connect(t, cluster.replica(0), (await register(cluster)).accessToken)
    anns.send({ type: 'chat_created', chatID })
    stranger.send({ type: 'chat_created', chatID })
    stranger.send({ type: 'chat_created' })
    t.strictSame(await anns.barrier(), [])
    t.strictSame((await stranger.barrier()).map(({ code }) => code), ['not_a_participant', 'invalid_input'])
    await say(anns, chatID, 'last')
    await bobs.next(({ message }) => message === 'last')
    t.strictSame(bobs.frames.filter(({ type }) => type === 'chat_created'), [])
  })
}
