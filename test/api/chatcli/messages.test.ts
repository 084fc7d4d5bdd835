import t, { type Test } from '../../support/tap.ts'
import { expectRefusal } from '../../support/checks/answers.ts'
import { join } from '../../support/clients/socket.ts'
import { register, startChat, type Account } from '../../support/data/accounts.ts'
import { at, integerAt, isRecord, listAt, textAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEachDeployment } from '../../support/servers/deployments.ts'

const MAX_LIMIT = 200
const DEFAULT_LIMIT = 50

await onEachDeployment(t, async (t, cluster) => {
  await reading(t, cluster)
  await limiting(t, cluster)
  await refusing(t, cluster)
})

/** Posts texts one behind the other and waits for the last. */
async function post (t: Test, cluster: Cluster, account: Account, chatID: number, texts: string[]): Promise<void> {
  const socket = await join(t, cluster.replica(0), account.accessToken, chatID)
  for (const text of texts) socket.send({ type: 'post_msg', chatID, text })
  await socket.take(texts.length)
  await socket.close()
}

function textsIn (body: unknown): unknown[] {
  return listAt(body).map((message) => at(message, 'message'))
}

async function reading (t: Test, cluster: Cluster): Promise<void> {
  await t.test('a chat without messages answers an empty array', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    const answer = await cluster.post('/chat/messages', { session_token: ann.accessToken, chatID })
    t.strictSame([answer.status, answer.body], [200, []])
  })

  await t.test('the answer is a bare array, oldest first, the same for both', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    await post(t, cluster, ann, chatID, ['one', 'two'])
    await post(t, cluster, bob, chatID, ['three'])
    const answers = await Promise.all(
      [ann, bob].map(({ accessToken }) => cluster.post('/chat/messages', { session_token: accessToken, chatID }))
    )
    t.strictSame(answers[1]?.body, answers[0]?.body)
    t.strictSame(textsIn(answers[0]?.body), ['one', 'two', 'three'])
  })

  await t.test('a message has its id, its author, its text and its time', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const before = Date.now()
    await post(t, cluster, ann, chatID, ['one', 'two'])
    await post(t, cluster, bob, chatID, ['three'])
    const after = Date.now()
    const messages = listAt((await cluster.post('/chat/messages', { session_token: bob.accessToken, chatID })).body)
    t.strictSame(
      messages.map((message) => at(message, 'username')),
      [ann.username, ann.username, bob.username]
    )
    const [first, second, third] = messages.map((message) => ({
      id: integerAt(message, 'messageID'),
      author: integerAt(message, 'userID')
    }))
    t.ok(first !== undefined && second !== undefined && third !== undefined)
    t.equal(new Set([first?.id, second?.id, third?.id]).size, 3)
    t.equal(first?.author, second?.author)
    t.not(first?.author, third?.author)
    for (const message of messages) {
      const timestamp = textAt(message, 'timestamp')
      t.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
      // Postgres and this process may differ by the resolution of the clock.
      t.ok(
        Date.parse(timestamp) >= before - 1_000 && Date.parse(timestamp) <= after + 1_000,
        'the time is that of the post'
      )
    }
  })

  await t.test('a text comes back as it was sent', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    const texts = [
      '  spaces at both ends  ',
      'line\nbreak\ttab\r\n',
      '👩‍👩‍👧 ẞ é é',
      '<b>&amp;</b>',
      '{"type":"auth"}',
      '\\u0041 \\',
      '\u0001\u007f\u2028\ufeff',
      '$1 %s {} \'; drop table messages; --',
      'é'.repeat(4_000)
    ]
    await post(t, cluster, ann, chatID, texts)
    t.strictSame(
      textsIn((await cluster.post('/chat/messages', { session_token: ann.accessToken, chatID })).body),
      texts
    )
  })

  await t.test('the other fields that real clients send are ignored', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    await post(t, cluster, ann, chatID, ['one'])
    const answer = await cluster.post('/chat/messages', {
      session_token: ann.accessToken,
      chatID,
      username: bob.username,
      order: 'desc',
      version: { x: [] }
    })
    t.strictSame(textsIn(answer.body), ['one'])
  })
}

async function limiting (t: Test, cluster: Cluster): Promise<void> {
  const { ann, chatID } = await startChat(cluster)
  const texts = Array.from({ length: MAX_LIMIT + 5 }, (_, index) => `message ${String(index)}`)
  await post(t, cluster, ann, chatID, texts)
  const fetch = async (limit: unknown) =>
    cluster.post('/chat/messages', { session_token: ann.accessToken, chatID, limit })

  await t.test('without a limit the newest fifty are answered, oldest first', async (t) => {
    t.strictSame(
      textsIn((await cluster.post('/chat/messages', { session_token: ann.accessToken, chatID })).body),
      texts.slice(-DEFAULT_LIMIT)
    )
  })

  await t.test('a limit from 1 to 200 answers the newest so many, oldest first', async (t) => {
    for (const limit of [1, 2, DEFAULT_LIMIT + 1, MAX_LIMIT - 1, MAX_LIMIT]) {
      t.strictSame(textsIn((await fetch(limit)).body), texts.slice(-limit), String(limit))
    }
  })

  await t.test('any other limit is refused', async (t) => {
    for (const limit of [0, -1, MAX_LIMIT + 1, 1.5, 2 ** 53, -(2 ** 63), '10', '', true, [10], {}, null]) {
      expectRefusal(t, await fetch(limit), 400, JSON.stringify(limit))
    }
  })
}

async function refusing (t: Test, cluster: Cluster): Promise<void> {
  await t.test('a missing or wrong chatID is refused', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    for (const wrong of [undefined, null, '', String(chatID), chatID + 0.5, true, [chatID], { chatID }, 'all']) {
      expectRefusal(
        t,
        await cluster.post('/chat/messages', { session_token: ann.accessToken, chatID: wrong }),
        400,
        JSON.stringify(wrong)
      )
    }
  })

  await t.test('a chat that does not exist and a chat of others answer the same 404', async (t) => {
    const { chatID } = await startChat(cluster)
    const stranger = await register(cluster)
    const others = await cluster.post('/chat/messages', { session_token: stranger.accessToken, chatID })
    const none = await cluster.post('/chat/messages', { session_token: stranger.accessToken, chatID: 999_999_999 })
    expectRefusal(t, others, 404, 'a chat of others')
    expectRefusal(t, none, 404, 'no chat')
    t.ok(isRecord(none.body))
    t.strictSame(none.body, others.body)
  })

  await t.test('without a session 401 is answered, not 404', async (t) => {
    const { chatID } = await startChat(cluster)
    expectRefusal(t, await cluster.post('/chat/messages', { chatID }), 401)
    expectRefusal(t, await cluster.post('/chat/messages', { chatID: 999_999_999 }), 401)
  })
}
