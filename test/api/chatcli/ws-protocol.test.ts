import t, { type Test } from '../../support/tap.ts'
import { complaintAbout, isSentence } from '../../support/checks/answers.ts'
import { connect, join, type Frame, type SocketClient } from '../../support/clients/socket.ts'
import { register, startChat } from '../../support/data/accounts.ts'
import { at, integerAt, listAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEachDeployment } from '../../support/servers/deployments.ts'
import { ChatClient } from '../../support/clients/chat-client.ts'
import { ChatStream, follow, joinAs, progress } from '../../support/clients/chat-stream.ts'
import { EndlessLoad, numbered, postAll } from '../../support/clients/load.ts'

const MISSED = 1_000
const REJOINS = 100
const MAX_TEXT = 4_000
const NOBODYS_CHAT = 999_999_999

await onEachDeployment(t, async (t, cluster) => {
  await acknowledging(t, cluster)
  await repeating(t, cluster)
  await refusing(t, cluster)
  await resuming(t, cluster)
  await joiningAgain(t, cluster)
  await paging(t, cluster)
})

/** Sends an action and reads the next frame. */
async function ask (socket: SocketClient, action: object): Promise<Frame> {
  socket.send(action)
  return socket.next()
}

/** Posts and reads the acknowledgement, whatever comes before it. */
async function post (socket: SocketClient, chatID: number, text: string, fields: object = {}): Promise<Frame> {
  socket.send({ type: 'post_msg', chatID, text, ref: 'posted', ...fields })
  return socket.next((frame) => frame['type'] !== 'new_message')
}

/** The frame is an error of that code with exactly the fields of one. */
function expectError (t: Test, frame: Frame, code: string, ref?: unknown): void {
  const { message, ...rest } = frame
  t.strictSame(rest, { type: 'error', ...(ref !== undefined && { ref }), code })
  t.ok(isSentence(message), 'it says so in a sentence', { found: message })
}

async function acknowledging (t: Test, cluster: Cluster): Promise<void> {
  const { ann, bob, chatID } = await startChat(cluster)

  await t.test('a post with a ref is acknowledged with what is stored and delivered', async (t) => {
    const socket = await connect(t, cluster.replica(0), ann.accessToken)
    const reader = await join(t, cluster.replica(1), bob.accessToken, chatID)
    for (const [index, fields] of [{}, { clientMessageID: 'c-1' }].entries()) {
      const ack = await ask(socket, { type: 'post_msg', chatID, text: 'hi', ref: 'r1', ...fields })
      const { messageID, timestamp } = ack
      t.strictSame(ack, { type: 'ack', ref: 'r1', chatID, messageID, seq: index + 1, timestamp })
      t.ok(Number.isSafeInteger(messageID))
      t.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      const message = await reader.next()
      const { userID, type, ...shown } = message
      t.equal(type, 'new_message')
      t.strictSame(
        shown,
        { messageID, chatID, username: ann.username, message: 'hi', timestamp, seq: index + 1, ...fields },
        'the clientMessageID is there if its author sent one'
      )
      const history = await cluster.post('/chat/messages', { session_token: bob.accessToken, chatID, limit: 1 })
      t.strictSame(history.body, [{ ...shown, userID }], 'the history is the same')
    }
    t.strictSame(await reader.barrier(), [], 'a subscriber gets no acknowledgement of another')
  })

  await t.test('joins and leaves with a ref are acknowledged', async (t) => {
    const socket = await connect(t, cluster.replica(2), bob.accessToken)
    t.strictSame(await ask(socket, { type: 'join_chat', chatID, ref: 'j1' }), {
      type: 'ack',
      ref: 'j1',
      chatID,
      seq: 2
    })
    t.strictSame(await ask(socket, { type: 'leave_chat', chatID, ref: 'l1' }), { type: 'ack', ref: 'l1', chatID })
    t.strictSame(await ask(socket, { type: 'join_chat', chatID, after: 2, ref: 'j2' }), {
      type: 'ack',
      ref: 'j2',
      chatID,
      seq: 2
    })
    t.strictSame(await socket.barrier(), [])
  })

  await t.test('a ref is a string of at most 64 characters or an integer, and comes back as it was', async (t) => {
    const socket = await connect(t, cluster.replica(0), ann.accessToken)
    for (const ref of ['r', '', ' ', '7', 'x'.repeat(64), '"é\\\n', 0, -1, 7, Number.MAX_SAFE_INTEGER]) {
      for (const type of ['leave_chat', 'join_chat']) {
        const ack = await ask(socket, { type, chatID, ref })
        t.strictSame([ack['type'], ack['ref']], ['ack', ref], `${type} with ${JSON.stringify(ref).slice(0, 20)}`)
      }
    }
    for (const ref of ['x'.repeat(65), 1.5, true, null, ['r'], { r: 1 }]) {
      for (const type of ['leave_chat', 'join_chat', 'post_msg']) {
        expectError(t, await ask(socket, { type, chatID, text: 'unsaid', ref }), 'invalid_input')
      }
    }
    const history = await cluster.post('/chat/messages', { session_token: ann.accessToken, chatID })
    t.equal(listAt(history.body).length, 2, 'what has a wrong ref is not done')
  })

  await t.test('who sends no ref gets no acknowledgement', async (t) => {
    const socket = await connect(t, cluster.replica(0), ann.accessToken)
    socket.send({ type: 'join_chat', chatID, after: 1 })
    t.equal((await socket.next())['seq'], 2)
    socket.send({ type: 'post_msg', chatID, text: 'plain', clientMessageID: 'c-plain' })
    t.hasStrict(await socket.next(), { type: 'new_message', seq: 3, clientMessageID: 'c-plain' })
    socket.send({ type: 'post_msg', chatID, text: 'plain', clientMessageID: 'c-plain' })
    socket.send({ type: 'leave_chat', chatID })
    t.strictSame(await socket.barrier(), [])
    // A post is not waited for by the barrier, but by the next post of the same chat.
    await post(socket, chatID, 'last')
    t.strictSame(socket.frames.filter((frame) => frame['type'] === 'ack').length, 1)
  })
}

async function repeating (t: Test, cluster: Cluster): Promise<void> {
  await t.test(
    'a retry is answered with the first result and "duplicate", on any replica, and delivers nothing',
    async (t) => {
      const { ann, bob, chatID } = await startChat(cluster)
      const reader = await join(t, cluster.replica(2), bob.accessToken, chatID)
      const sockets = [
        await connect(t, cluster.replica(0), ann.accessToken),
        await connect(t, cluster.replica(1), ann.accessToken)
      ] as const
      const first = await post(sockets[0], chatID, 'once', { clientMessageID: 'c-1' })
      await post(sockets[0], chatID, 'something else')
      for (const socket of sockets) {
        const { duplicate, ...again } = await post(socket, chatID, 'once', { clientMessageID: 'c-1' })
        t.strictSame([duplicate, again], [true, first])
      }
      const [, ...retries] = [1, 2, 3].map((ref) =>
        sockets[0].send({ type: 'post_msg', chatID, text: 'at once', clientMessageID: 'c-2', ref })
      )
      const answers = await sockets[0].take(1 + retries.length)
      t.strictSame(
        answers.map(({ ref, duplicate, seq }) => [ref, duplicate, seq]),
        [
          [1, undefined, 3],
          [2, true, 3],
          [3, true, 3]
        ]
      )
      await post(sockets[1], chatID, 'the end')
      t.strictSame(
        (await reader.take(4)).map(({ seq, message }) => [seq, message]),
        [
          [1, 'once'],
          [2, 'something else'],
          [3, 'at once'],
          [4, 'the end']
        ]
      )
      t.strictSame(await reader.barrier(), [])
    }
  )

  await t.test('the same clientMessageID with another text is a conflict and changes nothing', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    const socket = await join(t, cluster.replica(0), ann.accessToken, chatID)
    await post(socket, chatID, 'first', { clientMessageID: 'c-1' })
    expectError(t, await post(socket, chatID, 'second', { clientMessageID: 'c-1' }), 'conflict', 'posted')
    const { duplicate } = await post(socket, chatID, 'first', { clientMessageID: 'c-1' })
    t.equal(duplicate, true)
    const history = await cluster.post('/chat/messages', { session_token: ann.accessToken, chatID })
    t.strictSame(
      listAt(history.body).map((message) => at(message, 'message')),
      ['first']
    )
  })
}

async function refusing (t: Test, cluster: Cluster): Promise<void> {
  const { ann, chatID } = await startChat(cluster)
  const stranger = await register(cluster)

  await t.test('a refusal has the code of its reason, and the ref if there was one', async (t) => {
    const member = await connect(t, cluster.replica(0), ann.accessToken)
    const outsider = await connect(t, cluster.replica(1), stranger.accessToken)
    const refusals: [socket: SocketClient, action: object, code: string][] = [
      [outsider, { type: 'post_msg', chatID, text: 'hi' }, 'not_a_participant'],
      [outsider, { type: 'join_chat', chatID }, 'not_a_participant'],
      [outsider, { type: 'join_chat', chatID, after: 0 }, 'not_a_participant'],
      [member, { type: 'post_msg', chatID: NOBODYS_CHAT, text: 'hi' }, 'not_a_participant'],
      [member, { type: 'join_chat', chatID: NOBODYS_CHAT }, 'not_a_participant'],
      ...['', ' \n', 'x'.repeat(MAX_TEXT + 1), 'a\u0000b'].map((text): [SocketClient, object, string] => [
        member,
        { type: 'post_msg', chatID, text },
        'invalid_text'
      ]),
      [member, { type: 'join_chat', chatID, after: 1 }, 'position_unknown'],
      [member, { type: 'join_chat', chatID, after: Number.MAX_SAFE_INTEGER }, 'position_unknown'],
      ...[-1, 0.5, '0', null].map((after): [SocketClient, object, string] => [
        member,
        { type: 'join_chat', chatID, after },
        'invalid_input'
      ]),
      ...['', 'x'.repeat(65), 7, null, 'a\u0000b'].map((clientMessageID): [SocketClient, object, string] => [
        member,
        { type: 'post_msg', chatID, text: 'hi', clientMessageID },
        'invalid_input'
      ]),
      [member, { type: 'post_msg', chatID: 0, text: 'hi' }, 'invalid_input'],
      [member, { type: 'post_msg', chatID }, 'invalid_input'],
      [member, { type: 'leave_chat' }, 'invalid_input'],
      [member, { type: 'dance' }, 'unknown_action'],
      [member, { type: 'auth', token: stranger.accessToken }, 'unauthenticated']
    ]
    for (const [socket, action, code] of refusals) {
      expectError(t, await ask(socket, action), code)
      if (!('token' in action)) expectError(t, await ask(socket, { ...action, ref: 'r1' }), code, 'r1')
    }
    const history = await cluster.post('/chat/messages', { session_token: ann.accessToken, chatID })
    t.strictSame(history.body, [], 'and nothing is done')
  })

  await t.test('a clientMessageID may have 64 characters of any kind', async (t) => {
    const socket = await connect(t, cluster.replica(0), ann.accessToken)
    for (const clientMessageID of ['x'.repeat(64), 'é'.repeat(64), ' ', '\'; --', '{}']) {
      const { type, duplicate } = await post(socket, chatID, 'hi', { clientMessageID })
      t.strictSame([type, duplicate], ['ack', undefined])
    }
  })
}

async function resuming (t: Test, cluster: Cluster): Promise<void> {
  const { ann, bob, chatID } = await startChat(cluster)
  const writer = await ChatClient.open(t, cluster.replica(0), ann.accessToken)
  await postAll(writer, chatID, numbered('missed', MISSED), { window: 100 })

  await t.test('a join with "after" replays, is acknowledged with the head, and goes on live', async (t) => {
    for (const after of [0, 1, MISSED - 201, MISSED - 1, MISSED]) {
      for (const replica of cluster.replicas) {
        const socket = await connect(t, replica, bob.accessToken)
        socket.send({ type: 'join_chat', chatID, after, ref: 'j1' })
        const frames = await socket.take(MISSED - after + 1, 30_000)
        t.strictSame(
          frames.slice(0, -1).map(({ type, seq }) => [type, seq]),
          Array.from({ length: MISSED - after }, (_, index) => ['new_message', after + index + 1])
        )
        t.strictSame(frames.at(-1), { type: 'ack', ref: 'j1', chatID, seq: MISSED })
        t.strictSame(await socket.barrier(), [], `after ${String(after)}`)
      }
    }
  })

  await t.test('there is no hole between the replay and the live messages, while others keep posting', async (t) => {
    const load = new EndlessLoad([writer], chatID, 10)
    const followers = await Promise.all(
      Array.from({ length: cluster.replicas.length * 3 }, (_, index) =>
        follow(t, cluster.replica(index), bob.accessToken, chatID, index * 100)
      )
    )
    await progress(followers, 50)

    // Again on the same socket, from a little way back: what comes before the replay is from the first time.
    const again = {
      client: await ChatClient.open(t, cluster.replica(0), bob.accessToken),
      stream: new ChatStream(chatID, MISSED)
    }
    await joinAs(again.client, new ChatStream(chatID, 0))
    let hasBegun = false
    again.client.onFrame = (frame) => {
      hasBegun ||= frame['seq'] === MISSED + 1
      if (hasBegun) again.stream.take(frame)
    }
    await again.client.request({ type: 'join_chat', chatID, after: MISSED })

    await progress([...followers, again], 50)
    const [results] = await load.stop()
    for (const { stream } of [...followers, again]) {
      await stream.reached(MISSED + (results?.acked.length ?? 0))
      t.strictSame(stream.complaints, [])
    }
  })
}

async function joiningAgain (t: Test, cluster: Cluster): Promise<void> {
  await t.test('who joins again what they have joined misses nothing of what is posted meanwhile', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const writer = await ChatClient.open(t, cluster.replica(0), ann.accessToken)
    const load = new EndlessLoad([writer], chatID, 10)
    const followers = await Promise.all(
      [0, 1].map((replica) => follow(t, cluster.replica(replica), bob.accessToken, chatID))
    )
    for (let count = 0; count < REJOINS; count++) {
      await Promise.all(followers.map(({ client }) => client.request({ type: 'join_chat', chatID })))
    }
    await progress(followers, 10)
    await load.stop()
    for (const { stream } of followers) t.strictSame(stream.complaints, [])
  })
}

async function paging (t: Test, cluster: Cluster): Promise<void> {
  const { ann, chatID } = await startChat(cluster)
  const writer = await ChatClient.open(t, cluster.replica(0), ann.accessToken)
  await postAll(writer, chatID, numbered('text', 30), { window: 30 })
  const page = async (query: object) =>
    cluster.post('/chat/messages', { session_token: ann.accessToken, chatID, ...query })

  await t.test('"before" and "after" page through the history, oldest first', async (t) => {
    const pages: [query: object, first: number, last: number][] = [
      [{ limit: 5 }, 26, 30],
      [{ limit: 5, before: 10 }, 5, 9],
      [{ limit: 5, before: 3 }, 1, 2],
      [{ limit: 5, before: 1_000 }, 26, 30],
      [{ limit: 5, after: 0 }, 1, 5],
      [{ limit: 5, after: 10 }, 11, 15],
      [{ limit: 5, after: 28 }, 29, 30],
      [{ limit: 5, after: 5, before: 20 }, 15, 19],
      [{ limit: 5, after: 5, before: 8 }, 6, 7],
      [{ after: 12 }, 13, 30]
    ]
    for (const [query, first, last] of pages) {
      const seqs = listAt((await page(query)).body).map((message) => integerAt(message, 'seq'))
      t.strictSame(
        seqs,
        Array.from({ length: last - first + 1 }, (_, index) => first + index),
        JSON.stringify(query)
      )
    }
    for (const query of [
      { before: 1 },
      { before: 0 },
      { after: 30 },
      { after: 1_000 },
      { after: 5, before: 6 },
      { after: 9, before: 2 }
    ]) {
      t.strictSame((await page(query)).body, [], JSON.stringify(query))
    }
  })

  await t.test('a cursor that is no seq is refused', async (t) => {
    for (const cursor of [-1, 0.5, '5', null, true, [5]]) {
      for (const query of [{ before: cursor }, { after: cursor }])
        t.equal(complaintAbout(await page(query), 400), undefined, JSON.stringify(query))
    }
  })
}
