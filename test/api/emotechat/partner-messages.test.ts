import t from '../../support/tap.ts'
import { join } from '../../support/clients/socket.ts'
import { createChat, register } from '../../support/data/accounts.ts'
import { expectSentence, registerEmote } from '../../support/data/emotechat.ts'
import { at, integerAt, listAt } from '../../support/data/json.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const COUNT = 7

await onOneDeployment(t, async (t, cluster) => {
  const [emma, max] = [await registerEmote(cluster), await registerEmote(cluster)]
  const account = { ...emma, accessToken: emma.token, refreshToken: '' }
  const pageOf = async (token: string, query: string) => {
    const answer = await cluster.get(`/api/conversations?${query}`, { bearer: token })
    t.equal(answer.status, 200, answer.text)
    return answer.body
  }
  const unreadOf = async (token: string) =>
    at(listAt((await cluster.get('/api/conversations', { bearer: token })).body, 'conversations')[0], 'unread_count')

  await t.test('without a chat there are no messages, and both people are named', async (t) => {
    const body = await pageOf(emma.token, `partner_id=${String(max.id)}`)
    t.strictSame(listAt(body, 'conversations'), [])
    t.strictSame(at(body, 'pagination'), { current_page: 1, page_size: 30, total_pages: 0, total_count: 0 })
    const people = listAt(body, 'users').sort((one, other) => integerAt(one, 'id') - integerAt(other, 'id'))
    t.strictSame(people, [emma, max].map(({ id, name, username }) => ({ id, name, username })))
    for (const nobody of ['999999999', String(emma.id)])
      t.strictSame(listAt(await pageOf(emma.token, `partner_id=${nobody}`), 'conversations'), [])
  })

  const chatID = await createChat(cluster, account, { ...max, accessToken: max.token, refreshToken: '' })
  const sockets = [
    await join(t, cluster.replica(0), emma.token, chatID),
    await join(t, cluster.replica(1), max.token, chatID)
  ] as const
  const texts = Array.from({ length: COUNT }, (_, index) => `<b onclick="x">${String(index)} & 'more'</b>`)
  for (const [index, text] of texts.entries()) {
    sockets[index % 2 === 0 ? 0 : 1].send({ type: 'post_msg', chatID, text })
    for (const socket of sockets) await socket.next()
  }
  const escaped = texts.map((_, index) => `&lt;b onclick=&quot;x&quot;&gt;${String(index)} &amp; 'more'&lt;/b&gt;`)

  await t.test('the first page has the newest messages, the oldest of it first, safe to insert as HTML', async (t) => {
    t.equal(await unreadOf(max.token), 1)
    const body = await pageOf(max.token, `partner_id=${String(emma.id)}&page=1&page_size=3`)
    const messages = listAt(body, 'conversations')
    t.strictSame(messages.map((message) => at(message, 'Content')), escaped.slice(-3))
    t.strictSame(at(body, 'pagination'), { current_page: 1, page_size: 3, total_pages: 3, total_count: COUNT })
    const [sender, receiver] = [emma, max].map(({ id, name, username }) => ({ id, name, username }))
    t.hasStrict(messages[0], { SenderID: emma.id, ReceiverID: max.id, Sender: sender, Receiver: receiver })
    t.hasStrict(messages[1], { SenderID: max.id, ReceiverID: emma.id, Sender: receiver, Receiver: sender })
    t.ok(Number.isSafeInteger(at(messages[0], 'ID')))
    t.match(at(messages[0], 'Timestamp'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    t.equal(await unreadOf(max.token), 0, 'they count as read')
    const rest = await Promise.all([2, 3, 4].map((page) =>
      pageOf(emma.token, `partner_id=${String(max.id)}&page=${String(page)}&page_size=3`)))
    t.strictSame(
      rest.map((page) => listAt(page, 'conversations').map((message) => at(message, 'Content'))),
      [escaped.slice(1, 4), escaped.slice(0, 1), []]
    )
  })

  await t.test('nobody else reads them, and who left the chat reads them no longer', async (t) => {
    const stranger = await register(cluster)
    for (const { id } of [emma, max]) {
      const body = await pageOf(stranger.accessToken, `partner_id=${String(id)}`)
      t.strictSame(listAt(body, 'conversations'), [])
    }
    await cluster.post('/chat/delete-chat', { session_token: max.token, chatID })
    t.strictSame(listAt(await pageOf(max.token, `partner_id=${String(emma.id)}`), 'conversations'), [])
    t.equal(listAt(await pageOf(emma.token, `partner_id=${String(max.id)}`), 'conversations').length, COUNT)
  })

  await t.test('a partner is named by the id of a user, and the list stays what it was without one', async (t) => {
    for (const wrong of ['0', '-1', 'x', '1.5', '', '1&partner_id=2', '99999999999999999999'])
      expectSentence(
        t, await cluster.get(`/api/conversations?partner_id=${wrong}`, { bearer: emma.token }), 400, wrong
      )
    expectSentence(t, await cluster.get('/api/conversations?partner_id=1'), 401)
    const list = listAt((await cluster.get('/api/conversations', { bearer: emma.token })).body, 'conversations')
    t.equal(at(list[0], 'last_message', 'message'), texts.at(-1), 'with texts as they are')
  })
})
