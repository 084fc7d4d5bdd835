import t from '../../support/tap.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { connect, join, type SocketClient } from '../../support/clients/socket.ts'
import { createChat, register, type Account } from '../../support/data/accounts.ts'
import { expectSentence } from '../../support/data/emotechat.ts'
import { at, fieldsOf, integerAt, listAt, textAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

/** The list of an account. */
async function listOf (cluster: Cluster, account: Account, query = ''): Promise<unknown[]> {
  return listAt(
    (await cluster.get(`/api/conversations${query}`, { bearer: account.accessToken })).body,
    'conversations'
  )
}

/** Has a joined socket post, and waits until each text is stored. */
async function say (socket: SocketClient, chatID: number, ...texts: string[]): Promise<void> {
  for (const text of texts) {
    socket.send({ type: 'post_msg', chatID, text })
    await socket.next((frame) => frame['type'] === 'new_message' && frame['message'] === text)
  }
}

await onOneDeployment(t, async (t, cluster) => {
  const post = async (path: string, account: Account, fields: object) =>
    cluster.post(path, { ...fields, session_token: account.accessToken })
  const [ann, bob, cy] = await Promise.all([
    register(cluster, uniqueName('Ann-')),
    register(cluster, uniqueName('Bob-')),
    register(cluster, uniqueName('Cy-'))
  ])
  const idOf = async (account: Account) =>
    integerAt((await cluster.get('/api/auth/validate', { bearer: account.accessToken })).body, 'user', 'id')
  const [annID, bobID] = [await idOf(ann), await idOf(bob)]

  await t.test('somebody without a chat has an empty list', async (t) => {
    const answer = await cluster.get('/api/conversations', { bearer: ann.accessToken })
    t.strictSame(
      [answer.status, answer.body],
      [200, { conversations: [], pagination: { current_page: 1, page_size: 30, total_pages: 0, total_count: 0 } }]
    )
    expectSentence(t, await cluster.get('/api/conversations'), 401)
  })

  const withBob = await createChat(cluster, ann, bob)
  const socket = await join(t, cluster.replica(0), ann.accessToken, withBob)
  const other = await join(t, cluster.replica(1), bob.accessToken, withBob)

  await t.test('a conversation has exactly the fields of the contract', async (t) => {
    const [fresh] = await listOf(cluster, ann)
    t.hasStrict(fresh, { id: withBob, type: 'direct', name: bob.username, last_message: null, unread_count: 0 })
    t.strictSame(fieldsOf(fresh), ['id', 'last_message', 'name', 'participants', 'type', 'unread_count', 'updated_at'])
    const people = [
      { id: annID, name: ann.username, username: ann.username },
      { id: bobID, name: bob.username, username: bob.username }
    ]
    t.strictSame(
      listAt(fresh, 'participants'),
      people.sort((a, b) => a.id - b.id)
    )

    await say(socket, withBob, 'one', 'two')
    const [conversation] = await listOf(cluster, bob)
    t.equal(at(conversation, 'name'), ann.username)
    const history = listAt((await post('/chat/messages', ann, { chatID: withBob })).body)
    const last = history.at(-1)
    t.strictSame(at(conversation, 'last_message'), {
      id: at(last, 'messageID'),
      sender_id: annID,
      message: 'two',
      timestamp: at(last, 'timestamp')
    })
    t.equal(at(conversation, 'updated_at'), at(last, 'timestamp'))
    t.equal(at(conversation, 'unread_count'), 2)
  })

  await t.test(
    'reading the history moves the mark, up to what was handed out; one\'s own message moves it too',
    async (t) => {
      const unread = async (account: Account) => at((await listOf(cluster, account))[0], 'unread_count')
      t.equal(await unread(ann), 0, 'one\'s own messages are not new')
      t.equal(await unread(bob), 2)
      await post('/chat/messages', bob, { chatID: withBob, after: 0, limit: 1 })
      t.equal(await unread(bob), 1)
      await post('/chat/messages', bob, { chatID: withBob })
      t.equal(await unread(bob), 0)
      await post('/chat/messages', bob, { chatID: withBob, before: 2 })
      t.equal(await unread(bob), 0, 'reading older ones does not take it back')
      await say(socket, withBob, 'three', 'four')
      t.strictSame([await unread(ann), await unread(bob)], [0, 2])
      await say(other, withBob, 'five')
      t.strictSame([await unread(ann), await unread(bob)], [1, 0])
      await listOf(cluster, ann)
      t.equal(await unread(ann), 1, 'looking at the list is not reading')
    }
  )

  await t.test('the chat in which something happened last comes first, page by page', async (t) => {
    const withCy = await createChat(cluster, ann, cy)
    const ids = async (query = '') => (await listOf(cluster, ann, query)).map((conversation) => at(conversation, 'id'))
    t.strictSame(await ids(), [withCy, withBob], 'a new one')
    await say(other, withBob, 'six')
    t.strictSame(await ids(), [withBob, withCy])
    t.strictSame(
      [await ids('?page_size=1'), await ids('?page=2&page_size=1'), await ids('?page=3&page_size=1')],
      [[withBob], [withCy], []]
    )
    const past = await cluster.get('/api/conversations?page=9&page_size=1', { bearer: ann.accessToken })
    t.strictSame(past.body, {
      conversations: [],
      pagination: { current_page: 9, page_size: 1, total_pages: 2, total_count: 2 }
    })
    t.strictSame(
      (await listOf(cluster, cy)).map((conversation) => at(conversation, 'id')),
      [withCy],
      'everybody sees their own'
    )
  })

  await t.test('who leaves has the chat no longer; who comes back sees nothing from before', async (t) => {
    t.equal((await post('/chat/delete-chat', bob, { chatID: withBob })).status, 200)
    t.strictSame(await listOf(cluster, bob), [])
    const left = (await listOf(cluster, ann)).find((conversation) => at(conversation, 'id') === withBob)
    t.equal(at(left, 'name'), bob.username, 'the other still has it under the same name')
    t.strictSame(
      listAt(left, 'participants').map((person) => at(person, 'id')),
      [annID]
    )
    await say(socket, withBob, 'while you were away')
    t.equal(await createChat(cluster, bob, ann), withBob)
    t.hasStrict(await listOf(cluster, bob), [{ id: withBob, last_message: null, unread_count: 0 }])
    await say(socket, withBob, 'welcome back')
    t.hasStrict(await listOf(cluster, bob), [{ last_message: { message: 'welcome back' }, unread_count: 1 }])
    t.equal(listAt((await listOf(cluster, bob))[0], 'participants').length, 2)
  })

  await t.test('the text of the last message is as it was sent', async (t) => {
    const text = '  <b>ünï</b> \u{1f600}\n"quoted" \\ '
    await say(socket, withBob, text)
    t.equal(textAt((await listOf(cluster, bob))[0], 'last_message', 'message'), text)
    const bystander = await connect(t, cluster.replica(2), cy.accessToken)
    t.strictSame(await bystander.barrier(), [])
  })
})
