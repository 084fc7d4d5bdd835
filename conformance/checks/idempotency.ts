/** Requests that are sent again. */
import { randomUUID } from 'node:crypto'
import type { Check } from '../check.ts'
import { expectEqual, expectProblem, expectStatus } from '../expectations.ts'
import { at, integerAt, listAt, textAt } from '../json.ts'

const REPLAYED = 'idempotency-replayed'

export const IDEMPOTENCY: readonly Check[] = [
  {
    title: 'the same POST with its key gets the first answer, and another body is refused',
    run: async (world) => {
      const user = await world.addUser()
      const headers = { 'idempotency-key': randomUUID() }
      const create = (name: string) => user.post('/chats', { type: 'group', name }, headers)
      const first = await create('one')
      expectStatus(first, 201)
      world.willDelete(textAt(first.body, 'chat', 'id'))
      const second = await create('one')
      expectEqual([second.status, second.body], [201, first.body], 'the second answer')
      expectEqual([first, second].map((answer) => answer.headers.get(REPLAYED)), [null, 'true'], REPLAYED)
      expectProblem(await create('two'), 422, 'idempotency_key_reused')
      expectEqual(listAt((await user.get('/chats')).body, 'items').length, 1, 'the number of chats')
    }
  },
  {
    title: 'two at the same time have one effect',
    run: async (world) => {
      const user = await world.addUser()
      const headers = { 'idempotency-key': randomUUID() }
      const answers = await Promise.all(Array.from({ length: 4 }, () =>
        user.post('/chats', { type: 'group', name: 'twins' }, headers)))
      const made = answers.filter(({ status }) => status === 201)
      for (const answer of answers) if (answer.status !== 201) expectProblem(answer, 409, 'idempotency_in_progress')
      const ids = new Set(made.map(({ body }) => textAt(body, 'chat', 'id')))
      for (const id of ids) world.willDelete(id)
      expectEqual(ids.size, 1, 'the number of chats')
    }
  },
  {
    title: 'keys of two callers are two keys',
    run: async (world) => {
      const headers = { 'idempotency-key': randomUUID() }
      for (const user of [await world.addUser(), await world.addUser()]) {
        const made = await user.post('/chats', { type: 'group' }, headers)
        expectEqual([made.status, made.headers.get(REPLAYED)], [201, null], 'the answer')
        world.willDelete(textAt(made.body, 'chat', 'id'))
      }
    }
  },
  {
    title: 'a PATCH with its key has its effect once',
    run: async (world) => {
      const user = await world.addUser()
      const chat = await world.addChat(user)
      const path = `/chats/${chat}/messages/${String(await world.post(user, chat, 'one'))}`
      const headers = { 'idempotency-key': randomUUID() }
      const patch = () => user.patch(path, { text: 'two' }, headers)
      const answers = [await patch(), await patch()]
      expectEqual(answers.map(({ body }) => at(body, 'message', 'version')), [2, 2], 'the versions')
      expectEqual(new Set(answers.map(({ body }) => at(body, 'seq'))).size, 1, 'the number of events')
    }
  },
  {
    title: 'a message is stored once for its client_id, also after it is deleted',
    run: async (world) => {
      const user = await world.addUser()
      const chat = await world.addChat(user)
      const client_id = randomUUID()
      const post = (text: string, headers: Record<string, string> = {}) =>
        user.post(`/chats/${chat}/messages`, { text, client_id }, headers)
      const twins = await Promise.all([post('once'), post('once'), post('once')])
      expectEqual(twins.map(({ status }) => status).sort(), [200, 200, 201], 'the statuses')
      const [seq, ...others] = twins.map(({ body }) => integerAt(body, 'message', 'seq'))
      expectEqual(others, [seq, seq], 'the seqs')
      expectProblem(await post('another text'), 422, 'idempotency_key_reused')
      expectProblem(await post('once', { 'idempotency-key': 'another' }), 400, 'invalid_input')
      const byHeader = await user.post(`/chats/${chat}/messages`, { text: 'once' }, { 'idempotency-key': client_id })
      expectEqual(at(byHeader.body, 'message', 'seq'), seq, 'the seq by the header')
      expectStatus(await user.delete(`/chats/${chat}/messages/${String(seq)}`), 200)
      const head = await world.headOf(user, chat)
      expectStatus(await post('once'), 200)
      expectEqual(await world.headOf(user, chat), head, 'the head after a retry of a deleted message')
    }
  }
]
