/** Users of the application, and what its backend does with them. */
import type { Check } from '../check.ts'
import { expectEqual, expectFields, expectProblem, expectStatus, expectThat } from '../expectations.ts'
import { at, listAt, textAt } from '../json.ts'

/** A time in JSON. */
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const TOO_MUCH_DATA = 8_200
const MS_PER_S = 1_000

export const USERS: readonly Check[] = [
  {
    title: 'PUT makes a user, and replaces the profile',
    run: async (world) => {
      const id = world.newUserId()
      const made = await world.key.put(`/users/${id}`, { name: 'Ann', data: { plan: 'pro', seats: [1, 2] } })
      expectStatus(made, 201)
      expectFields(made.body, {
        id, name: 'Ann', avatar: null, data: { plan: 'pro', seats: [1, 2] }, version: 1, created_at: TIME
      }, 'user')
      const again = await world.key.put(`/users/${id}`, {})
      expectStatus(again, 200)
      expectFields(again.body, { id, name: id, data: {}, version: 2 }, 'user')
    }
  },
  {
    title: 'PATCH merges, and If-Match keeps it from overwriting',
    run: async (world) => {
      const user = await world.addUser('Ann')
      const path = `/users/${user.id}`
      const etag = (await world.key.get(path)).headers.get('etag') ?? ''
      expectThat(/^"[^"]+"$/.test(etag), `the ETag is a strong one, not ${etag}`)
      const patched = await world.key.patch(path, { data: { a: { b: 1, c: 2 } } }, { 'if-match': etag })
      expectStatus(patched, 200)
      expectThat(patched.headers.get('etag') !== etag, 'the ETag is another one after a change')
      expectProblem(await world.key.patch(path, { name: 'Eve' }, { 'if-match': etag }), 412, 'version_conflict')
      const merged = await user.patch('/me', { data: { a: { b: null, d: 3 } } })
      expectFields(merged.body, { name: 'Ann', data: { a: { c: 2, d: 3 } } }, 'user')
      expectEqual(at(merged.body, 'data', 'a', 'b'), undefined, 'a field that a patch removes')
    }
  },
  {
    title: 'data is limited',
    run: async (world) => {
      const deep = '{"a":'.repeat(17) + '1' + '}'.repeat(17)
      const path = `/v1/users/${world.newUserId()}`
      const large = `{"a":"${'x'.repeat(TOO_MUCH_DATA)}"}`
      for (const data of [large, deep, '{"a":"\\u0000"}', '[]', '"text"', '{"__proto__":1}'])
        expectProblem(await world.raw('PUT', path, `{"data":${data}}`), 400, 'invalid_input')
    }
  },
  {
    title: 'a batch has an outcome for each',
    run: async (world) => {
      const ids = [world.newUserId(), world.newUserId()]
      const answer = await world.key.post('/users:batch', {
        users: [...ids.map((id) => ({ id })), { id: 'cf~1' }]
      })
      expectStatus(answer, 200)
      const items = listAt(answer.body, 'items')
      expectEqual(items.slice(0, 2).map((item) => at(item, 'user', 'id')), ids, 'the users')
      expectThat(typeof at(items[2], 'problem', 'code') === 'string', 'the third one has a problem')
    }
  },
  {
    title: 'users are found by the beginning of a name or an id',
    run: async (world) => {
      const [one, two] = [await world.addUser(), await world.addUser()]
      const prefix = one.id.slice(0, one.id.indexOf('user'))
      const found = await two.get(`/users?limit=200&search=${prefix}`)
      const ids = listAt(found.body, 'items').map((user) => at(user, 'id'))
      expectThat(ids.includes(one.id) && ids.includes(two.id), 'both are found')
      expectFields((await two.get(`/users/${one.id}`)).body, { id: one.id }, 'user')
    }
  },
  {
    title: 'a suspended user is locked out until resumed',
    run: async (world) => {
      const user = await world.addUser()
      expectStatus(await world.key.post(`/users/${user.id}:suspend`), 200, 204)
      expectProblem(await user.get('/me'), 403, 'suspended')
      expectStatus(await world.key.post(`/users/${user.id}:resume`), 200, 204)
      expectStatus(await user.get('/me'), 200)
    }
  },
  {
    title: 'revoked tokens are refused',
    needsToken: true,
    run: async (world) => {
      const user = await world.addUser()
      const iat = Math.floor(Date.now() / MS_PER_S) - 2
      const authorization = `Bearer ${world.tokenOf(user.id, { iat })}`
      const me = () => world.server.request('GET', '/v1/me', { headers: { authorization } })
      expectStatus(await me(), 200)
      const before = new Date((iat + 1) * MS_PER_S).toISOString()
      expectStatus(await world.key.post(`/users/${user.id}/tokens:revoke`, { before }), 200, 204)
      expectProblem(await me(), 401, 'unauthenticated')
    }
  },
  {
    title: 'a token makes its user, with its name',
    needsToken: true,
    run: async (world) => {
      const id = world.newUserId()
      const headers = { authorization: `Bearer ${world.tokenOf(id, { name: 'Ann Example' })}` }
      const answer = await world.server.request('GET', '/v1/me', { headers })
      expectFields(answer.body, { id, name: 'Ann Example' }, 'user')
    }
  },
  {
    title: 'an erased user is gone with the texts, and the id is not given out again',
    run: async (world) => {
      const [user, other] = [await world.addUser(), await world.addUser()]
      const chat = await world.addChat(other, [user])
      const seq = await world.post(user, chat, 'to be erased')
      expectStatus(await world.key.delete(`/users/${user.id}`), 200, 204)
      expectProblem(await world.key.get(`/users/${user.id}`), 404, 'unknown_user')
      expectProblem(await world.key.put(`/users/${user.id}`, {}), 409, 'user_erased')
      const place = await other.get(`/chats/${chat}/messages/${String(seq)}`)
      expectFields(place.body, { seq, author: null, deleted_at: TIME }, 'message')
      const events = await other.get(`/chats/${chat}/events?after=0`)
      expectThat(!JSON.stringify(events.body).includes('to be erased'), 'the text is in no event')
      expectThat(textAt(place.body, 'chat') === chat, 'the place is that of the chat')
    }
  }
]
