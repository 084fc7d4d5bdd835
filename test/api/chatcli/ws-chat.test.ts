import { inspect } from 'node:util'
import t, { type Test } from '../../support/tap.ts'
import { isSentence } from '../../support/checks/answers.ts'
import { connect, join, type Frame, type SocketClient } from '../../support/clients/socket.ts'
import { register, startChat } from '../../support/data/accounts.ts'
import { at, listAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const MAX_TEXT = 4_000

await onOneDeployment(t, async (t, cluster) => {
  await joining(t, cluster)
  await posting(t, cluster)
  await refusing(t, cluster)
})

/** The frame refuses an action in one sentence, and its socket goes on. */
async function expectError (
  t: Test,
  socket: SocketClient,
  frame: object,
  title = JSON.stringify(frame).slice(0, 60)
): Promise<void> {
  socket.send(frame)
  const answer = await socket.next()
  t.ok(answer['type'] === 'error' && isSentence(answer['message']), title, { found: answer })
  t.strictSame(await socket.barrier(), [], 'it is answered once and the socket stays open')
}

async function joining (t: Test, cluster: Cluster): Promise<void> {
  await t.test('join_chat is answered with nothing; the next frame is the message', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    const socket = await connect(t, cluster.replica(0), ann.accessToken)
    socket.send({ type: 'join_chat', chatID })
    socket.send({ type: 'post_msg', chatID, text: 'Hello' })
    const frame = await socket.next()
    t.equal(frame['type'], 'new_message')
    t.equal(frame['message'], 'Hello')
    t.strictSame(await socket.barrier(), [])
  })

  await t.test('messages from before the join are not sent', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const early = await join(t, cluster.replica(0), ann.accessToken, chatID)
    early.send({ type: 'post_msg', chatID, text: 'before' })
    await early.next()
    const late = await join(t, cluster.replica(1), bob.accessToken, chatID)
    early.send({ type: 'post_msg', chatID, text: 'after' })
    t.equal((await late.next())['message'], 'after')
  })

  await t.test('joining twice delivers once', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    const socket = await join(t, cluster.replica(0), ann.accessToken, chatID)
    socket.send({ type: 'join_chat', chatID })
    socket.send({ type: 'post_msg', chatID, text: 'once' })
    t.equal((await socket.next())['message'], 'once')
    t.strictSame(await socket.barrier(), [])
  })

  await t.test('a socket that has not joined gets nothing, its own posts included', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const poster = await connect(t, cluster.replica(0), ann.accessToken)
    const idle = await connect(t, cluster.replica(1), bob.accessToken)
    const witness = await join(t, cluster.replica(1), bob.accessToken, chatID)
    poster.send({ type: 'post_msg', chatID, text: 'unheard' })
    t.equal((await witness.next())['message'], 'unheard')
    for (const socket of [poster, idle]) t.strictSame(await socket.barrier(), [])
  })

  await t.test('leave_chat ends the messages, join_chat brings them back', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const socket = await join(t, cluster.replica(0), ann.accessToken, chatID)
    const witness = await join(t, cluster.replica(0), ann.accessToken, chatID)
    const poster = await join(t, cluster.replica(2), bob.accessToken, chatID)
    socket.send({ type: 'leave_chat', chatID })
    t.strictSame(await socket.barrier(), [], 'it is answered with nothing')
    poster.send({ type: 'post_msg', chatID, text: 'missed' })
    t.equal((await witness.next())['message'], 'missed')
    t.strictSame(await socket.barrier(), [])
    socket.send({ type: 'join_chat', chatID })
    t.strictSame(await socket.barrier(), [])
    poster.send({ type: 'post_msg', chatID, text: 'heard' })
    t.equal((await socket.next())['message'], 'heard')
  })

  await t.test('a socket that left may still post', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const witness = await join(t, cluster.replica(1), bob.accessToken, chatID)
    const socket = await join(t, cluster.replica(0), ann.accessToken, chatID)
    socket.send({ type: 'leave_chat', chatID })
    socket.send({ type: 'post_msg', chatID, text: 'from outside' })
    t.equal((await witness.next())['message'], 'from outside')
    t.strictSame(await socket.barrier(), [])
  })

  await t.test('leaving a chat that was not joined is no error that closes the socket', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    const socket = await connect(t, cluster.replica(0), ann.accessToken)
    socket.send({ type: 'leave_chat', chatID })
    const frames = await socket.barrier()
    t.ok(frames.every((frame) => frame['type'] === 'error'))
  })

  await t.test('a socket may join several chats and gets each message under its chatID', async (t) => {
    const [one, two] = [await startChat(cluster), await startChat(cluster)]
    const ann = one.ann
    const cross = await cluster.post('/chat/create-chat', {
      session_token: ann.accessToken,
      receiver: two.bob.username
    })
    const chatIDs = [one.chatID, Number(at(cross.body, 'chatID'))]
    const socket = await connect(t, cluster.replica(0), ann.accessToken)
    for (const chatID of chatIDs) socket.send({ type: 'join_chat', chatID })
    t.strictSame(await socket.barrier(), [])
    for (const chatID of chatIDs) {
      socket.send({ type: 'post_msg', chatID, text: `to ${String(chatID)}` })
      const frame = await socket.next()
      t.strictSame([frame['chatID'], frame['message']], [chatID, `to ${String(chatID)}`])
    }
  })
}

async function posting (t: Test, cluster: Cluster): Promise<void> {
  const { ann, bob, chatID } = await startChat(cluster)
  const socket = await join(t, cluster.replica(0), ann.accessToken, chatID)
  const post = async (text: unknown): Promise<Frame> => {
    socket.send({ type: 'post_msg', chatID, text })
    return socket.next()
  }

  await t.test('new_message has every field of the contract, the same as the history', async (t) => {
    const before = Date.now()
    const frame = await post('Hello')
    const after = Date.now()
    const history = await cluster.post('/chat/messages', { session_token: bob.accessToken, chatID, limit: 1 })
    const [stored] = listAt(history.body)
    t.hasStrict(frame, { type: 'new_message', chatID, username: ann.username, message: 'Hello' })
    for (const field of ['messageID', 'userID', 'username', 'message', 'timestamp'])
      t.strictSame(frame[field], at(stored, field), field)
    t.ok(Number.isSafeInteger(frame['messageID']) && Number.isSafeInteger(frame['userID']))
    const timestamp = String(frame['timestamp'])
    t.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
    t.ok(Date.parse(timestamp) >= before - 1_000 && Date.parse(timestamp) <= after + 1_000)
  })

  await t.test('a text is delivered as it was sent', async (t) => {
    for (const text of [
      '  spaces at both ends  ',
      'line\nbreak\ttab',
      '👩‍👩‍👧 é',
      '<b>&amp;</b>',
      '"\\u0041"',
      '\u0001\u2028',
      '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\ufe0f',
      '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645',
      'x'.repeat(MAX_TEXT),
      'é'.repeat(MAX_TEXT),
      `${'x'.repeat(MAX_TEXT - 2)}\n\n`
    ]) {
      t.equal((await post(text))['message'], text)
    }
  })

  await t.test('an empty or over-long text and what is no text are refused', async (t) => {
    for (const text of [
      '',
      ' ',
      '\n\t \u2003',
      '\u200b',
      '\u200d\ufe0f',
      ' \u3164 ',
      '\u2800\u2800',
      '\u{e0020}',
      'x'.repeat(MAX_TEXT + 1),
      'é'.repeat(MAX_TEXT + 1),
      undefined,
      null,
      5,
      true,
      [],
      ['Hello'],
      {}
    ]) {
      await expectError(t, socket, { type: 'post_msg', chatID, text }, `the text ${inspect(text).slice(0, 20)}`)
    }
    t.equal((await post('still here'))['message'], 'still here')
  })

  await t.test('half an emoji, where a client cut a text, is stored as a replacement character', async (t) => {
    for (const [sent, stored] of [
      [`${'x'.repeat(2_047)}\ud83d`, `${'x'.repeat(2_047)}\ufffd`],
      ['\ude00 and the rest', '\ufffd and the rest'],
      ['\ude00\ud83d', '\ufffd\ufffd']
    ] as const) {
      t.equal((await post(sent))['message'], stored)
      const history = await cluster.post('/chat/messages', { session_token: bob.accessToken, chatID, limit: 1 })
      t.equal(at(listAt(history.body)[0], 'message'), stored, 'in the history, too')
    }
  })

  await t.test('the other fields that real clients send are ignored', async (t) => {
    socket.send({
      type: 'post_msg',
      chatID,
      text: 'mine',
      username: bob.username,
      userID: 1,
      messageID: 1,
      timestamp: 'never',
      version: {}
    })
    t.hasStrict(await socket.next(), { message: 'mine', username: ann.username })
  })
}

async function refusing (t: Test, cluster: Cluster): Promise<void> {
  await t.test('an unknown action is answered with its name', async (t) => {
    const { ann } = await startChat(cluster)
    const socket = await connect(t, cluster.replica(0), ann.accessToken)
    for (const type of [
      'dance',
      'JOIN_CHAT',
      'join_chat ',
      'auth_ack',
      'new_message',
      'toString',
      'constructor',
      '__proto__',
      'hasOwnProperty',
      '<b>'
    ]) {
      socket.send({ type })
      t.hasStrict(await socket.next(), { type: 'error', message: `Unknown action: ${type}` })
    }
    t.strictSame(await socket.barrier(), [])
  })

  await t.test('who is no participant can neither join, post nor listen', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    const stranger = await register(cluster)
    const socket = await connect(t, cluster.replica(1), stranger.accessToken)
    const witness = await join(t, cluster.replica(1), ann.accessToken, chatID)
    await expectError(t, socket, { type: 'join_chat', chatID })
    await expectError(t, socket, { type: 'post_msg', chatID, text: 'intruder' })
    witness.send({ type: 'post_msg', chatID, text: 'private' })
    t.equal((await witness.next())['message'], 'private')
    t.strictSame(await witness.barrier(), [])
    t.strictSame(await socket.barrier(), [])
  })

  await t.test('a chat that does not exist is refused with the same words as a chat of others', async (t) => {
    const { chatID } = await startChat(cluster)
    const stranger = await register(cluster)
    const socket = await connect(t, cluster.replica(0), stranger.accessToken)
    for (const type of ['join_chat', 'post_msg']) {
      const answers = []
      for (const target of [chatID, 999_999_999]) {
        socket.send({ type, chatID: target, text: 'Hello' })
        answers.push(await socket.next())
      }
      t.equal(answers[0]?.['type'], 'error')
      t.strictSame(answers[0], answers[1])
    }
  })

  await t.test('a missing or wrong chatID is refused', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    const socket = await connect(t, cluster.replica(0), ann.accessToken)
    for (const type of ['join_chat', 'leave_chat', 'post_msg']) {
      for (const wrong of [undefined, null, '', String(chatID), chatID + 0.5, true, [chatID], { chatID }]) {
        await expectError(t, socket, { type, chatID: wrong, text: 'Hello' })
      }
    }
  })

  await t.test('a refused action leaves a joined socket joined', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    const socket = await join(t, cluster.replica(0), ann.accessToken, chatID)
    await expectError(t, socket, { type: 'join_chat', chatID: 999_999_999 })
    await expectError(t, socket, { type: 'post_msg', chatID, text: '' })
    socket.send({ type: 'post_msg', chatID, text: 'still joined' })
    t.equal((await socket.next())['message'], 'still joined')
  })
}
