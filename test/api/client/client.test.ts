import t, { type Test } from '../../support/tap.ts'
import { bumpEpoch } from '../../../src/store/epoch.ts'
import { type Chat, ConfabError, type Message, type Tokens } from '../../../src/client/chatcli/index.ts'
import { type Account, newRegistration, register, startChat } from '../../support/data/accounts.ts'
import { eventually, within } from '../../support/deadline.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment, onServices, type Suite } from '../../support/servers/deployments.ts'
import { ConfabClient } from '../../support/clients/described-client.ts'
import { codeIn } from '../../support/data/outbox.ts'
import { Random, seedOf } from '../../support/data/random.ts'
import { startTcpProxy, type TcpProxy } from '../../support/servers/tcp-proxy.ts'

const DEADLINE_MS = 60_000
const POSTS = 40
const CUTS = 12
const JOINS = 40
const WRITERS = 24
const BACKOFF = { baseMs: 20, maxMs: 200 }

t.setTimeout(300_000)

/** A client of a replica that is closed with the test. */
function clientOf (t: Test, url: string, tokens?: Tokens, followAll = false): ConfabClient {
  const client = new ConfabClient({ url, tokens, followAll, backoff: BACKOFF })
  t.teardown(() => client.close())
  return client
}

const tokensOf = ({ accessToken, refreshToken }: Account): Tokens => ({ accessToken, refreshToken })

function connected (t: Test, url: string, account: Account, followAll = false): ConfabClient {
  const client = clientOf(t, url, tokensOf(account), followAll)
  client.connect()
  return client
}

async function comesOnline (client: ConfabClient): Promise<void> {
  while (client.state !== 'online') await client.once('state', { signal: AbortSignal.timeout(DEADLINE_MS) })
}

/** Everything that a chat has told, and a wait for a number of messages. */
class Diary {
  readonly messages: Message[] = []
  readonly #chat: Chat

  constructor (chat: Chat) {
    this.#chat = chat
    chat.on('message', (message) => this.messages.push(message))
  }

  get seqs (): number[] {
    return this.messages.map(({ seq }) => seq)
  }

  async has (count: number): Promise<void> {
    while (this.messages.length < count)
      await within(
        this.#chat.once('message'),
        DEADLINE_MS,
        `message ${String(this.messages.length + 1)} of ${String(count)}`
      )
  }
}

async function proxyOf (t: Test, cluster: Cluster, replica: number): Promise<TcpProxy & { url: string }> {
  const { hostname, port } = new URL(cluster.replica(replica).url)
  const proxy = await startTcpProxy(t, { host: hostname, port: Number(port) })
  return Object.assign(proxy, { url: `http://127.0.0.1:${String(proxy.port)}` })
}

await t.test('from a new account to a conversation', async (t) => {
  const suite: Suite = async (t, cluster) => {
    const bob = await register(cluster)
    const account = newRegistration()
    cluster.secrets.add(account.password)
    const ann = clientOf(t, cluster.replica(0).url)
    await ann.register(account)
    await t.rejects(ann.logIn(account), { name: 'ConfabError', code: 'unverified', status: 400 })
    await t.rejects(ann.verifyEmail({ username: account.username, code: '000000' }), { code: 'wrong_code' })
    await ann.verifyEmail({ username: account.username, code: codeIn(await cluster.outbox.take(account.email)) })
    await t.rejects(ann.logIn({ ...account, password: 'Wrong-1!' }), { code: 'wrong_credentials' })
    t.throws(() => ann.connect(), { code: 'logged_out' })
    await ann.logIn(account)
    t.strictSame(await ann.chats(), [])

    const chatID = await ann.createChat(bob.username)
    t.equal(await ann.createChat(bob.username.toUpperCase()), chatID, 'the chat that there is, in any spelling')
    const other = connected(t, cluster.replica(1).url, bob)
    const [here, there] = [ann.open(chatID), other.open(chatID)]
    const [hers, his] = [new Diary(here), new Diary(there)]
    await Promise.all([here.ready(), there.ready()])
    const acknowledged = await here.post('hello')
    t.match(acknowledged, { chatID, seq: 1, duplicate: false })
    t.match(await there.post('hi'), { seq: 2 })
    await Promise.all([hers.has(2), his.has(2)])
    t.match(his.messages, [
      { chatID, seq: 1, messageID: acknowledged.messageID, username: account.username, text: 'hello' },
      { seq: 2, username: bob.username, text: 'hi' }
    ])
    t.strictSame(hers.messages, his.messages)
    t.strictSame(await ann.history(chatID), hers.messages)
    t.strictSame(
      (await ann.history(chatID, { before: 2 })).map(({ text }) => text),
      ['hello']
    )
    t.match(await ann.chats(), [{ chatID, name: bob.username, lastSeq: 2 }])

    const [me, him] = await Promise.all([ann.account(), other.account()])
    t.match(me, { username: account.username, name: account.username, email: account.email })
    const { items, ...size } = await other.conversations()
    t.strictSame(size, { totalPages: 1, totalCount: 1 })
    t.match(items, [
      {
        chatID,
        name: account.username,
        unread: 0,
        people: [him, me]
          .map(({ userID, username, name }) => ({ userID, username, name }))
          .sort((a, b) => a.userID - b.userID),
        lastMessage: { userID: him.userID, text: 'hi' }
      }
    ])
    await here.post('and this is new')
    t.match((await other.conversations()).items, [
      { unread: 1, lastMessage: { userID: me.userID, text: 'and this is new' } }
    ])
    await other.history(chatID, { limit: 1 })
    t.match((await other.conversations()).items, [{ unread: 0 }], 'what the history hands out is read')
    const people = await Promise.all([1, 2].map((page) => ann.people({ page, pageSize: 1 })))
    t.match(people, [
      { items: [{ username: bob.username }], totalPages: 2 },
      { items: [{ username: account.username, name: account.username }], totalCount: 2 }
    ])
    await t.rejects(ann.people({ pageSize: 101 }), { code: 'refused', status: 400 })

    for (const blank of [' ', '\u200b\u2060', '\u2800'])
      await t.rejects(here.post(blank), { code: 'invalid_text' }, encodeURI(blank))
    await t.rejects(
      here.post('x'.repeat(70_000)),
      { code: 'invalid_text' },
      'what the server would close the socket for is not sent'
    )
    await t.rejects(ann.open(999_999).ready(), { code: 'not_a_participant' })
    await ann.leaveChat(chatID)
    await t.rejects(ann.post(chatID, 'gone'), { code: 'not_a_participant' })

    await ann.logOut()
    t.equal(ann.tokens, undefined)
    t.equal(ann.state, 'closed')
    await t.rejects(ann.chats(), { code: 'logged_out' })
  }
  await onOneDeployment(t, suite, { isEmpty: true })
})

await t.test('what is posted while a chat is joined is told behind the join', async (t) => {
  await onServices(t, async (t, cluster) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const reader = connected(t, cluster.replica(0).url, bob)
    let isWriting = true
    const writing = Promise.all(
      Array.from({ length: WRITERS }, async (_, index) => {
        const writer = connected(t, cluster.replica(index).url, ann)
        while (isWriting) await writer.post(chatID, 'hello')
      })
    )
    for (let join = 0; join < JOINS; join++) {
      const chat = reader.open(chatID)
      const told: number[] = []
      chat.on('joined', ({ seq }) => told.push(seq))
      chat.on('message', ({ seq }) => told.push(seq))
      while (told.length < 4) await within(chat.once('message'), DEADLINE_MS, 'a message')
      const [start = 0] = told
      t.strictSame(
        told,
        told.map((_, index) => start + index)
      )
      chat.close()
    }
    isWriting = false
    await writing
  })
})

await t.test('what is posted while the server is away is stored once and in order when it is back', async (t) => {
  await onOneDeployment(t, async (t, cluster) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const proxy = await proxyOf(t, cluster, 0)
    const [writer, reader] = [connected(t, proxy.url, ann), connected(t, cluster.replica(1).url, bob)]
    const diary = new Diary(reader.open(chatID, { after: 0 }))
    const chat = writer.open(chatID)
    await chat.ready()
    await proxy.cut()
    const texts = Array.from({ length: POSTS }, (_, index) => `post ${String(index)}`)
    const posts = texts.map((text) => chat.post(text))
    t.equal(writer.pendingPosts, POSTS)
    const given = new AbortController()
    const aborted = chat.post('never sent', { signal: given.signal })
    given.abort()
    await t.rejects(aborted, { name: 'AbortError' })
    await proxy.open()
    const seqs = (await within(Promise.all(posts), DEADLINE_MS, 'the acknowledgements')).map(({ seq }) => seq)
    t.strictSame(
      seqs,
      texts.map((_, index) => index + 1)
    )
    await diary.has(POSTS)
    t.strictSame(
      diary.messages.map(({ text }) => text),
      texts
    )
    t.equal(writer.pendingPosts, 0)
    t.match(
      await chat
        .post('again', { clientMessageID: diary.messages[0]?.clientMessageID })
        .catch((error: unknown) => error),
      { code: 'conflict' }
    )
  })
})

await t.test(
  'through connections that are cut at random and held still, nothing is lost, doubled or out of order',
  async (t) => {
    const random = new Random(seedOf(t))
    await onServices(t, async (t, cluster) => {
      const { ann, bob, chatID } = await startChat(cluster)
      const proxies = await Promise.all(cluster.replicas.map((_, index) => proxyOf(t, cluster, index)))
      const clients = proxies.map(({ url }, index) => connected(t, url, index === 0 ? ann : bob, index > 1))
      const diaries = clients.map((client) => new Diary(client.open(chatID, { after: 0 })))
      const posts = clients.map(async (client, writer) => {
        for (let index = 0; index < POSTS; index++) await client.post(chatID, `${String(writer)} ${String(index)}`)
      })
      const total = POSTS * clients.length
      const [witness] = diaries
      for (let cut = 1; cut <= CUTS; cut++) {
        const proxy = proxies[random.integer(0, proxies.length - 1)]
        await proxy?.cut()
        await proxy?.open()
        await witness?.has(Math.floor((total * cut) / CUTS))
      }
      await within(Promise.all(posts), DEADLINE_MS, 'the acknowledgements')
      for (const diary of diaries) {
        await diary.has(total)
        t.strictSame(
          diary.seqs,
          Array.from({ length: total }, (_, index) => index + 1)
        )
      }
      for (const [writer] of clients.entries()) {
        const own = diaries[0]?.messages.map(({ text }) => text).filter((text) => text.startsWith(`${String(writer)} `))
        t.strictSame(
          own,
          Array.from({ length: POSTS }, (_, index) => `${String(writer)} ${String(index)}`),
          'each writer in order, each post once'
        )
      }
    })
  }
)

await t.test('tokens are renewed by themselves, and the socket lives on', async (t) => {
  await onOneDeployment(
    t,
    async (t, cluster) => {
      const { ann, chatID } = await startChat(cluster)
      const client = clientOf(t, cluster.replica(0).url)
      const tokens: (Tokens | undefined)[] = []
      const states: string[] = []
      client.on('tokens', (renewed) => tokens.push(renewed))
      client.on('state', (state) => states.push(state))
      await client.logIn(ann)
      for (let renewed = 0; renewed < 3; renewed++) {
        await client.once('tokens', { signal: AbortSignal.timeout(DEADLINE_MS) })
        t.match(await Promise.all([client.post(chatID, 'still here'), client.chats()]), [{ chatID }, [{ chatID }]])
      }
      t.strictSame(states, ['connecting', 'online'])
      t.equal(new Set(tokens.map((renewed) => renewed?.refreshToken)).size, tokens.length)
    },
    { environment: { ACCESS_TOKEN_TTL: '8s' } }
  )
})

await t.test('clients that share a login renew its tokens once, and neither is logged out', async (t) => {
  await onOneDeployment(
    t,
    async (t, cluster) => {
      const { ann, chatID } = await startChat(cluster)
      let kept: Tokens | undefined = tokensOf(ann)
      let renewals = 0
      const clients = [cluster.replica(0), cluster.replica(1)].map(({ url }) => {
        const client = new ConfabClient({ url, tokens: kept, sharedTokens: () => kept, backoff: BACKOFF })
        t.teardown(() => client.close())
        client.on('tokens', (tokens) => {
          kept = tokens
          renewals++
        })
        client.connect()
        return client
      })
      const states: string[] = []
      for (const client of clients) {
        await comesOnline(client)
        client.on('state', (state) => states.push(state))
      }
      while (renewals < 2)
        await Promise.race(clients.map((client) => client.once('tokens', { signal: AbortSignal.timeout(DEADLINE_MS) })))
      t.ok(
        await eventually(async () => {
          await Promise.all(clients.map((client) => client.chats()))
          return clients.every((client) => client.tokens?.refreshToken === kept?.refreshToken)
        })
      )
      for (const client of clients) t.match(await client.post(chatID, 'still here'), { chatID })
      t.strictSame(states, [], 'no socket was lost')
    },
    { environment: { ACCESS_TOKEN_TTL: '8s', REFRESH_REUSE_GRACE: '10s' } }
  )
})

await t.test('a session that has ended is told, and not tried again', async (t) => {
  await onOneDeployment(t, async (t, cluster) => {
    const { ann, chatID } = await startChat(cluster)
    const client = connected(t, cluster.replica(0).url, ann)
    await client.open(chatID).ready()
    const told = client.once('tokens', { signal: AbortSignal.timeout(DEADLINE_MS) })
    t.equal((await cluster.call('POST', '/api/auth/logout', { bearer: ann.accessToken })).status, 200)
    t.equal(await told, undefined)
    t.ok(await eventually(async () => client.state === 'closed'))
    await t.rejects(client.history(chatID), { code: 'logged_out' })
  })
})

await t.test('a server whose data went back makes a client start over', async (t) => {
  await onOneDeployment(
    t,
    async (t, cluster) => {
      const { ann, chatID } = await startChat(cluster)
      const client = connected(t, cluster.replica(0).url, ann)
      const chat = client.open(chatID)
      await chat.ready()
      await chat.post('one')
      const reset = chat.once('reset', { signal: AbortSignal.timeout(DEADLINE_MS) })
      await bumpEpoch(cluster.orm)
      t.strictSame(await reset, { seq: 1 })
      t.match(await chat.post('two'), { seq: 2 })
    },
    { inspectable: true, environment: { SWEEP_INTERVAL: '200ms' } }
  )
})

await t.test('a connection that dies without a word is noticed', async (t) => {
  await onOneDeployment(t, async (t, cluster) => {
    const { ann } = await startChat(cluster)
    const proxy = await proxyOf(t, cluster, 0)
    const client = new ConfabClient({
      url: proxy.url,
      tokens: tokensOf(ann),
      backoff: BACKOFF,
      heartbeatMs: 100,
      timeoutMs: 400
    })
    t.teardown(() => client.close())
    client.connect()
    await comesOnline(client)
    proxy.hold()
    t.equal(await client.once('state', { signal: AbortSignal.timeout(DEADLINE_MS) }), 'offline')
    await t.rejects(client.chats(), { code: 'timeout' })
    proxy.release()
    await comesOnline(client)
    t.ok(await client.chats())
    await proxy.cut()
    const failure: unknown = await client.chats().catch((error: unknown) => error)
    t.ok(failure instanceof ConfabError && failure.code === 'unreachable' && failure.isRetryable)
  })
})
