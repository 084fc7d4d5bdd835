import t from '../support/tap.ts'
import { startChat } from '../support/data/accounts.ts'
import { onServices } from '../support/servers/deployments.ts'
import { ChatClient } from '../support/clients/chat-client.ts'
import { follow } from '../support/clients/chat-stream.ts'
import { numbered, postAll, type PostDraft } from '../support/clients/load.ts'
import { Random, seedOf } from '../support/data/random.ts'
import { RestlessClient } from '../support/clients/reconnecting-client.ts'
import { storedMessages } from '../support/data/stored-messages.ts'

const CLIENTS = 6
const POSTS_OF_CLIENT = 20
const POSTS_OF_OTHERS = 800
const WINDOW = 4
const PATIENCE = 60
/** Messages that are posted meanwhile, at the most, when a client stays away. */
const ABSENCE = 500

await onServices(
  t,
  async (t, cluster) => {
    await t.test(
      'clients that drop their sockets at random and go on elsewhere get every message exactly once',
      async (t) => {
        const seed = seedOf(t)
        const { ann, bob, chatID } = await startChat(cluster)
        const head = CLIENTS * POSTS_OF_CLIENT + cluster.replicas.length * POSTS_OF_OTHERS
        const { stream: witness } = await follow(t, cluster.replica(0), bob.accessToken, chatID)
        const others = Promise.all(
          cluster.replicas.map(async (replica, index) =>
            postAll(
              await ChatClient.open(t, replica, bob.accessToken),
              chatID,
              numbered(`other-${String(index)}`, POSTS_OF_OTHERS),
              { window: WINDOW }
            )
          )
        )
        const clients = Array.from({ length: CLIENTS }, (_, index) => {
          const random = new Random(seed + index)
          return new RestlessClient({
            cluster,
            chatID,
            random,
            replica: index,
            patience: PATIENCE,
            token: (index % 2 === 0 ? ann : bob).accessToken,
            away: async (position) => {
              await Promise.race([witness.reached(Math.min(head, position + random.integer(0, ABSENCE))), others])
            }
          })
        })
        const posts = clients.map((_, client) =>
          Array.from({ length: POSTS_OF_CLIENT }, (_, index): PostDraft => ({
            text: `client-${String(client)} ${String(index)}`,
            clientMessageID: `c-${String(client)}-${String(index)}`
          }))
        )

        await Promise.all([others, ...clients.map((client, index) => client.run(t, posts[index] ?? [], head))])

        const stored = await storedMessages(cluster, chatID)
        t.strictSame(
          stored.map(({ seq }) => seq),
          Array.from({ length: head }, (_, index) => index + 1),
          'every post is stored once, repeated or not'
        )
        const texts = stored.map(({ text }) => text)
        for (const [index, client] of clients.entries()) {
          t.strictSame(
            [...client.stream.complaints, ...client.refusals],
            [],
            'it never gets a seq twice, too early or not at all'
          )
          t.strictSame(
            client.stream.messages.map(({ text }) => text),
            texts,
            'it has the whole chat'
          )
          t.ok(
            posts[index]?.every(
              ({ text, clientMessageID = '' }) => texts[(client.acked.get(clientMessageID) ?? 0) - 1] === text
            ),
            'each of its posts is acknowledged with the seq of its message'
          )
        }
        const returns = clients.reduce((sum, client) => sum + client.returns, 0)
        t.ok(returns > CLIENTS * 10, `they came back ${String(returns)} times`)
      }
    )
  },
  { inspectable: true }
)
