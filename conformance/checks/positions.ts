/** Read marks, the log of a chat, the feed of a user, sync. */
import type { Check } from '../check.ts'
import { expectEqual, expectFields, expectProblem, expectStatus, expectThat } from '../expectations.ts'
import { at, integerAt, listAt, textAt } from '../json.ts'
import { TIME } from './users.ts'

const countTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

export const READ_MARKS: readonly Check[] = [
  {
    title: 'unread messages are counted, and a mark only grows',
    run: async (world) => {
      const [author, reader] = [await world.addUser(), await world.addUser()]
      const chat = await world.addChat(author, [reader])
      const seqs = [await world.post(author, chat, 'one'), await world.post(author, chat, 'two')]
      await author.post(`/chats/${chat}/messages`, { text: 'three', mentions: [reader.id] })
      const unread = async () => (await reader.get('/me/unread')).body
      expectFields(await unread(), { total: 3, mentions: 1, chats: { [chat]: { unread: 3, mentions: 1 } } }, 'unread')
      expectEqual(at((await author.get('/me/unread')).body, 'total'), 0, 'what the author has not read')
      const mark = (seq: number) => reader.put(`/chats/${chat}/read`, { seq })
      expectStatus(await mark(seqs[1] ?? 0), 204)
      expectStatus(await mark(seqs[0] ?? 0), 204)
      expectEqual(at((await reader.get(`/chats/${chat}/me`)).body, 'read_seq'), seqs[1], 'the mark')
      expectFields((await reader.get(`/chats/${chat}`)).body, { unread: 1, mentions: 1 }, 'chat')
      expectStatus(await mark(Number.MAX_SAFE_INTEGER), 204)
      expectEqual(at(await unread(), 'total'), 0, 'what is left')
    }
  },
  {
    title: 'receipts are shown to the others, unless one does not want that',
    run: async (world) => {
      const [author, reader] = [await world.addUser(), await world.addUser()]
      const chat = await world.addChat(author, [reader])
      const seq = await world.post(author, chat, 'one')
      await reader.put(`/chats/${chat}/read`, { seq })
      const receipts = async () => listAt((await author.get(`/chats/${chat}/receipts`)).body, 'items')
        .find((receipt) => at(receipt, 'user') === reader.id)
      expectEqual(await receipts(), { user: reader.id, seq }, 'the receipt')
      expectStatus(await reader.put('/me/receipts', { shared: false }), 200, 204)
      expectEqual(await receipts(), undefined, 'the receipt of one who shares none')
    }
  }
]

export const LOG: readonly Check[] = [
  {
    title: 'everything that happens in a chat has its seq, 1, 2, 3 … without a gap',
    run: async (world) => {
      const [owner, member] = [await world.addUser(), await world.addUser()]
      const chat = await world.addChat(owner, [member])
      const seq = await world.post(owner, chat, 'one')
      const message = `/chats/${chat}/messages/${String(seq)}`
      await member.put(`${message}/reactions/%F0%9F%91%8D`, undefined)
      await owner.patch(message, { text: 'two' })
      await owner.put(`/chats/${chat}/pins/${String(seq)}`, undefined)
      await owner.patch(`/chats/${chat}`, { name: 'Renamed' })
      await owner.delete(message)
      await member.post(`/chats/${chat}:leave`)
      const answer = await owner.get(`/chats/${chat}/events?after=0&limit=200`)
      const events = listAt(answer.body, 'items')
      expectEqual(events.map((event) => at(event, 'seq')), countTo(integerAt(answer.body, 'head')), 'the seqs')
      const types = events.map((event) => textAt(event, 'type'))
      for (const type of [
        'chat.created', 'message.created', 'reaction.added', 'message.edited', 'message.pinned', 'chat.updated',
        'message.deleted', 'member.left'
      ]) expectThat(types.includes(type), `there is the event ${type}`)
      for (const event of events)
        expectFields(event, { chat, epoch: textAt(answer.body, 'epoch'), at: TIME }, textAt(event, 'type'))
      const reaction = events.find((event) => at(event, 'type') === 'reaction.added')
      expectEqual(at(reaction, 'actor', 'user'), member.id, 'the actor of a reaction')
      expectEqual(at(reaction, 'data', 'message', 'reactions'), {}, 'the reactions of a message that is deleted since')
    }
  },
  {
    title: 'who comes later sees nothing of what was before, and every seq',
    run: async (world) => {
      const [owner, late] = [await world.addUser(), await world.addUser()]
      const chat = await world.addChat(owner)
      const seq = await world.post(owner, chat, 'before')
      expectStatus(await owner.put(`/chats/${chat}/members/${late.id}`), 201)
      await world.post(owner, chat, 'after')
      const events = listAt((await late.get(`/chats/${chat}/events?after=0`)).body, 'items')
      expectEqual(events.map((event) => at(event, 'seq')), countTo(events.length), 'the seqs')
      expectEqual(at(events[seq - 1], 'data'), null, 'the content of what was before')
      expectEqual(at(events.at(-1), 'data', 'message', 'text'), 'after', 'the text of what came after')
      const page = await late.get(`/chats/${chat}/messages`)
      expectEqual(listAt(page.body, 'items').map((message) => at(message, 'text')), ['after'], 'the messages')
    }
  },
  {
    title: 'a position beyond the end is refused',
    run: async (world) => {
      const user = await world.addUser()
      const chat = await world.addChat(user)
      const head = await world.headOf(user, chat)
      expectEqual(listAt((await user.get(`/chats/${chat}/events?after=${String(head)}`)).body, 'items'), [], 'events')
      expectProblem(await user.get(`/chats/${chat}/events?after=${String(head + 1)}`), 409, 'position_unknown')
    }
  }
]

export const FEED: readonly Check[] = [
  {
    title: 'what concerns a user is in the feed, 1, 2, 3 … without a gap',
    needsToken: true,
    run: async (world) => {
      const [owner, user] = [await world.addUser(), await world.addUser()]
      const chat = await world.addChat(owner, [user])
      await owner.post(`/chats/${chat}/messages`, { text: 'you', mentions: [user.id] })
      await user.patch(`/chats/${chat}/me`, { pinned: true })
      expectStatus(await owner.delete(`/chats/${chat}/members/${user.id}`), 200)
      const { body } = await world.tokenCallerOf(user).get('/feed?after=0')
      const events = listAt(body, 'items')
      expectEqual(events.map((event) => at(event, 'pos')), countTo(integerAt(body, 'pos')), 'the positions')
      expectEqual(events.map((event) => at(event, 'type')), [
        'chat.added', 'mention.received', 'membership.updated', 'chat.removed'
      ], 'the types')
      expectFields(events.at(-1), { chat, at: TIME, data: { reason: 'removed' } }, 'event')
    }
  },
  {
    title: 'sync brings what is new, what is ahead, and what is gone',
    needsToken: true,
    run: async (world) => {
      const [owner, user] = [await world.addUser(), await world.addUser()]
      const [one, two] = [await world.addChat(owner, [user]), await world.addChat(owner, [user])]
      const sync = (body: object) => world.tokenCallerOf(user).post('/sync', body)
      const first = await sync({ pos: null, epoch: null })
      expectStatus(first, 200)
      const known = Object.fromEntries(
        listAt(first.body, 'chats').map((chat) => [textAt(chat, 'chat'), integerAt(chat, 'head')])
      )
      expectEqual(Object.keys(known).sort(), [one, two].sort(), 'the chats of a first sync')
      await world.post(owner, one, 'news')
      await owner.delete(`/chats/${two}/members/${user.id}`)
      const position = { pos: integerAt(first.body, 'pos'), epoch: textAt(first.body, 'epoch') }
      const second = await sync({ ...position, chats: known })
      expectEqual(listAt(second.body, 'chats').map((chat) => at(chat, 'chat')), [one], 'those ahead')
      expectFields(at(second.body, 'chats', 0), { unread: 1, last_message: { text: 'news' } }, 'chat')
      expectEqual(at(second.body, 'gone'), [two], 'those gone')
      expectEqual(listAt(second.body, 'feed').map((event) => at(event, 'type')), ['chat.removed'], 'the feed')
      const outdated = await sync({ ...position, epoch: 'another' })
      expectProblem(outdated, 409, 'epoch_changed')
      expectEqual(at(outdated.body, 'epoch'), position.epoch, 'the epoch that a refusal names')
      expectProblem(await sync({ ...position, pos: 999_999 }), 409, 'position_unknown')
    }
  }
]
