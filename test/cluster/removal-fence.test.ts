import t, { type Test } from '../support/tap.ts'
import { createChat, startChat, type Account } from '../support/data/accounts.ts'
import { integerAt, listAt } from '../support/data/json.ts'
import type { Cluster } from '../support/servers/cluster.ts'
import { onServices } from '../support/servers/deployments.ts'
import { ChatClient } from '../support/clients/chat-client.ts'
import { ChatStream, follow, joinAs, progress, type Follower } from '../support/clients/chat-stream.ts'
import { isChatChannel, isInvalidationsChannel, withFaults } from '../support/servers/faulty-bus.ts'
import { EndlessLoad } from '../support/clients/load.ts'
import { storedMessages } from '../support/data/stored-messages.ts'
import { latestRemoval, latestReturn, noteRemovals } from '../support/data/removals.ts'

const ROUNDS = 6
const WINDOW = 3
const MESSAGES = 25
/** Whoever leaves or returns takes a seq. */
const WITH_EVENTS = { hasOtherEvents: true }

const FAULTS: Record<string, (channel: string) => boolean> = {
  'all is announced': () => false,
  'the membership events are lost': isInvalidationsChannel,
  'the membership events and all announcements are lost': (channel) =>
    isInvalidationsChannel(channel) || isChatChannel(channel)
}

for (const [what, isLost] of Object.entries(FAULTS)) {
  await t.test(
    `while posts stream in and ${what}, who leaves gets nothing from above the removal, on any replica`,
    async (t) => {
      await onServices(t, leaveAndReturn, {
        inspectable: true,
        environment: { SWEEP_INTERVAL: '200ms' },
        wrapBus: (bus) => withFaults(bus, (channel) => (isLost(channel) ? [] : undefined))
      })
    }
  )
}

/** Bob leaves and returns again and again, with sockets on every replica, while Ann posts on all of them. */
async function leaveAndReturn (t: Test, cluster: Cluster): Promise<void> {
  await noteRemovals(cluster)
  const { ann, bob, chatID } = await startChat(cluster)
  const followAs = (replica: { url: string }, { accessToken }: Account) =>
    follow(t, replica, accessToken, chatID, undefined, WITH_EVENTS)
  const witnesses = await Promise.all(cluster.replicas.map((replica) => followAs(replica, ann)))
  const load = new EndlessLoad(
    witnesses.map(({ client }) => client),
    chatID,
    WINDOW
  )

  let sockets = await Promise.all(cluster.replicas.map((replica) => followAs(replica, bob)))
  for (let round = 0; round < ROUNDS; round++) {
    await progress([...witnesses, ...sockets], MESSAGES)
    const answer = await cluster.post('/chat/delete-chat', { session_token: bob.accessToken, chatID })
    t.equal(answer.status, 200)
    const removal = await latestRemoval(cluster, chatID)
    // Every other time he is back at once.
    if (round % 2 === 0) {
      await progress(witnesses, MESSAGES)
      await expectRefusals(t, sockets)
    }

    await createChat(cluster, round % 3 === 0 ? ann : bob, round % 3 === 0 ? bob : ann)
    const start = await latestReturn(cluster, chatID)
    const history = await cluster.post('/chat/messages', { session_token: bob.accessToken, chatID, limit: 3, after: 0 })
    const resumed = await Promise.all(
      cluster.replicas.map(async (replica, index): Promise<Follower> => {
        const client = await ChatClient.open(t, replica, bob.accessToken)
        const stream = new ChatStream(chatID, start, WITH_EVENTS)
        await joinAs(client, stream, index === 0 ? undefined : 0)
        return { client, stream }
      })
    )
    await progress([...witnesses, ...resumed], MESSAGES)

    for (const { client, stream } of sockets) {
      // Whatever was on its way has come when this is answered.
      await client.request({ type: 'leave_chat', chatID })
      t.ok(stream.position <= removal, 'a socket from before gets nothing from above the removal', {
        position: stream.position,
        removal
      })
      t.strictSame(stream.complaints, [], 'and what it gets has no gap')
      client.drop()
    }
    for (const { stream } of resumed)
      t.strictSame(
        stream.complaints,
        [],
        'a socket from after the return gets what is posted from then on, and nothing else'
      )
    t.ok(
      listAt(history.body).every((message) => integerAt(message, 'seq') > start),
      'nor does the history show the time away'
    )
    sockets = resumed
  }

  const results = await load.stop()
  t.strictSame(
    results.flatMap(({ refused }) => refused),
    [],
    'posting goes on'
  )
  const stored = (await storedMessages(cluster, chatID)).map(({ seq }) => seq)
  for (const { stream } of witnesses) {
    await stream.reached(stored.at(-1) ?? 0)
    t.strictSame(stream.complaints, [], 'who stays misses nothing')
    t.strictSame(stream.skipped.filter((seq) => stored.includes(seq)), [], 'but events that are no messages')
  }
}

async function expectRefusals (t: Test, sockets: readonly Follower[]): Promise<void> {
  for (const { client, stream } of sockets) {
    for (const action of [
      { type: 'post_msg', text: 'from outside' },
      { type: 'join_chat' },
      { type: 'join_chat', after: 0 }
    ]) {
      const answer = await client.request({ ...action, chatID: stream.chatID })
      t.strictSame([answer['type'], answer['code']], ['error', 'not_a_participant'])
    }
  }
}
