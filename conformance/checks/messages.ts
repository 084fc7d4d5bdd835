/** Messages, reactions, pins. */
import type { Check } from '../check.ts'
import { expectEqual, expectFields, expectProblem, expectStatus, expectThat } from '../expectations.ts'
import { at, integerAt, listAt } from '../json.ts'
import type { Person, World } from '../world.ts'
import { TIME } from './users.ts'

const MAX_TEXT_LENGTH = 4_000
/** Letters beyond the first plane, right-to-left ones, a combining one, white space that belongs to it. */
const TEXT = ' "Größe" \u{1F44D}\u{1F3FD} שלום e\u0301\n\tλ '

export const MESSAGES: readonly Check[] = [
  {
    title: 'a message is answered, and found, as it was posted',
    run: async (world) => {
      const { author, other, chat } = await room(world)
      const posted = await author.post(`/chats/${chat}/messages`, {
        text: TEXT, client_id: 'c-1', mentions: [other.id], data: { a: [1, { b: null }] }
      })
      expectStatus(posted, 201)
      const seq = integerAt(posted.body, 'seq')
      const expected = {
        chat, seq, author: author.id, text: TEXT, client_id: 'c-1', version: 1, created_at: TIME, edited_at: null,
        deleted_at: null, reply_to: null, parent: null, thread: null, mentions: [other.id], attachments: [],
        reactions: {}, pinned_at: null, data: { a: [1, { b: null }] }
      }
      expectFields(at(posted.body, 'message'), expected, 'message')
      expectFields((await other.get(`/chats/${chat}/messages/${String(seq)}`)).body, expected, 'message')
      const page = await other.get(`/chats/${chat}/messages`)
      expectFields(listAt(page.body, 'items').at(-1), expected, 'message')
      expectEqual(at(page.body, 'head'), seq, 'the head of the page')
    }
  },
  {
    title: 'a text has 1 to 4,000 characters, not only blank ones',
    run: async (world) => {
      const { author, chat } = await room(world)
      for (const text of ['', '  \n', 'x'.repeat(MAX_TEXT_LENGTH + 1)])
        expectProblem(await author.post(`/chats/${chat}/messages`, { text }), 400, 'invalid_text')
      await world.post(author, chat, 'x'.repeat(MAX_TEXT_LENGTH))
      expectProblem(await author.post(`/chats/${chat}/messages`, {}), 400, 'invalid_input')
    }
  },
  {
    title: 'its author edits it, with a version that counts, and keeps it from being overwritten',
    run: async (world) => {
      const { author, other, chat } = await room(world)
      const path = `/chats/${chat}/messages/${String(await world.post(author, chat, 'one'))}`
      const etag = (await author.get(path)).headers.get('etag') ?? ''
      const edited = await author.patch(path, { text: 'two' }, { 'if-match': etag })
      expectFields(at(edited.body, 'message'), { text: 'two', version: 2, edited_at: TIME }, 'message')
      expectProblem(await author.patch(path, { text: 'three' }, { 'if-match': etag }), 412, 'version_conflict')
      expectProblem(await other.patch(path, { text: 'mine' }), 403, 'not_the_author')
      const versions = await author.get(`${path}/versions`)
      const texts = listAt(versions.body, 'items').map((version) => at(version, 'text'))
      expectEqual(texts.sort(), ['one', 'two'], 'the versions')
    }
  },
  {
    title: 'a deleted message leaves its place, and nothing of its content anywhere',
    run: async (world) => {
      const { author, other, chat } = await room(world)
      const seq = await world.post(author, chat, 'a secret of mine')
      const path = `/chats/${chat}/messages/${String(seq)}`
      await author.patch(path, { text: 'another secret of mine' })
      expectStatus(await author.delete(path), 200)
      const { body } = await other.get(path)
      expectFields(body, { chat, seq, author: author.id, deleted_at: TIME, parent: null }, 'message')
      expectEqual(at(body, 'text'), undefined, 'the text')
      expectProblem(await author.patch(path, { text: 'back' }), 409, 'message_deleted')
      for (const place of ['/messages', '/events?after=0', `/messages/${String(seq)}/versions`, '']) {
        const answer = await author.get(`/chats/${chat}${place}`)
        expectThat(!JSON.stringify(answer.body).includes('secret of mine'), `nothing of it is in ${answer.request}`)
      }
      const again = await author.delete(path)
      expectEqual([again.status, at(again.body, 'seq')], [200, null], 'the second DELETE')
    }
  },
  {
    title: 'what one deletes for oneself is there for others',
    run: async (world) => {
      const { author, other, chat } = await room(world)
      const seq = await world.post(author, chat, 'hello')
      expectStatus(await other.delete(`/chats/${chat}/messages/${String(seq)}?for=me`), 204)
      const seqsOf = async (reader: Person) =>
        listAt((await reader.get(`/chats/${chat}/messages`)).body, 'items').map((message) => at(message, 'seq'))
      expectEqual([await seqsOf(other), await seqsOf(author)], [[], [seq]], 'the messages of both')
    }
  },
  {
    title: 'replies in a thread are apart, and count at its beginning',
    run: async (world) => {
      const { author, other, chat } = await room(world)
      const parent = await world.post(author, chat, 'the beginning')
      const reply = await other.post(`/chats/${chat}/messages`, { text: 'a reply', parent, reply_to: parent })
      expectFields(at(reply.body, 'message'), { parent, reply_to: parent }, 'message')
      const nested = { text: 'x', parent: integerAt(reply.body, 'seq') }
      expectProblem(await author.post(`/chats/${chat}/messages`, nested), 400, 'nested_thread')
      const main = await author.get(`/chats/${chat}/messages`)
      const thread = await author.get(`/chats/${chat}/messages?parent=${String(parent)}`)
      expectEqual(listAt(main.body, 'items').map((message) => at(message, 'seq')), [parent], 'the main page')
      expectEqual(listAt(thread.body, 'items').map((message) => at(message, 'text')), ['a reply'], 'the thread')
      expectFields(at(main.body, 'items', 0, 'thread'), {
        replies: 1, participants: [other.id], last_reply_at: TIME
      }, 'thread')
    }
  },
  {
    title: 'a message that names what is not there is refused',
    run: async (world) => {
      const { author, chat } = await room(world)
      const post = (body: object) => author.post(`/chats/${chat}/messages`, { text: 'x', ...body })
      expectProblem(await post({ mentions: ['nobody-at-all'] }), 400, 'unknown_mention')
      expectProblem(await post({ parent: 999_999 }), 404, 'unknown_message')
      expectProblem(await post({ reply_to: 999_999 }), 404, 'unknown_message')
      expectProblem(await author.get(`/chats/${chat}/messages/999999`), 404, 'unknown_message')
      expectProblem(await world.key.post(`/chats/${chat}/messages`, { text: 'x' }), 400, 'user_required')
    }
  }
]

export const MARKS: readonly Check[] = [
  {
    title: 'reactions are counted by emoji, each of a user once',
    run: async (world) => {
      const { author, other, chat } = await room(world)
      const message = `/chats/${chat}/messages/${String(await world.post(author, chat, 'hello'))}`
      const path = `${message}/reactions/${encodeURIComponent('👍')}`
      const added = await other.put(path, undefined)
      expectStatus(added, 200, 201)
      expectEqual(at(added.body, 'message', 'reactions'), { '👍': { count: 1, me: true } }, 'reactions')
      expectEqual(at((await other.put(path, undefined)).body, 'seq'), null, 'the seq of the same again')
      expectStatus(await author.put(path, undefined), 200, 201)
      expectEqual(at((await author.get(message)).body, 'reactions', '👍', 'count'), 2, 'the count')
      const users = listAt((await author.get(`${message}/reactions`)).body, 'items').map((item) => at(item, 'user'))
      expectEqual(users.sort(), [author.id, other.id].sort(), 'those who reacted')
      expectEqual(at((await other.delete(path)).body, 'message', 'reactions', '👍'), { count: 1, me: false }, 'one less')
      expectProblem(await other.put(`${message}/reactions/not%20an%20emoji`, undefined), 400, 'invalid_emoji')
    }
  },
  {
    title: 'pins come and go',
    run: async (world) => {
      const { author, other, chat } = await room(world)
      const seq = await world.post(author, chat, 'the rules')
      const path = `/chats/${chat}/pins/${String(seq)}`
      const pinned = await other.put(path, undefined)
      expectStatus(pinned, 200, 201)
      expectFields(at(pinned.body, 'message'), { pinned_at: TIME }, 'message')
      const pins = async () => listAt((await author.get(`/chats/${chat}/pins`)).body, 'items')
      expectThat(JSON.stringify(await pins()).includes('the rules'), 'the message is among the pinned ones')
      expectStatus(await other.delete(path), 200)
      expectEqual(await pins(), [], 'the pins')
    }
  }
]

/** A group of two. */
async function room (world: World): Promise<{ author: Person, other: Person, chat: string }> {
  const [author, other] = [await world.addUser(), await world.addUser()]
  return { author, other, chat: await world.addChat(author, [other]) }
}
