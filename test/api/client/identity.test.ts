/** One client, several users: nothing of one reaches the next. */
import t, { type Test } from '../../support/tap.ts'
import type { ConfabClient, Message, Tokens } from '../../../src/client/chatcli/index.ts'
import { ConfabClient as DescribedClient } from '../../support/clients/described-client.ts'
import { type Account, startChat } from '../../support/data/accounts.ts'
import { within } from '../../support/deadline.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'
import { startTcpProxy, type TcpProxy } from '../../support/servers/tcp-proxy.ts'

const DEADLINE_MS = 30_000
const BACKOFF = { baseMs: 20, maxMs: 200 }

const tokensOf = ({ accessToken, refreshToken }: Account): Tokens => ({ accessToken, refreshToken })

type Stage = {
  cluster: Cluster
  proxy: TcpProxy
  client: ConfabClient
  ann: Account
  bob: Account
  /** Where both are. */
  chatID: number
  /** The texts that are stored in it, each with its author. */
  stored: () => Promise<string[]>
}

/** Ann's client, online behind a proxy, and her chat with Bob. */
async function setUp (t: Test, cluster: Cluster): Promise<Stage> {
  const { ann, bob, chatID } = await startChat(cluster)
  const { hostname, port } = new URL(cluster.replica(0).url)
  const proxy = await startTcpProxy(t, { host: hostname, port: Number(port) })
  const client = new DescribedClient({ url: `http://127.0.0.1:${String(proxy.port)}`, backoff: BACKOFF })
  t.teardown(() => client.close())
  await client.logIn(ann)
  await client.open(chatID).ready()
  const witness = new DescribedClient({ url: cluster.replica(0).url, tokens: tokensOf(bob) })
  t.teardown(() => witness.close())
  const stored = async () => (await witness.history(chatID)).map(({ username, text }) => `${username}: ${text}`)
  return { cluster, proxy, client, ann, bob, chatID, stored }
}

/** How a promise fails: the code of its error, or what it resolved with. */
async function codeOf (promise: Promise<unknown>): Promise<unknown> {
  return within(
    promise.then(
      (value) => value,
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error)
    ),
    DEADLINE_MS,
    'an answer'
  )
}

await onEmbedded(t, async (t, cluster) => {
  await t.test('a post that waits when the session ends is refused, and not posted by the next user', async (t) => {
    const { proxy, client, ann, bob, chatID, stored } = await setUp(t, cluster)
    const chat = client.open(chatID)
    const ended = client.once('tokens')
    await proxy.cut()
    const waiting = codeOf(chat.post('written while the line was cut'))
    t.equal((await cluster.post('/api/auth/logout', {}, { bearer: ann.accessToken })).status, 200)
    // Only her own login is over: the client has one of its own.
    t.equal((await cluster.post('/api/auth/logout', {}, { bearer: client.tokens?.accessToken ?? '' })).status, 200)
    await proxy.open()
    t.equal(await within(ended, DEADLINE_MS, 'the end of the session'), undefined)
    t.equal(await waiting, 'logged_out')
    t.equal(client.pendingPosts, 0)

    const late = codeOf(chat.post('written when the session was over'))
    const later = codeOf(client.post(chatID, 'written later'))
    await client.logIn(bob)
    t.strictSame(await Promise.all([late, later]), ['logged_out', 'logged_out'])
    t.match(await client.account(), { username: bob.username })
    await client.post(chatID, 'by Bob')
    t.strictSame(await stored(), [`${bob.username}: by Bob`])
    t.equal(await codeOf(chat.post('by an old chat')), 'logged_out')
    t.equal(await codeOf(chat.ready()), 'logged_out')
    t.throws(() => new DescribedClient({ url: cluster.replica(0).url }).open(chatID), { code: 'logged_out' })
  })

  await t.test('a login takes the place of the one before it, whatever that is doing', async (t) => {
    const { ann, bob, chatID, stored } = await setUp(t, cluster)
    const { url } = cluster.replica(0)
    const client = new DescribedClient({ url, tokens: tokensOf(ann), backoff: BACKOFF })
    t.teardown(() => client.close())
    const messages: Message[] = []
    const hers = client.open(chatID)
    hers.on('message', (message) => messages.push(message))
    const waiting = codeOf(hers.post('written before the client was connected'))
    const pending = codeOf(hers.ready())
    await client.logIn(bob)
    t.strictSame(await Promise.all([waiting, pending]), ['logged_out', 'logged_out'])
    while (client.state !== 'online') await within(client.once('state'), DEADLINE_MS, 'a state')
    t.match(await client.account(), { username: bob.username })
    const his = client.open(chatID)
    t.not(his, hers)
    await his.ready()
    const heard = his.once('message')
    const { seq } = await his.post('written by Bob')
    t.match(await heard, { seq, username: bob.username })
    t.strictSame(await stored(), [`${bob.username}: written by Bob`])
    t.strictSame(messages, [], 'what Ann followed is followed no more')

    const logins = await Promise.all([codeOf(client.logIn(ann)), codeOf(client.logIn(bob))])
    t.strictSame(logins, ['closed', undefined], 'of two logins at once the later one holds')
    t.match(await client.account(), { username: bob.username })
    const closing = codeOf(client.logIn(ann))
    client.close()
    t.equal(await closing, 'closed', 'a close holds against a login before it')
    t.equal(client.state, 'closed')
  })

  await t.test('a request whose session ends meanwhile is not repeated in the name of the next', async (t) => {
    const { client, bob } = await setUp(t, cluster)
    const { userID: annID } = await client.account()
    const { accessToken = '', refreshToken = '' } = client.tokens ?? {}
    let entered: Promise<void> | undefined
    const slow = new DescribedClient({
      url: cluster.replica(0).url,
      tokens: { accessToken: `${accessToken}x`, refreshToken },
      sharedTokens: () => {
        // Asked for while the refused token is being replaced.
        entered ??= slow.logIn(bob)
        return undefined
      }
    })
    t.teardown(() => slow.close())
    const answer = await codeOf(slow.account())
    await entered
    t.ok(answer === 'logged_out' || (typeof answer === 'object' && answer !== null && 'userID' in answer &&
      answer.userID === annID), 'it is refused, or answered for Ann')
    t.match(await slow.account(), { username: bob.username })
  })

  await t.test('tokens of another user are not taken, wherever they were kept', async (t) => {
    const { cluster: { replicas: [replica] }, client, ann, bob, chatID, stored } = await setUp(t, cluster)
    const { accessToken = '', refreshToken = '' } = client.tokens ?? {}
    const failures: unknown[] = []
    let isBroken = true
    const careless = new DescribedClient({
      url: replica?.url ?? '',
      // The end of the signature is not that of the server.
      tokens: { accessToken: accessToken.replace(/.{6}$/, 'AAAAAA'), refreshToken },
      sharedTokens: () => {
        if (isBroken) throw new Error('The store cannot be read.')
        return tokensOf(bob)
      }
    })
    careless.on('error', (error) => failures.push(error))
    t.teardown(() => careless.close())
    t.match(await careless.account(), { username: ann.username })
    t.match(failures, [{ message: 'The store cannot be read.' }])
    isBroken = false
    const renewed = careless.tokens
    const again = new DescribedClient({
      url: replica?.url ?? '',
      tokens: { accessToken: (renewed?.accessToken ?? '').replace(/.{6}$/, 'AAAAAA'), refreshToken: renewed?.refreshToken ?? '' },
      sharedTokens: () => tokensOf(bob)
    })
    t.teardown(() => again.close())
    again.connect()
    await again.post(chatID, 'still Ann')
    t.match(await again.account(), { username: ann.username })
    t.strictSame(await stored(), [`${ann.username}: still Ann`])
  })
})
