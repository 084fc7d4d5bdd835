import t from '../../support/tap.ts'
import { createApiKey, type Scope } from '../../../src/domain/accounts/api-keys.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { at, fieldsOf, integerAt, listAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { signWithSecret, USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import { type AppUser, makeChat, makeUser, type V1Chat } from '../../support/data/v1-chats.ts'
import { onServices } from '../../support/servers/deployments.ts'

const MAX_LIMIT = 200
const environment = { USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0] }
const textsIn = (page: unknown) => listAt(page, 'items').map((item) => at(item, 'text'))
const seqsIn = (page: unknown) => listAt(page, 'items').map((item) => integerAt(item, 'seq'))
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index)

await onServices(
  t,
  async (t, cluster) => {
    const keyWith = async (...scopes: Scope[]) =>
      ({ token: await createApiKey(cluster.orm, { name: 'a test', scopes, expiresAt: null }) })
    const [ann, bob, guest, former, stranger] = await Promise.all([
      makeUser(cluster, 'ann'), makeUser(cluster, 'bob'), makeUser(cluster, 'guest'), makeUser(cluster, 'former'),
      makeUser(cluster, 'stranger')
    ])
    const [reader, writer, other] = await Promise.all([
      keyWith('messages:read'), keyWith('messages:write'), keyWith('chats:write')
    ])
    /** Posts messages with the texts 1, 2, 3 … */
    const fill = async (chat: V1Chat, author: AppUser, count: number) => {
      for (const number of range(1, count)) await chat.post(author, String(number))
    }

    await t.test('a message is posted, read, edited and deleted', async (t) => {
      const chat = await makeChat(cluster, [ann, bob])
      const posted = await chat.call(ann, 'POST', '/messages', {
        body: { text: 'Hello', client_id: 'one', mentions: [bob.id], data: { order: 17 } }
      })
      t.equal(posted.status, 201)
      t.equal(posted.headers.get('etag'), '"1"')
      const message = at(posted.body, 'message')
      t.match(message, {
        chat: chat.id, seq: 1, author: ann.id, text: 'Hello', client_id: 'one', version: 1, edited_at: null,
        deleted_at: null, reply_to: null, parent: null, thread: null, mentions: [bob.id], attachments: [],
        reactions: {}, pinned_at: null, data: { order: 17 }
      })
      t.strictSame((await chat.call(bob, 'GET', '/messages/1')).body, message)
      const edited = await chat.call(ann, 'PATCH', '/messages/1', {
        body: { text: 'Hi', data: { order: null, item: 4 } }, headers: { 'if-match': '"1"' }
      })
      t.strictSame([edited.status, edited.headers.get('etag'), at(edited.body, 'seq')], [200, '"2"', 2])
      t.match(at(edited.body, 'message'), { text: 'Hi', version: 2, data: { item: 4 } })
      t.strictSame(at(edited.body, 'message', 'data'), { item: 4 })
      const versions = await chat.call(ann, 'GET', '/messages/1/versions')
      t.strictSame(textsIn(versions.body), ['Hello', 'Hi'])
      expectProblem(t, await chat.call(bob, 'GET', '/messages/1/versions'), 403, 'forbidden')
      const deleted = await chat.call(ann, 'DELETE', '/messages/1', { headers: { 'if-match': '"2"' } })
      t.strictSame([deleted.status, at(deleted.body, 'seq')], [200, 3])
      const place = at(deleted.body, 'message')
      t.strictSame(fieldsOf(place), [
        'author', 'chat', 'created_at', 'deleted_at', 'parent', 'seq', 'version'
      ])
      t.equal(at(place, 'version'), 3)
      const again = await chat.call(ann, 'DELETE', '/messages/1')
      t.strictSame([again.status, again.body], [200, { seq: null, message: place }])
      t.strictSame((await chat.call(ann, 'GET', '/messages/1/versions')).body, { items: [], next: null, prev: null })
      expectProblem(t, await chat.call(ann, 'PATCH', '/messages/1', { body: { text: 'x' } }), 409, 'message_deleted')
      const retried = await chat.call(ann, 'POST', '/messages', { body: { text: 'Hello', client_id: 'one' } })
      t.strictSame([retried.status, retried.body], [200, { seq: 1, message: place }], 'the place, and no new seq')
    })

    await t.test('nobody overwrites what they have not seen', async (t) => {
      const chat = await makeChat(cluster, [ann])
      const seq = await chat.post(ann, 'one')
      const edit = (text: string, tag: string) =>
        chat.call(ann, 'PATCH', `/messages/${String(seq)}`, { body: { text }, headers: { 'if-match': tag } })
      t.equal((await edit('two', '"1"')).status, 200)
      for (const tag of ['"1"', 'W/"2"', '"x"', '"7", "8"'])
        expectProblem(t, await edit('three', tag), 412, 'version_conflict', tag)
      for (const [text, tag] of [['three', '"1", "2"'], ['four', '*']] as const)
        t.equal((await edit(text, tag)).status, 200, tag)
      const answers = await Promise.all(range(1, 6).map((one) => edit(`at once ${String(one)}`, '"4"')))
      t.equal(answers.filter(({ status }) => status === 200).length, 1, 'one of them')
      const remove = await chat.call(ann, 'DELETE', `/messages/${String(seq)}`, { headers: { 'if-match': '"4"' } })
      expectProblem(t, remove, 412, 'version_conflict')
    })

    await t.test('the same post at the same time on two replicas is one message', async (t) => {
      const chat = await makeChat(cluster, [ann, bob])
      for (const [title, body, headers] of [
        ['by client_id', { text: 'x', client_id: 'a' }, {}],
        ['by header', { text: 'y' }, { 'idempotency-key': 'b' }],
        ['by both', { text: 'z', client_id: 'c', reply_to: 1 }, { 'idempotency-key': 'c' }]
      ] as const) {
        const answers = await Promise.all(range(0, 5).map((replica) =>
          chat.call(ann, 'POST', '/messages', { body, headers, replica })))
        t.strictSame(answers.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 201], title)
        t.equal(new Set(answers.map(({ text }) => text)).size, 1, 'equal answers')
        const other = await chat.call(ann, 'POST', '/messages', { body: { ...body, text: 'other' }, headers })
        expectProblem(t, other, 422, 'idempotency_key_reused', title)
      }
      t.equal(await chat.post(bob, 'x', { client_id: 'a' }), 4, 'another author\'s')
      const both = await chat.call(ann, 'POST', '/messages', {
        body: { text: 'x', client_id: 'a' }, headers: { 'idempotency-key': 'b' }
      })
      expectProblem(t, both, 400, 'invalid_input')
      const edits = await Promise.all(range(0, 3).map((replica) => chat.call(ann, 'PATCH', '/messages/1', {
        body: { text: 'edited' }, headers: { 'idempotency-key': 'd' }, replica
      })))
      t.strictSame([...new Set(edits.map(({ body }) => at(body, 'seq')))], [5], 'one edit')
      const edit = (text: string, key: string) =>
        chat.call(ann, 'PATCH', '/messages/1', { body: { text }, headers: { 'idempotency-key': key } })
      expectProblem(t, await edit('another', 'd'), 422, 'idempotency_key_reused')
      t.strictSame(at((await edit('later', 'e')).body, 'seq'), 6)
      const [late, wrong] = [await edit('edited', 'd'), await edit('later', 'd')]
      t.match([late.headers.get('idempotency-replayed'), late.body], ['true', { seq: 5, message: { text: 'later' } }])
      expectProblem(t, wrong, 422, 'idempotency_key_reused')
    })

    await t.test('who may do what', async (t) => {
      const chat = await makeChat(cluster, [ann, bob, guest, former], { roles: ['owner', 'member', 'guest'] })
      const channel = await makeChat(cluster, [ann, bob], { type: 'channel' })
      const broadcast = await makeChat(cluster, [ann, bob], { type: 'broadcast' })
      for (const one of [chat, channel, broadcast]) await one.post(ann, 'by Ann')
      await chat.removeMember(former)
      const unknown = ['unknown_chat', 404] as const
      const noScope = ['insufficient_scope', 403] as const
      const denied = ['forbidden', 403] as const
      type Outcome = number | readonly [code: string, status: number]
      const check = async (
        one: V1Chat, [method, target, body]: readonly [string, string, unknown?],
        outcomes: readonly (readonly [who: string, caller: { token: string }, outcome: Outcome])[]
      ) => {
        for (const [who, caller, outcome] of outcomes) {
          const title = `${method} ${target} by ${who}`
          const answer = await one.call(caller, method, target, body === undefined ? {} : { body })
          if (typeof outcome === 'number') t.equal(answer.status, outcome, `${title}: ${answer.text}`)
          else expectProblem(t, answer, outcome[1], outcome[0], title)
        }
      }
      const foreign = [['a stranger', stranger, unknown], ['a former member', former, unknown],
        ['a key for something else', other, noScope]] as const
      for (const target of ['/messages', '/messages/1', '/messages/1/reactions', '/pins', '/receipts', '/events'])
        await check(chat, ['GET', target], [['a member', bob, 200], ['a key', reader, 200], ...foreign])
      const keyReads = ['a key that reads', reader, noScope] as const
      await check(chat, ['POST', '/messages', { text: 'x' }], [
        ['a guest', guest, 201], ['a key by itself', writer, ['user_required', 400]], keyReads, ...foreign
      ])
      await check(chat, ['PATCH', '/messages/1', { text: 'y' }], [
        ['a member', bob, ['not_the_author', 403]], ['a key', writer, 200], keyReads, ...foreign
      ])
      await check(chat, ['PUT', '/messages/1/reactions/%F0%9F%91%8D'], [
        ['a guest', guest, 200], ['a key by itself', writer, ['user_required', 400]], keyReads, ...foreign
      ])
      await check(chat, ['PUT', '/pins/1'], [
        ['a guest', guest, denied], ['a member', bob, 200], ['a key', writer, 200], keyReads, ...foreign
      ])
      await check(chat, ['PUT', '/read', { seq: 1 }], [
        ['a member', bob, 204], ['a key by itself', writer, ['user_required', 400]], keyReads, ...foreign
      ])
      await check(chat, ['PUT', '/typing'], [
        ['a guest', guest, 204], ['a key by itself', writer, ['user_required', 400]], keyReads, ...foreign
      ])
      const [onlyReads, onlyThere] = [{ [chat.id]: ['read'] }, { [channel.id]: ['read', 'post'] }].map((chats) => (
        { token: signWithSecret({ sub: ann.id, chats }) }))
      const forBob = { 'confab-on-behalf-of': bob.id }
      for (const [method, target, body, reading] of [
        ['GET', '/messages', undefined, 200], ['POST', '/messages', { text: 'x' }, 403],
        ['PATCH', '/messages/1', { text: 'x' }, 403], ['PUT', '/read', { seq: 1 }, 204]
      ] as const) {
        const options = body === undefined ? {} : { body }
        t.equal((await chat.call(onlyReads ?? ann, method, target, options)).status, reading, `${method} ${target}`)
        t.equal((await chat.call(onlyThere ?? ann, method, target, options)).status, 404, `${method} ${target}`)
      }
      const posted = await chat.call(writer, 'POST', '/messages', { body: { text: 'for Bob' }, headers: forBob })
      t.match([posted.status, at(posted.body, 'message', 'author')], [201, bob.id])
      const log = await chat.call(bob, 'GET', `/events?after=${String(integerAt(posted.body, 'seq') - 1)}`)
      t.match(at(log.body, 'items', 0, 'actor'), { user: bob.id, key: /^[0-9a-f]{16}$/ })
      await check(chat, ['DELETE', '/messages/1'], [
        ['a member', bob, ['not_the_author', 403]], keyReads, ...foreign, ['a key', writer, 200]
      ])
      for (const one of [channel, broadcast]) {
        await check(one, ['GET', '/messages'], [['anybody', stranger, 200]])
        await check(one, ['POST', '/messages', { text: 'x' }], [['a stranger', stranger, denied]])
        await check(one, ['PUT', '/read', { seq: 1 }], [['a stranger', stranger, denied]])
        await check(one, ['PUT', '/pins/1'], [['a member', bob, denied]])
      }
      await check(broadcast, ['POST', '/messages', { text: 'x' }], [['a member', bob, denied], ['the owner', ann, 201]])
    })

    await t.test('bad input is named', async (t) => {
      const chat = await makeChat(cluster, [ann])
      await fill(chat, ann, 2)
      const bad = async (method: string, target: string, body: object | undefined, code: string, status = 400) => {
        const answer = await chat.call(ann, method, target, body === undefined ? {} : { body })
        expectProblem(t, answer, status, code, `${method} ${target} ${JSON.stringify(body ?? '').slice(0, 80)}`)
      }
      for (const query of [
        'limit=0', 'limit=201', 'limit=x', 'before=1&after=1', 'around=1&cursor=x', 'before=-1', 'after=1e3',
        'cursor=x', 'around=last', 'parent=x', 'unknown=1'
      ]) await bad('GET', `/messages?${query}`, undefined, 'invalid_input')
      for (const query of ['limit=0', 'after=x', 'after=1&cursor=x', 'before=1'])
        await bad('GET', `/events?${query}`, undefined, 'invalid_input')
      await bad('GET', '/events?after=3', undefined, 'position_unknown', 409)
      await bad('GET', '/messages?parent=7', undefined, 'unknown_message', 404)
      for (const seq of ['0', '3', 'x', '-1', '1.5', '9'.repeat(30)])
        await bad('GET', `/messages/${seq}`, undefined, 'unknown_message', 404)
      for (const body of [
        {}, { text: 1 }, { text: 'x', unknown: 1 }, { text: 'x', client_id: '' },
        { text: 'x', client_id: 'x'.repeat(65) }, { text: 'x', data: [] }, { text: 'x', reply_to: 0 },
        { text: 'x', data: { a: 'x'.repeat(9_000) } }, { text: 'x', mentions: 'ann' }, []
      ]) await bad('POST', '/messages', body, 'invalid_input')
      for (const text of ['', ' \n', 'x'.repeat(4_001)]) await bad('POST', '/messages', { text }, 'invalid_text')
      await bad('POST', '/messages', { text: 'x', mentions: ['@nobody'] }, 'invalid_mention')
      await bad('POST', '/messages', { text: 'x', mentions: [stranger.id] }, 'unknown_mention')
      await bad('POST', '/messages', { text: 'x', reply_to: 9 }, 'unknown_message', 404)
      await bad('PATCH', '/messages/1', {}, 'invalid_input')
      await bad('DELETE', '/messages/1?for=nobody', undefined, 'invalid_input')
      await bad('PUT', '/messages/1/reactions/%20', undefined, 'invalid_emoji')
      for (const body of [{}, { seq: -1 }, { seq: '1' }, { seq: 1.5 }, { seq: 1, x: 1 }])
        await bad('PUT', '/read', body, 'invalid_input')
      await bad('PUT', '/read', { seq: 1, parent: 9 }, 'unknown_message', 404)
      const messagesOf = (id: string) =>
        cluster.get(`/v1/chats/${encodeURIComponent(id)}/messages`, { bearer: ann.token })
      for (const id of ['cf~0', 'cf~99999999', 'cf~', uniqueName('no-')])
        expectProblem(t, await messagesOf(id), 404, 'unknown_chat', id)
      for (const id of ['x y', '..%2f', 'x/y']) expectProblem(t, await messagesOf(id), 400, 'invalid_input', id)
    })

    await t.test('pages go both ways, and posts do not move them', async (t) => {
      const chat = await makeChat(cluster, [ann])
      await fill(chat, ann, 30)
      const page = async (query: string) => (await chat.call(ann, 'GET', `/messages?limit=7&${query}`)).body
      for (const [query, first, last] of [
        ['', 24, 30], ['before=10', 3, 9], ['before=3', 1, 2], ['after=0', 1, 7], ['after=28', 29, 30],
        ['around=15', 12, 18], ['around=2', 1, 7], ['around=29', 24, 30], ['around=99', 24, 30]
      ] as const) {
        const body = await page(query)
        t.strictSame([seqsIn(body), at(body, 'head')], [range(first, last), 30], query)
        t.strictSame([at(body, 'prev') === null, at(body, 'next') === null], [first === 1, last === 30], query)
      }
      for (const side of ['prev', 'next'] as const) {
        const seen: number[] = []
        for (let cursor: unknown = 'start', body = await page(side === 'prev' ? '' : 'after=0'); cursor !== null;) {
          seen.push(...seqsIn(body))
          await chat.post(ann, 'meanwhile')
          if (seen.length === 7) await chat.call(ann, 'DELETE', '/messages/15')
          cursor = at(body, side)
          if (typeof cursor === 'string') body = await page(`cursor=${cursor}`)
        }
        const sorted = [...new Set(seen)].sort((one, two) => one - two)
        t.equal(sorted.length, seen.length, 'none twice')
        t.strictSame(sorted.slice(0, 30), range(1, 30), 'none is missing')
      }
      const cursor = String(at(await page(''), 'prev'))
      const elsewhere = await makeChat(cluster, [ann])
      const others = [`/events?cursor=${cursor}`, `/messages?parent=1&cursor=${cursor}`, `/pins?cursor=${cursor}`]
      for (const target of others)
        expectProblem(t, await chat.call(ann, 'GET', target), 400, 'invalid_input', target)
      expectProblem(t, await elsewhere.call(ann, 'GET', `/messages?cursor=${cursor}`), 400, 'invalid_input')
      const all = await chat.call(ann, 'GET', `/messages?limit=${String(MAX_LIMIT)}`)
      t.strictSame([at(all.body, 'prev'), at(all.body, 'next')], [null, null])
    })
  },
  { replicas: 2, inspectable: true, environment }
)
