/** Search in messages: what is found, in which order, and by whom. */
import t from '../../support/tap.ts'
import { ConfabSearch, splitHighlights } from '../../../src/client/search/index.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { type ApiClient, clientOf, newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, listAt, textAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { isIndexed } from '../../support/data/search-index.ts'
import { signWithSecret } from '../../support/data/user-tokens.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEachDeployment, onOneDeployment } from '../../support/servers/deployments.ts'

const OPTIONS = { inspectable: true, environment: { ...USER_TOKENS, SEARCH: 'on' } }

/** A group with its members, the first of whom owns it. */
async function group (backend: ApiClient, members: readonly ApiClient[], type = 'group'): Promise<string> {
  const chat = uniqueName('chat-')
  await backend.call('PUT', `/chats/${chat}`, {
    type, members: members.map(({ id }, index) => ({ user: id, ...(index === 0 && { role: 'owner' }) }))
  })
  return chat
}

async function post (author: ApiClient, chat: string, text: string, more: object = {}): Promise<number> {
  const { body } = await author.call('POST', `/chats/${chat}/messages`, { text, ...more })
  return Number(at(body, 'seq'))
}

const query = (parameters: Record<string, string>) => `/search/messages?${new URLSearchParams(parameters).toString()}`

/** The texts that a search finds. */
async function texts (by: ApiClient, q: string, more: Record<string, string> = {}): Promise<string[]> {
  const { body } = await by.call('GET', query({ q, ...more }))
  return listAt(body, 'items').map((item) => textAt(item, 'message', 'text'))
}

const backendOf = (cluster: Cluster) => newKey(cluster, 'users:write', 'chats:write', 'messages:write')

await onEachDeployment(t, async (t, cluster) => {
  const backend = await backendOf(cluster)
  const [ann, bob, eve] = [await newUser(cluster), await newUser(cluster), await newUser(cluster)]

  await t.test('messages are found by their words in every language, the newest first', async (t) => {
    const chat = await group(backend, [ann, bob])
    const all = [
      'Where is my parcel?', 'Das Päckchen ist in der Goethestraße', 'Der Ärger war groß', '人工智能很有趣',
      'Tonight: pizza 🍕 and a movie 👍🏽', 'The parcel has arrived, look: https://post.example/4711', 'カラオケに行こう',
      'ไปเที่ยวทะเลกันไหม', 'Élodie sent the invoice of order-4711'
    ]
    for (const text of all) await post(ann, chat, text)
    t.ok(await isIndexed(cluster.orm))
    for (const [q, ...found] of [
      ['parcel', 5, 0], ['PARCEL where', 0], ['"parcel has"', 5], ['parcel -arrived', 0], ['par', 5, 0],
      ['arriv* parcel', 5], ['paeckchen', 1], ['packchen', 1], ['päckchen', 1], ['strasse ', ...[]],
      ['goethestrasse', 1], ['aerger gross', 2], ['智能', 3], ['人', 3], ['工智', 3], ['能智', ...[]], ['🍕', 4], ['👍', 4],
      ['オケ', 6], ['ทะเล', 7], ['elodie', 8], ['4711', 8, 5], ['order-4711', 8], ['nothing', ...[]]
    ] as const) t.strictSame(await texts(bob, q), found.map((index) => all[index]), q)
    t.strictSame(await texts(bob, '', { has: 'link' }), [all[5]])
    t.strictSame(await texts(bob, 'parcel', { from: bob.id }), [])
    t.strictSame(await texts(bob, 'invoice', { from: ann.id, chat }), [all[8]])
    t.strictSame(await texts(bob, 'invoice', { from: uniqueName('nobody-') }), [])
  })

  await t.test('what matches is marked, and similar words are found when there is nothing else', async (t) => {
    const chat = await group(backend, [ann])
    const text = '🎁 The Zeppelin, a zeppelin'
    const seq = await post(ann, chat, text)
    t.ok(await isIndexed(cluster.orm))
    const { body } = await ann.call('GET', query({ q: 'zeppelin' }))
    t.match(body, { similar: false, items: [{ message: { seq, chat }, chat: { id: chat, type: 'group' } }] })
    t.strictSame(
      listAt(at(listAt(body, 'items')[0]), 'highlights')
        .map((range) => text.slice(Number(at(range, 'start')), Number(at(range, 'end')))),
      ['Zeppelin', 'zeppelin']
    )
    const similar = await ann.call('GET', query({ q: 'zepellin' }))
    t.match(similar.body, { similar: true, items: [{ message: { seq } }] })
    t.match((await ann.call('GET', query({ q: '"zepellin"' }))).body, { similar: false, items: [] })
  })

  await t.test('pages go through all results once, in both directions, and by rank', async (t) => {
    const chats = await Promise.all([1, 2, 3].map(() => group(backend, [eve])))
    const word = uniqueName('w').replace(/\W/g, '')
    const expected: string[] = []
    for (let index = 0; index < 23; index++) {
      const chat = chats[index % 3] ?? ''
      const seq = await post(eve, chat, `${word} ${index % 5 === 0 ? word : 'and more words'}`)
      expected.unshift(`${chat} ${String(seq)}`)
    }
    t.ok(await isIndexed(cluster.orm))
    const name = (item: unknown) => `${textAt(item, 'message', 'chat')} ${String(at(item, 'message', 'seq'))}`
    for (const order of ['newest', 'rank']) {
      const pages: unknown[][] = []
      let [cursor, prev]: (string | undefined)[] = []
      do {
        const { body } = await eve.call('GET', query({ q: word, order, limit: '5', ...(cursor && { cursor }) }))
        pages.push(listAt(body, 'items'))
        const next = at(body, 'next')
        cursor = typeof next === 'string' ? next : undefined
        prev = typeof at(body, 'prev') === 'string' ? textAt(body, 'prev') : undefined
      } while (cursor !== undefined)
      const found = pages.flat().map(name)
      t.strictSame([...found].sort(), [...expected].sort(), order)
      if (order === 'newest') t.strictSame(found, expected)
      else for (const item of pages[0] ?? []) t.equal(textAt(item, 'message', 'text'), `${word} ${word}`)
      const { body } = await eve.call('GET', query({ q: word, order, limit: '5', cursor: prev ?? '' }))
      t.strictSame(listAt(body, 'items').map(name), found.slice(15, 20), 'the page before')
    }
    const first = await eve.call('GET', query({ q: word, limit: '5' }))
    for (const ms of ['-9000000000000000', '9000000000000000', '1e300']) {
      const made = Buffer.from(textAt(first.body, 'next'), 'base64url').toString().replace(/"at":\d+/, `"at":${ms}`)
      const cursor = Buffer.from(made).toString('base64url')
      expectProblem(t, await eve.call('GET', query({ q: word, limit: '5', cursor })), 400, 'invalid_input', ms)
    }
  })

  await t.test('only what the history shows is found', async (t) => {
    const word = uniqueName('secret').replace(/\W/g, '')
    const chat = await group(backend, [ann])
    await post(ann, chat, `${word} before bob came`)
    await backend.call('PUT', `/chats/${chat}/members/${bob.id}`, {})
    const seen = await post(ann, chat, `${word} after`)
    const [hidden, deleted] = [await post(ann, chat, `${word} hidden`), await post(ann, chat, `${word} deleted`)]
    await post(bob, chat, `${word} reply`, { parent: seen })
    await bob.call('DELETE', `/chats/${chat}/messages/${String(hidden)}?for=me`)
    await ann.call('DELETE', `/chats/${chat}/messages/${String(deleted)}`)
    t.ok(await isIndexed(cluster.orm))
    const key = await newKey(cluster, 'messages:read')
    const own = [`${word} reply`, `${word} after`]
    t.strictSame(await texts(bob, word), own, 'for who came later and has hidden one')
    const all = ['reply', 'hidden', 'after', 'before bob came'].map((rest) => `${word} ${rest}`)
    t.strictSame(await texts(ann, word), all)
    t.strictSame(await texts(eve, word), [], 'for one who is no member')
    t.strictSame((await texts(key, word, { chat })).length, 4, 'for a key')
    const behalf = await key.call('GET', query({ q: word }), undefined, {
      headers: { 'confab-on-behalf-of': bob.id }
    })
    t.equal(listAt(behalf.body, 'items').length, 2, 'for a key on behalf of a user')
    expectProblem(t, await key.call('GET', query({ q: word })), 400, 'invalid_input')
    expectProblem(t, await eve.call('GET', query({ q: word, chat })), 404, 'unknown_chat')
    const claims = [[{ [chat]: ['read'] }, 2], [{ [chat]: ['post'] }, 0], [{ other: ['read'] }, 0]] as const
    for (const [claim, count] of claims) {
      const narrowed = clientOf(cluster, bob.id, signWithSecret({ sub: bob.id, chats: claim }))
      t.equal((await texts(narrowed, word)).length, count, JSON.stringify(claim))
    }

    await bob.call('PUT', `/me/blocks/${ann.id}`)
    t.strictSame(await texts(bob, word), [`${word} reply`], 'without those of users whom one has blocked')
    await bob.call('DELETE', `/me/blocks/${ann.id}`)
    await ann.call('PATCH', `/chats/${chat}/messages/${String(seen)}`, { text: `${word} changed` })
    t.ok(await isIndexed(cluster.orm))
    t.strictSame(await texts(bob, `${word} changed`), [`${word} changed`])
    t.strictSame(await texts(bob, `${word} after `), [], 'not by what it was before')
    await backend.call('DELETE', `/chats/${chat}/members/${bob.id}`)
    t.strictSame(await texts(bob, word), [], 'for one who was removed')
  })

  await t.test('the client library searches, and splits a text at what matches', async (t) => {
    const [chat, word] = [await group(backend, [ann]), uniqueName('w').replace(/\W/g, '')]
    await post(ann, chat, `a ${word}!`)
    t.ok(await isIndexed(cluster.orm))
    const search = new ConfabSearch({ url: cluster.replica(0).url, getToken: () => ann.bearer })
    const { items, next, similar } = await search.messages(word, { chat, from: ann.id, after: new Date(0), limit: 1 })
    t.match([items, next, similar], [[{ message: { chat, text: `a ${word}!` } }], null, false])
    t.strictSame(items.map(splitHighlights), [[
      { text: 'a ', isMatch: false }, { text: word, isMatch: true }, { text: '!', isMatch: false }
    ]])
  })

  await t.test('a public chat is searched by those who read it', async (t) => {
    const chat = await group(backend, [ann], 'channel')
    const word = uniqueName('public').replace(/\W/g, '')
    await post(ann, chat, word)
    t.ok(await isIndexed(cluster.orm))
    t.strictSame(await texts(eve, word), [], 'it is none of one\'s own')
    t.strictSame(await texts(eve, word, { chat }), [word])
  })

  await t.test('bad input is refused', async (t) => {
    for (const parameters of [
      { q: '' }, { q: '!!' }, { q: '-no' }, { q: 'x'.repeat(201) }, { q: 'a '.repeat(30) }, { q: 'a', after: 'x' },
      { q: 'a', limit: '0' }, { q: 'a', cursor: 'x' }, { q: 'a', has: 'x' }, { q: 'a', order: 'x' }, { q: 'a', y: 'z' }
    ]) expectProblem(t, await ann.call('GET', query(parameters)), 400, 'invalid_input')
    for (const q of ['\u0000a', '\ud800 a', '\'a\' & b | !c', 'a:*', '\\', '"', '~a', 'a'.repeat(200), '(a'])
      t.ok([200, 400].includes((await ann.call('GET', query({ q }))).status), q)
  })
}, OPTIONS)

await onOneDeployment(t, async (t, cluster) => {
  const ann = await newUser(cluster)
  expectProblem(t, await ann.call('GET', query({ q: 'parcel' })), 404, 'search_off')
}, { environment: USER_TOKENS })
