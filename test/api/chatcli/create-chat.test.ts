import t from '../../support/tap.ts'
import { expectOk, expectRefusal } from '../../support/checks/answers.ts'
import { ELECTRON_HEADERS, unwrapTwice } from '../../support/clients/electron-client.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { join } from '../../support/clients/socket.ts'
import { register, registerPending, startChat, type Account } from '../../support/data/accounts.ts'
import { at, integerAt, listAt } from '../../support/data/json.ts'
import { onEachDeployment } from '../../support/servers/deployments.ts'

const CREATED = 'Chat created successfully!'

await onEachDeployment(t, async (t, cluster) => {
  const create = async (account: Account, receiver: unknown) =>
    cluster.post('/chat/create-chat', { session_token: account.accessToken, receiver })
  const chatsOf = async (account: Account) =>
    listAt((await cluster.post('/chat/fetch-chats', { session_token: account.accessToken })).body, 'response')

  await t.test('a chat is created with a chatID beside the response', async (t) => {
    const [ann, bob] = [await register(cluster), await register(cluster)]
    const answer = await create(ann, bob.username)
    expectOk(t, answer, CREATED)
    t.ok(integerAt(answer.body, 'chatID') > 0)
    t.equal(at((await chatsOf(bob))[0], 'chatID'), at(answer.body, 'chatID'))
  })

  await t.test('the receiver counts in any case', async (t) => {
    const [ann, bob] = [await register(cluster), await register(cluster, uniqueName('MiXed-'))]
    expectOk(t, await create(ann, bob.username.toUpperCase()), CREATED)
    t.equal(at((await chatsOf(ann))[0], 'name'), bob.username)
  })

  await t.test('two who share a chat get 409, whoever asks and in any case', async (t) => {
    const [ann, bob] = [await register(cluster), await register(cluster)]
    expectOk(t, await create(ann, bob.username), CREATED)
    expectRefusal(t, await create(ann, bob.username), 409, 'the one who created it')
    expectRefusal(t, await create(bob, ann.username), 409, 'the other')
    expectRefusal(t, await create(bob, ann.username.toUpperCase()), 409, 'in upper case')
    t.equal((await chatsOf(ann)).length, 1)
    t.equal((await chatsOf(bob)).length, 1)
  })

  await t.test('a missing and an unknown receiver are refused', async (t) => {
    const ann = await register(cluster)
    expectRefusal(t, await cluster.post('/chat/create-chat', { session_token: ann.accessToken }), 400, 'missing')
    for (const receiver of ['', uniqueName('nobody-'), '%', '_'.repeat(ann.username.length), `${ann.username} `]) {
      expectRefusal(t, await create(ann, receiver), 400, JSON.stringify(receiver))
    }
  })

  await t.test('an account that was never verified is unknown', async (t) => {
    const ann = await register(cluster)
    expectRefusal(t, await create(ann, (await registerPending(cluster)).username), 400)
  })

  await t.test('nobody chats with themselves, in any case', async (t) => {
    const ann = await register(cluster, uniqueName('Ann-'))
    for (const receiver of [ann.username, ann.username.toUpperCase()])
      expectRefusal(t, await create(ann, receiver), 400, receiver)
    t.strictSame(await chatsOf(ann), [])
  })

  await t.test('of ten requests of both at once on all replicas one gets 200 and nine 409', async (t) => {
    for (let round = 0; round < 3; round++) {
      const [ann, bob] = [await register(cluster), await register(cluster)]
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          index % 2 === 0 ? create(ann, bob.username) : create(bob, ann.username)
        )
      )
      t.strictSame(answers.map((answer) => answer.status).sort(), [200, ...Array<number>(9).fill(409)])
      const created = answers.find((answer) => answer.status === 200)
      for (const account of [ann, bob]) {
        t.strictSame(
          (await chatsOf(account)).map((chat) => at(chat, 'chatID')),
          [at(created?.body, 'chatID')],
          'both see the one chat'
        )
      }
    }
  })

  await t.test('somebody may have chats with many', async (t) => {
    const ann = await register(cluster)
    const others = await Promise.all(Array.from({ length: 4 }, () => register(cluster)))
    const answers = await Promise.all(others.map((other) => create(ann, other.username)))
    t.equal(new Set(answers.map((answer) => integerAt(answer.body, 'chatID'))).size, others.length)
    t.equal((await chatsOf(ann)).length, others.length)
  })
})

await onEachDeployment(t, async (t, cluster) => {
  await t.test('the Electron clients get the number of the chat, new or not, and 404 for nobody', async (t) => {
    const [ann, bob] = [await register(cluster), await register(cluster)]
    const create = (account: Account, receiver: string) =>
      cluster.post('/chat/create-chat', { session_token: account.accessToken, receiver }, { headers: ELECTRON_HEADERS })
    const first = unwrapTwice(await create(ann, bob.username))
    t.strictSame(first, { chatID: integerAt(first, 'chatID') })
    t.strictSame(unwrapTwice(await create(bob, ann.username)), first)
    expectRefusal(t, await create(ann, 'nobody-of-this-name'), 404)
    expectRefusal(t, await create(ann, ann.username), 400)
    const others = await Promise.all(Array.from({ length: 6 }, () => create(ann, bob.username)))
    t.strictSame(others.map(unwrapTwice), others.map(() => first))
  })

  await t.test('they get histories in the two forms that they read, with the times of changes', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    const socket = await join(t, cluster.replica(0), ann.accessToken, chatID)
    socket.send({ type: 'post_msg', chatID, text: 'Hello' })
    await socket.next()
    const read = (fields: object = {}) =>
      cluster.post(
        '/chat/messages',
        { session_token: ann.accessToken, chatID, ...fields },
        { headers: ELECTRON_HEADERS }
      )
    const message = { message: 'Hello', username: ann.username, edited_at: null, deleted_at: null }
    t.match(unwrapTwice(await read()), { messages: [message] })
    t.match(unwrapTwice(await read({ username: ann.username })), [message])
  })
})
