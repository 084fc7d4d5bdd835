/** The socket and the stream. */
import type { Check } from '../check.ts'
import { EventStream } from '../event-stream.ts'
import { expectEqual, expectFields, expectThat } from '../expectations.ts'
import { at, integerAt, textAt } from '../json.ts'
import { type Frame, Socket } from '../socket.ts'
import type { Person, World } from '../world.ts'

const POLICY_VIOLATION = 1_008
const MESSAGES_OF_EACH = 20

const isType = (type: string) => (frame: Frame) => frame['type'] === type
const isEvent = (type: string) => (frame: Frame) => at(frame, 'event', 'type') === type
const seqsOf = (frames: readonly Frame[]) =>
  frames.filter(isType('event')).map((frame) => integerAt(frame, 'event', 'seq'))

const CHECKS: readonly Omit<Check, 'needsToken'>[] = [
  {
    title: 'the first frame says who it is, and is answered by welcome',
    run: async (world) => {
      const user = await world.addUser()
      const socket = await Socket.open(world)
      socket.send({ type: 'hello', token: world.tokenOf(user.id), client: 'conformance/1', ref: 'r' })
      const welcome = await socket.next(isType('welcome'), 'the welcome')
      expectFields(welcome, { ref: 'r', user: user.id, epoch: /./, pos: 0 }, 'welcome')
      expectThat(integerAt(welcome, 'heartbeat_ms') > 0, 'heartbeat_ms is a time')
      await socket.close()
    }
  },
  {
    title: 'a wrong first frame is answered by a problem, and ends the socket with 1008',
    run: async (world) => {
      const token = world.tokenOf(world.newUserId(), { exp: 1 })
      const wrong = [{ type: 'hello', token }, { type: 'hello', token: 'nonsense' }, { type: 'typing', chat: 'x' }]
      for (const first of wrong) {
        const socket = await Socket.open(world)
        socket.send(first)
        await socket.next(isType('problem'), 'the problem')
        expectEqual(await socket.closed(), POLICY_VIOLATION, 'the close code')
      }
    }
  },
  {
    title: 'frames behind the first one are kept in order',
    run: async (world) => {
      const { author, chat } = await room(world)
      const socket = await Socket.open(world)
      socket.send({ type: 'hello', token: world.tokenOf(author.id) })
      for (const text of ['one', 'two', 'three'])
        socket.send({ type: 'send', chat, client_id: text, text, ref: text })
      const seqs = []
      for (const ref of ['one', 'two', 'three'])
        seqs.push(integerAt(await socket.next((frame) => frame['ref'] === ref, `the ack of ${ref}`), 'seq'))
      expectEqual(seqs, [...seqs].sort((a, b) => a - b), 'the seqs')
      await socket.close()
    }
  },
  {
    title: 'a message reaches every follower, and the same client_id is stored once',
    run: async (world) => {
      const { author, other, chat } = await room(world)
      const [sender, receiver] = [await follow(world, author, chat), await follow(world, other, chat)]
      const command = { type: 'send', chat, client_id: 'c-1', text: 'hello', data: { a: 1 } }
      const ack = await sender.perform(command)
      const event = await receiver.next(isType('event'), 'the message')
      expectFields(at(event, 'event'), {
        type: 'message.created', chat, seq: ack['seq'], actor: { user: author.id },
        data: { message: { text: 'hello', client_id: 'c-1', author: author.id, data: { a: 1 } } }
      }, 'event')
      expectFields(await sender.perform(command), { seq: ack['seq'], duplicate: true }, 'ack')
      const conflict = await sender.request({ ...command, text: 'another text' })
      expectEqual(conflict.answer['type'], 'problem', 'the answer to another text')
      await Promise.all([sender.close(), receiver.close()])
    }
  },
  {
    title: 'many who write at once are seen by all in one order, without a gap',
    run: async (world) => {
      const { author, other, chat } = await room(world)
      const head = await world.headOf(author, chat)
      const sockets = [await follow(world, author, chat), await follow(world, other, chat)]
      const total = sockets.length * MESSAGES_OF_EACH
      for (let count = 0; count < MESSAGES_OF_EACH; count++) {
        for (const [index, socket] of sockets.entries()) {
          const name = `${String(index)}-${String(count)}`
          socket.send({ type: 'send', chat, client_id: name, text: name })
        }
      }
      const expected = Array.from({ length: total }, (_, index) => head + index + 1)
      const texts = []
      for (const socket of sockets) {
        const isLast = (frame: Frame) => at(frame, 'event', 'seq') === head + total
        const { before, last } = await socket.upTo(isLast, `event ${String(head + total)}`)
        const events = [...before, last].filter(isType('event'))
        expectEqual(seqsOf(events), expected, 'the seqs')
        texts.push(events.map((event) => at(event, 'event', 'data', 'message', 'text')))
      }
      expectEqual(texts[0], texts[1], 'the texts in their order')
      for (const index of [0, 1]) {
        const own = (texts[0] ?? []).filter((text) => String(text).startsWith(`${String(index)}-`))
        const sent = Array.from({ length: MESSAGES_OF_EACH }, (_, count) => `${String(index)}-${String(count)}`)
        expectEqual(own, sent, 'the messages of one socket')
      }
      await Promise.all(sockets.map((socket) => socket.close()))
    }
  },
  {
    title: 'who comes back continues behind a seq',
    run: async (world) => {
      const { author, other, chat } = await room(world)
      const seq = await world.post(author, chat, 'seen')
      for (const text of ['missed 1', 'missed 2']) await world.post(author, chat, text)
      const socket = await Socket.connect(world, other.id)
      const resume = async (position: object) =>
        (await socket.request({ type: 'subscribe', chats: [{ chat, ...position }] })).before
      const frames = await resume({ after: seq })
      expectEqual(seqsOf(frames), [seq + 1, seq + 2], 'the seqs that were missed')
      expectFields(frames.at(-1), { type: 'subscribed', chat, head: seq + 2 }, 'frame')
      await socket.perform({ type: 'unsubscribe', chats: [chat] })
      expectEqual(seqsOf(await resume({ last: 1 })), [seq + 2], 'the last one')
      await socket.perform({ type: 'unsubscribe', chats: [chat] })
      const [refusal] = await resume({ after: seq + 3 })
      expectFields(refusal, { type: 'problem', chat, code: 'position_unknown' }, 'frame')
      expectFields((await resume({})).at(-1), { type: 'subscribed', chat }, 'frame')
      await socket.close()
    }
  },
  {
    title: 'chats that one is not in are refused one by one',
    run: async (world) => {
      const { other, chat } = await room(world)
      const foreign = await world.addChat(await world.addUser())
      const socket = await Socket.connect(world, other.id)
      const { before } = await socket.request({
        type: 'subscribe', chats: [{ chat: foreign }, { chat }, { chat: 'no-such-chat' }]
      })
      const answers = before.map((frame) => [String(frame['chat']), frame['code'] ?? frame['type']])
      expectEqual(Object.fromEntries(answers), {
        [foreign]: 'unknown_chat', [chat]: 'subscribed', 'no-such-chat': 'unknown_chat'
      }, 'the answers')
      await socket.close()
    }
  },
  {
    title: 'messages change by frames, each change an event',
    run: async (world) => {
      const { author, other, chat } = await room(world)
      const [socket, receiver] = [await follow(world, author, chat), await follow(world, other, chat)]
      const { seq } = await socket.perform({ type: 'send', chat, client_id: 'c', text: 'one' })
      const changes: [command: object, event: string][] = [
        [{ type: 'edit', text: 'two', version: 1 }, 'message.edited'],
        [{ type: 'react', emoji: '👍' }, 'reaction.added'],
        [{ type: 'unreact', emoji: '👍' }, 'reaction.removed'],
        [{ type: 'delete' }, 'message.deleted']
      ]
      for (const [command, event] of changes) {
        const ack = await socket.perform({ chat, seq, ...command })
        const frame = await receiver.next(isEvent(event), `the event ${event}`)
        expectEqual(at(frame, 'event', 'seq'), ack['seq'], `the seq of ${event}`)
      }
      const late = await socket.request({ type: 'edit', chat, seq, text: 'late' })
      expectFields(late.answer, { type: 'problem', code: 'message_deleted' }, 'answer')
      await Promise.all([socket.close(), receiver.close()])
    }
  },
  {
    title: 'read marks and typing reach the others',
    run: async (world) => {
      const { author, other, chat } = await room(world)
      const seq = await world.post(author, chat, 'one')
      const [socket, receiver] = [await follow(world, other, chat), await follow(world, author, chat)]
      await socket.perform({ type: 'read', chat, seq })
      const isRead = (frame: Frame) => frame['type'] === 'read' && frame['user'] === other.id
      expectFields(await receiver.next(isRead, 'the read mark'), { chat, seq }, 'read')
      socket.send({ type: 'typing', chat })
      expectFields(await receiver.next(isType('typing'), 'typing'), { chat, user: other.id }, 'typing')
      await Promise.all([socket.close(), receiver.close()])
    }
  },
  {
    title: 'who is removed gets a reset, and nothing that is posted afterwards',
    run: async (world) => {
      const { author, other, chat } = await room(world)
      const socket = await follow(world, other, chat)
      await author.delete(`/chats/${chat}/members/${other.id}`)
      await world.post(author, chat, 'without you')
      expectFields(await socket.next(isType('reset'), 'the reset'), { chat, reason: 'removed' }, 'reset')
      const { before, answer } = await socket.request({ type: 'send', chat, client_id: 'x', text: 'x' })
      expectEqual([before, answer['type']], [[], 'problem'], 'what comes afterwards')
      await socket.close()
    }
  },
  {
    title: 'the feed comes live, and from a position',
    run: async (world) => {
      const [owner, user] = [await world.addUser(), await world.addUser()]
      const first = await world.addChat(owner, [user])
      const socket = await Socket.connect(world, user.id, { feed: { after: 0 } })
      expectFields(at(await socket.next(isType('feed'), 'the feed'), 'event'), { pos: 1, chat: first }, 'event')
      const second = await world.addChat(owner, [user])
      expectFields(at(await socket.next(isType('feed'), 'the feed'), 'event'), {
        pos: 2, type: 'chat.added', chat: second
      }, 'event')
      await socket.close()
    }
  },
  {
    title: 'a frame that is wrong is answered by a problem, and the socket stays',
    run: async (world) => {
      const { author, chat } = await room(world)
      const socket = await Socket.connect(world, author.id)
      const wrong = [
        { type: 'dance' }, { type: 'send', chat, client_id: 'c', text: 'x', colour: 'red' },
        { type: 'send', chat, text: 'x' }, { type: 'send', chat, client_id: 'c', text: '  ' },
        { type: 'subscribe', chats: [] }
      ]
      for (const frame of wrong) {
        const { answer } = await socket.request(frame)
        expectEqual([answer['type'], typeof answer['code']], ['problem', 'string'], JSON.stringify(frame))
      }
      for (const text of ['{', '[]', 'null', '']) {
        socket.send(text)
        await socket.next(isType('problem'), 'the problem')
      }
      await socket.perform({ type: 'send', chat, client_id: 'c', text: 'still here' })
      await socket.close()
    }
  },
  {
    title: 'another epoch is answered by a reset',
    run: async (world) => {
      const user = await world.addUser()
      const socket = await Socket.open(world)
      socket.send({ type: 'hello', token: world.tokenOf(user.id), epoch: 'another' })
      const first = await socket.next(() => true, 'the reset')
      expectEqual(first, { type: 'reset', reason: 'epoch_changed' }, 'the first frame')
      await socket.next(isType('welcome'), 'the welcome')
      await socket.close()
    }
  },
  {
    title: 'a revocation closes the sockets of the user with 1008',
    run: async (world) => {
      const user = await world.addUser()
      const socket = await Socket.connect(world, user.id)
      await world.key.post(`/users/${user.id}/tokens:revoke`)
      expectEqual(await socket.closed(), POLICY_VIOLATION, 'the close code')
    }
  },
  {
    title: 'server-sent events have the same frames, and Last-Event-ID misses nothing',
    run: async (world) => {
      const { author, other, chat } = await room(world)
      const stream = await EventStream.open(world, other.id, `chats=${chat}&feed=1`)
      await stream.next(isType('subscribed'), 'the subscription')
      const seq = await world.post(author, chat, 'one')
      const { id, frame } = await stream.next(isType('event'), 'the message')
      expectFields(at(frame, 'event'), { type: 'message.created', chat, seq }, 'event')
      stream.close()
      for (const text of ['two', 'three']) await world.post(author, chat, text)
      const again = await EventStream.open(world, other.id, `chats=${chat}&feed=1`, id)
      for (const text of ['two', 'three']) {
        const next = await again.next(isType('event'), text)
        expectEqual(textAt(next.frame, 'event', 'data', 'message', 'text'), text, 'the text')
      }
      again.close()
    }
  }
]

/** All take the token of a user. */
export const REALTIME: readonly Check[] = CHECKS.map((check) => ({ ...check, needsToken: true }))

/** A group of two. */
async function room (world: World): Promise<{ author: Person, other: Person, chat: string }> {
  const [author, other] = [await world.addUser(), await world.addUser()]
  return { author, other, chat: await world.addChat(author, [other]) }
}

/** A socket that follows a chat from now on. */
async function follow (world: World, { id }: Person, chat: string): Promise<Socket> {
  const socket = await Socket.connect(world, id)
  await socket.perform({ type: 'subscribe', chats: [{ chat }] })
  return socket
}
