/** What holds for every request: tokens, bodies, errors. */
import type { Check } from '../check.ts'
import { expectEqual, expectProblem, expectStatus, expectThat } from '../expectations.ts'
import { at, listAt, textAt } from '../json.ts'

const MAX_ID_LENGTH = 64

export const RULES: readonly Check[] = [
  {
    title: 'a route that does not exist is 404',
    run: async ({ key }) => expectProblem(await key.get('/no-such-route'), 404, 'unknown_route')
  },
  {
    title: 'a wrong method is 405, with those that there are',
    run: async ({ key }) => {
      const answer = await key.delete('/me')
      expectProblem(answer, 405, 'method_not_allowed')
      const allowed = answer.headers.get('allow') ?? ''
      expectThat(/\bGET\b/.test(allowed) && /\bPATCH\b/.test(allowed), `Allow names GET and PATCH, not "${allowed}"`)
    }
  },
  {
    title: 'without a token that is good the answer is 401',
    run: async ({ server }) => {
      const bad = ['', 'Bearer nonsense', 'Bearer a.b.c', 'Bearer cfk_none_none', 'Basic YTpi']
      for (const authorization of bad) {
        const headers = authorization === '' ? {} : { authorization }
        expectProblem(await server.request('GET', '/v1/me', { headers }), 401, 'unauthenticated')
        expectProblem(await server.request('GET', '/v1/chats', { headers }), 401, 'unauthenticated')
      }
    }
  },
  {
    title: 'a token that has ended, or that another secret signed, is 401',
    needsToken: true,
    run: async (world) => {
      const id = world.newUserId()
      const me = (token: string) =>
        world.server.request('GET', '/v1/me', { headers: { authorization: `Bearer ${token}` } })
      expectStatus(await me(world.tokenOf(id)), 200)
      expectProblem(await me(world.tokenOf(id, { exp: 1 })), 401, 'unauthenticated')
      expectProblem(await me(world.tokenOf(id, { exp: undefined })), 401, 'unauthenticated')
      const [header = '', , signature = ''] = world.tokenOf(id).split('.')
      const [, content = ''] = world.tokenOf(id, { name: 'Somebody else' }).split('.')
      expectProblem(await me(`${header}.${content}.${signature}`), 401, 'unauthenticated')
      const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
      expectProblem(await me(`${none}.${content}.`), 401, 'unauthenticated')
    }
  },
  {
    title: 'a key alone is no user',
    run: async ({ key }) => {
      expectProblem(await key.get('/me'), 400, 'user_required')
      expectProblem(await key.get('/me', { 'confab-on-behalf-of': 'no such user' }), 404, 'unknown_user')
    }
  },
  {
    title: 'an unknown field is refused by its name',
    run: async (world) => {
      const answer = await world.key.put(`/users/${world.newUserId()}`, { name: 'Ann', colour: 'red' })
      expectProblem(answer, 400, 'invalid_input')
      const pointers = listAt(answer.body, 'errors').map((error) => at(error, 'pointer'))
      expectThat(pointers.includes('#/colour'), `"errors" points at #/colour, not at ${JSON.stringify(pointers)}`)
    }
  },
  {
    title: 'a body that is no JSON, or says that it is none, is refused',
    run: async (world) => {
      const user = await world.addUser()
      const headers = { ...world.headersOf(user.id) }
      const send = (text: string, type = 'application/json') =>
        world.server.request('PATCH', '/v1/me', { text, headers: { ...headers, 'content-type': type } })
      for (const text of ['{', '', 'null', '[]', '"text"', '{"name":"\\ud800"}', '{"data":{"__proto__":{}}}'])
        expectProblem(await send(text), 400, 'invalid_input')
      expectProblem(await send('name=Ann', 'text/plain'), 415, 'unsupported_media_type')
      expectStatus(await send('{"data":{"a":1}}', 'application/merge-patch+json'), 200)
    }
  },
  {
    title: 'ids have 1 to 64 characters, and their case counts',
    run: async (world) => {
      const create = (id: string) => world.key.put(`/users/${encodeURIComponent(id)}`, {})
      for (const id of ['a b', 'ä', 'cf~1', 'x'.repeat(MAX_ID_LENGTH + 1)])
        expectStatus(await create(id), 400, 404)
      const id = world.newUserId()
      expectStatus(await create(id), 201)
      expectProblem(await world.key.get(`/users/${id.toUpperCase()}`), 404, 'unknown_user')
    }
  },
  {
    title: 'the type of a problem leads to a page about it',
    run: async ({ key, server }) => {
      const answer = await key.get('/no-such-route')
      // The address that clients use may be another one than that of the run.
      const page = await server.request('GET', pathOf(textAt(answer.body, 'type')), { isPage: true })
      expectStatus(page, 200)
      expectThat(String(page.body).includes('unknown_route'), 'the page is about the code')
    }
  },
  {
    title: 'what one may not see is 404, as if it were not there',
    run: async (world) => {
      const [owner, stranger] = [await world.addUser(), await world.addUser()]
      const chat = await world.addChat(owner)
      for (const path of ['', '/messages', '/members', '/events', '/pins', '/messages/1'])
        expectProblem(await stranger.get(`/chats/${chat}${path}`), 404, 'unknown_chat')
      expectProblem(await stranger.post(`/chats/${chat}/messages`, { text: 'x' }), 404, 'unknown_chat')
      const taken = await stranger.put(`/chats/${chat}`, { type: 'group' })
      expectProblem(taken, 409, 'chat_exists')
      expectEqual(at(taken.body, 'chat'), undefined, 'what is shown of the other chat')
    }
  }
]

function pathOf (url: string): string {
  return url.slice(url.indexOf('/errors/'))
}
