import t from '../support/tap.ts'
import { startChat } from '../support/data/accounts.ts'
import { onServices } from '../support/servers/deployments.ts'
import { ChatClient } from '../support/clients/chat-client.ts'
import { follow } from '../support/clients/chat-stream.ts'
import { postAll, type PostDraft } from '../support/clients/load.ts'
import { Random, seedOf } from '../support/data/random.ts'
import { storedMessages } from '../support/data/stored-messages.ts'

const MESSAGES = 400
const WINDOW = 16

await onServices(
  t,
  async (t, cluster) => {
    await t.test(
      'retries of one clientMessageID from sockets on several replicas at once make one message each',
      async (t) => {
        const random = new Random(seedOf(t))
        const { ann, bob, chatID } = await startChat(cluster)
        const posts = Array.from({ length: MESSAGES }, (_, index): PostDraft => ({
          text: `text ${String(index)}`,
          clientMessageID: `c-${String(index)}`
        }))
        const { stream } = await follow(t, cluster.replica(1), bob.accessToken, chatID)
        const senders = await Promise.all(
          cluster.replicas.map((replica) => ChatClient.open(t, replica, ann.accessToken))
        )

        // Every sender posts all of them, in the same order up to a few places, so that the same ones meet.
        const attempts = await Promise.all(
          senders.map((sender) => postAll(sender, chatID, shuffledNearby(posts, random), { window: WINDOW }))
        )

        t.strictSame(
          attempts.flatMap(({ refused }) => refused),
          [],
          'every attempt is acknowledged'
        )
        const stored = await storedMessages(cluster, chatID)
        t.equal(stored.length, MESSAGES, 'each is stored once')
        t.strictSame(
          stored.map(({ seq }) => seq),
          posts.map((_, index) => index + 1),
          'the seqs have no gap'
        )
        t.strictSame(new Set(stored.map(({ text }) => text)), new Set(posts.map(({ text }) => text)))

        const wrong = stored.flatMap((row) => {
          const acks = attempts.flatMap(({ acked }) => acked.filter(({ text }) => text === row.text))
          const agrees =
            acks.length === senders.length &&
            acks.every(({ seq, messageID }) => seq === row.seq && messageID === row.messageID)
          return agrees && acks.filter(({ duplicate }) => !duplicate).length === 1 ? [] : [{ row, acks }]
        })
        t.strictSame(
          wrong,
          [],
          'all attempts are answered with the seq and id of the one message, all but one as duplicates'
        )

        await stream.reached(MESSAGES)
        t.strictSame(stream.complaints, [], 'a subscriber gets each once')
      }
    )

    await t.test('the same clientMessageID of another author, or in another chat, is another message', async (t) => {
      const { ann, bob, chatID } = await startChat(cluster)
      const other = await startChat(cluster)
      const post: PostDraft = { text: 'the same', clientMessageID: 'c-1' }
      const inChat = [
        [ann, chatID],
        [bob, chatID],
        [other.ann, other.chatID]
      ] as const
      const answers = await Promise.all(
        inChat.map(async ([{ accessToken }, id], index) =>
          postAll(await ChatClient.open(t, cluster.replica(index), accessToken), id, [post], { window: 1 })
        )
      )
      t.strictSame(
        answers.map(({ acked }) => acked[0]?.duplicate),
        [false, false, false]
      )
      t.equal(new Set(answers.map(({ acked }) => acked[0]?.messageID)).size, inChat.length)
    })

    await t.test(
      'of two texts under one clientMessageID at once, one is stored and the other is a conflict',
      async (t) => {
        const { ann, chatID } = await startChat(cluster)
        const senders = await Promise.all(
          [0, 1].map((index) => ChatClient.open(t, cluster.replica(index), ann.accessToken))
        )
        const attempts = await Promise.all(
          senders.map((sender, index) =>
            postAll(
              sender,
              chatID,
              Array.from({ length: 50 }, (_, number) => ({
                text: `text ${String(index)}`,
                clientMessageID: `c-${String(number)}`
              })),
              { window: 50 }
            )
          )
        )
        t.equal(
          attempts.reduce((sum, { acked }) => sum + acked.length, 0),
          50
        )
        t.strictSame(
          attempts.flatMap(({ refused }) => refused.map(({ answer }) => answer['code'])),
          new Array(50).fill('conflict')
        )
        t.equal((await storedMessages(cluster, chatID)).length, 50)
      }
    )
  },
  { inspectable: true }
)

/** The same items, each a few places from where it was. */
function shuffledNearby<Item> (items: readonly Item[], random: Random): Item[] {
  return items
    .map((item, index) => ({ item, place: index + random.integer(0, 8) }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
