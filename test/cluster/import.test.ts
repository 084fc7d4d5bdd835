import t from '../support/tap.ts'
import { importRecords } from '../../src/domain/transfer/import.ts'
import { openExport } from '../../src/domain/transfer/lines.ts'
import { connectRealtime, request, shapesOf } from '../support/clients/realtime.ts'
import { newKey, newUser, USER_TOKENS } from '../support/data/api-clients.ts'
import { at, listAt } from '../support/data/json.ts'
import { expectProblem } from '../support/data/problems.ts'
import { fileOf, groupOf, timeAt } from '../support/data/transfer.ts'
import { onServices } from '../support/servers/deployments.ts'

await onServices(
  t,
  async (t, cluster) => {
    const [key, ann, bob] = [await newKey(cluster, 'messages:read'), await newUser(cluster), await newUser(cluster)]
    const post = async (text: string) => ann.call('POST', '/chats/here/messages', { text })
    await ann.call('PUT', '/chats/here', { type: 'group', name: 'Here', members: [{ user: bob.id }] })
    const log = Array.from({ length: 20 }, (_, index) =>
      ({ record: 'message', user: index % 2 === 0 ? ann.id : bob.id, text: String(index), created_at: timeAt(index) }))
    const [first = '', ...lines] = fileOf('live', groupOf('there', [ann.id, bob.id], log)).split(/(?<=\n)/)

    await t.test('a chat is nowhere until all of it is stored, and others are used meanwhile', async (t) => {
      const socket = await connectRealtime(t, cluster.replica(1), ann.bearer, { feed: {} })
      async function * read (): AsyncGenerator<Buffer> {
        yield Buffer.from(first)
        for (const [index, line] of lines.entries()) {
          yield Buffer.from(line)
          if (index % 5 !== 0) continue
          t.equal((await post(`beside ${String(index)}`)).status, 201)
          expectProblem(t, await key.call('GET', '/chats/there/events'), 404, 'unknown_chat')
          expectProblem(t, await ann.call('GET', '/chats/there'), 404, 'unknown_chat')
          const { body } = await ann.call('GET', '/chats')
          t.strictSame(listAt(body, 'items').map((chat) => at(chat, 'id')), ['here'])
        }
      }
      await importRecords(cluster.orm, await openExport(read()), { partSize: 3 })
      const { body } = await ann.call('GET', '/chats/there/events')
      t.equal(at(body, 'head'), log.length)
      t.strictSame(
        listAt(body, 'items').map((event) => at(event, 'data', 'message', 'text')), log.map(({ text }) => text)
      )
      const { before } = await request(socket, { type: 'subscribe', chats: [{ chat: 'there', after: 18 }] })
      t.strictSame(
        shapesOf(before.filter(({ type }) => type !== 'feed')),
        ['message.created 19', 'message.created 20', 'subscribed']
      )
      t.equal((await ann.call('POST', '/chats/there/messages', { text: 'goes on' })).status, 201)
    })
  },
  { environment: USER_TOKENS, inspectable: true }
)
