import t, { type Test } from '../support/tap.ts'
import { connect, type SocketClient } from '../support/clients/socket.ts'
import { askChat, followAll, followEverywhere, say } from '../support/clients/following.ts'
import { type Account, createChat, logIn, register } from '../support/data/accounts.ts'
import { integerAt } from '../support/data/json.ts'
import { onOneDeployment, onServices } from '../support/servers/deployments.ts'
import { withFaults } from '../support/servers/faulty-bus.ts'
import type { Cluster } from '../support/servers/cluster.ts'

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
