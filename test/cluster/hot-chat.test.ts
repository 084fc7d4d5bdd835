import t from '../support/tap.ts'
import { startChat } from '../support/data/accounts.ts'
import { onServices } from '../support/servers/deployments.ts'
import { ChatClient } from '../support/clients/chat-client.ts'
import { follow } from '../support/clients/chat-stream.ts'
import { complaintAboutOrder, numbered, postAll, writerName } from '../support/clients/load.ts'
import { storedMessages } from '../support/data/stored-messages.ts'

const WRITERS = 8
const WINDOW = 64
const DEADLINE_MS = 240_000
/** The environment can ask for more, or fewer. */
const POSTS = Number(process.env['CONFAB_HOT_CHAT_POSTS'] ?? 30_000)
const POSTS_EACH = Math.ceil(POSTS / WRITERS)

await onServices(
  t,
  async (t, cluster) => {
    await t.test(
      `eight writers on three replicas post ${String(POSTS)} messages into one chat: every subscriber gets 1, 2, 3 …`,
      async (t) => {
        const { ann, bob, chatID } = await startChat(cluster)
        const tokens = [ann.accessToken, bob.accessToken] as const
        const followers = await Promise.all(
          cluster.replicas.map((replica) => follow(t, replica, bob.accessToken, chatID))
        )
        const writers = await Promise.all(
          Array.from({ length: WRITERS }, (_, index) =>
            ChatClient.open(t, cluster.replica(index), tokens[index % 2] ?? '')
          )
        )
        const counts = new Map(writers.map((_, index) => [writerName(index), POSTS_EACH]))

        const results = await Promise.all(
          writers.map((writer, index) =>
            postAll(writer, chatID, numbered(writerName(index), POSTS_EACH), { window: WINDOW })
          )
        )
        t.strictSame(results.flatMap(({ refused }) => refused).slice(0, 3), [], 'every post is acknowledged')

        const head = WRITERS * POSTS_EACH
        for (const { stream } of followers) {
          await stream.reached(head, DEADLINE_MS)
          t.strictSame(stream.complaints, [], 'every seq comes once, one after the other')
          t.equal(stream.messages.length, head, 'up to the last')
          t.equal(
            complaintAboutOrder(
              stream.messages.map(({ text }) => text),
              counts
            ),
            undefined,
            'every writer\'s posts are in the order they were sent'
          )
        }

        const stored = await storedMessages(cluster, chatID)
        t.equal(stored.length, head, 'each is stored once')
        t.equal(new Set(stored.map(({ text }) => text)).size, head)
        const bySeq = new Map(stored.map((row) => [row.seq, row]))
        const unstored = results
          .flatMap(({ acked }) => acked)
          .filter(({ seq, text, messageID, duplicate }) => {
            const row = bySeq.get(seq)
            return duplicate || row?.text !== text || row.messageID !== messageID
          })
        t.strictSame(unstored.slice(0, 3), [], 'every acknowledgement names the row that is stored')
      }
    )
  },
  { inspectable: true }
)
