import t, { type Test } from '../support/tap.ts'
import { startChat } from '../support/data/accounts.ts'
import type { Cluster } from '../support/servers/cluster.ts'
import { onServices } from '../support/servers/deployments.ts'
import { follow } from '../support/clients/chat-stream.ts'
import { anyFate, isChatChannel, withFaults, type Fate } from '../support/servers/faulty-bus.ts'
import { complaintAboutOrder, numbered, postAll, writerName } from '../support/clients/load.ts'
import { Random, seedOf } from '../support/data/random.ts'

const POSTS_EACH = 150
const WINDOW = 5
const MAX_DELAY_MS = 120

const FAULTS: Record<string, (random: Random) => Fate> = {
  'lost, all of them': () => [],
  'lost, every other one': (random) => (random.chance(0.5) ? [] : undefined),
  doubled: (random) => [0, random.integer(0, MAX_DELAY_MS)],
  'delayed and reordered': (random) => [random.integer(0, MAX_DELAY_MS)],
  'lost, doubled, delayed and reordered': (random) => anyFate(random, MAX_DELAY_MS)
}

/** Two writers and two readers on every replica. */
async function everySubscriberGetsAll (t: Test, cluster: Cluster): Promise<void> {
  const { ann, bob, chatID } = await startChat(cluster)
  const followers = await Promise.all(
    cluster.replicas.flatMap((replica) => [ann, bob].map((account) => follow(t, replica, account.accessToken, chatID)))
  )
  const counts = new Map(followers.map((_, index) => [writerName(index), POSTS_EACH]))
  const results = await Promise.all(
    followers.map(({ client }, index) =>
      postAll(client, chatID, numbered(writerName(index), POSTS_EACH), { window: WINDOW })
    )
  )
  t.strictSame(
    results.flatMap(({ refused }) => refused),
    [],
    'every post is acknowledged'
  )
  const head = POSTS_EACH * followers.length
  for (const { stream } of followers) {
    await stream.reached(head)
    t.strictSame(stream.complaints, [], 'every seq comes once, one after the other')
    t.equal(stream.messages.length, head)
    t.equal(
      complaintAboutOrder(
        stream.messages.map(({ text }) => text),
        counts
      ),
      undefined,
      'every writer\'s posts are in the order they were sent'
    )
  }
}

for (const [what, fateOf] of Object.entries(FAULTS)) {
  await t.test(`with the announcements ${what}, every subscriber on every replica gets 1, 2, 3 …`, async (t) => {
    const seed = seedOf(t)
    await onServices(t, everySubscriberGetsAll, {
      environment: { SWEEP_INTERVAL: '200ms' },
      wrapBus (bus, replica) {
        const random = new Random(seed + replica)
        return withFaults(bus, (channel) => (isChatChannel(channel) ? fateOf(random) : undefined))
      }
    })
  })
}
