/** Listeners of the program that fail: each failure is reported once, and nothing else notices. */
import t, { type Test } from '../../support/tap.ts'
import type { Chat, ConfabClient, Message } from '../../../src/client/chatcli/index.ts'
import { bumpEpoch } from '../../../src/store/epoch.ts'
import { register, startChat } from '../../support/data/accounts.ts'
import { ConfabClient as DescribedClient } from '../../support/clients/described-client.ts'
import { within } from '../../support/deadline.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'
import { startTcpProxy } from '../../support/servers/tcp-proxy.ts'

const DEADLINE_MS = 30_000
const CLIENT_EVENTS = ['state', 'tokens', 'message'] as const
const CHAT_EVENTS = ['message', 'joined', 'reset', 'refused'] as const

/** A way for a listener to fail. */
type Failure = (text: string) => unknown

const FAILURES: Record<string, Failure> = {
  'throw an error': (text) => {
    throw new Error(text)
  },
  'reject a promise': async (text) => {
    throw new Error(text)
  }
}

/** Counts the events of a client and its chats, each of which has a listener before the counting one that fails. */
class Counts {
  readonly #counts = new Map<string, number>()
  readonly #fail: Failure

  constructor (fail: Failure) {
    this.#fail = fail
  }

  addTo (source: ConfabClient | Chat): void {
    if ('chatID' in source) for (const name of CHAT_EVENTS) source.on(name, () => this.#note(`chat ${name}`))
    else for (const name of CLIENT_EVENTS) source.on(name, () => this.#note(`client ${name}`))
  }

  /** How often each event came, sorted by its name. */
  get all (): [name: string, count: number][] {
    return [...this.#counts].sort(([one], [other]) => one.localeCompare(other))
  }

  #note (name: string): unknown {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
    return this.#fail(name)
  }
}

/** How often each text was reported, sorted by it. */
function countOf (errors: readonly unknown[]): [name: string, count: number][] {
  const counts = new Map<string, number>()
  for (const error of errors) {
    const text = error instanceof Error ? error.message : String(error)
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts].sort(([one], [other]) => one.localeCompare(other))
}

async function settles<Result> (promise: Promise<Result>, what: string): Promise<Result> {
  return within(promise, DEADLINE_MS, what)
}

/** What is printed as an error until the end of the test. */
function recordConsole (t: Test): unknown[][] {
  const printed: unknown[][] = []
  const { error } = console
  t.teardown(() => {
    console.error = error
  })
  console.error = (...values: unknown[]) => printed.push(values)
  return printed
}

/** Takes a client through everything that it has events for. */
async function live (
  t: Test,
  { cluster, client, counts, cut }: { cluster: Cluster, client: ConfabClient, counts: Counts, cut: () => Promise<void> }
): Promise<void> {
  const { ann, bob, chatID } = await startChat(cluster)
  counts.addTo(client)
  await client.logIn(ann)
  const chat = client.open(chatID)
  counts.addTo(chat)
  await settles(chat.ready(), 'the join')
  const told: Message[] = []
  chat.on('message', (message) => told.push(message))
  for (const text of ['one', 'two']) await settles(chat.post(text), 'an acknowledgement')
  await cut()
  await settles(chat.post('three'), 'an acknowledgement after a lost connection')
  while (told.length < 3) await settles(chat.once('message'), 'every message')
  const reset = chat.once('reset')
  await bumpEpoch(cluster.orm)
  await settles(reset, 'the reset')
  await settles(chat.post('four'), 'an acknowledgement after a reset')
  while (told.length < 4) await settles(chat.once('message'), 'what comes behind the reset')
  t.strictSame(told.map(({ text }) => text), ['one', 'two', 'three', 'four'])

  const foreign = client.open(chatID + 1_000)
  counts.addTo(foreign)
  await t.rejects(settles(foreign.ready(), 'the refusal'), { code: 'not_a_participant' })
  await settles(client.once('tokens'), 'a renewal')
  await client.logOut()
  t.equal(client.state, 'closed')
  await client.logIn(bob)
  await settles(client.open(chatID, { after: 0 }).ready(), 'the join of the next user')
  client.close()
}

await onEmbedded(t, async (t, cluster) => {
  const { hostname, port } = new URL(cluster.replica(0).url)
  for (const [how, fail] of Object.entries(FAILURES)) {
    await t.test(`listeners of every event that ${how}`, async (t) => {
      const proxy = await startTcpProxy(t, { host: hostname, port: Number(port) })
      const client = new DescribedClient({
        url: `http://127.0.0.1:${String(proxy.port)}`,
        backoff: { baseMs: 20, maxMs: 200 }
      })
      t.teardown(() => client.close())
      const reported: unknown[] = []
      client.on('error', (error) => {
        reported.push(error)
        // Nor does it matter when this one fails.
        return fail('the listener of errors')
      })
      const printed = recordConsole(t)
      const counts = new Counts(fail)
      const cut = async () => {
        await proxy.cut()
        await proxy.open()
      }
      await live(t, { cluster, client, counts, cut })
      await new Promise((resolve) => setImmediate(resolve))
      t.strictSame(
        counts.all.map(([name]) => name),
        [...CHAT_EVENTS.map((name) => `chat ${name}`), ...CLIENT_EVENTS.map((name) => `client ${name}`)].sort(),
        'every event came'
      )
      t.strictSame(countOf(reported), counts.all, 'each failure is reported once')
      t.equal(printed.length, reported.length, 'and where even that fails, on the console')
    })
  }

  await t.test('without a listener of errors they are reported like any other', async (t) => {
    const ann = await register(cluster)
    const client = new DescribedClient({ url: cluster.replica(0).url })
    t.teardown(() => client.close())
    const printed = recordConsole(t)
    client.on('state', (state) => {
      throw new Error(state)
    })
    await client.logIn(ann)
    while (client.state !== 'online') await settles(client.once('state'), 'a state')
    client.close()
    t.match(printed, [[{ message: 'connecting' }], [{ message: 'online' }], [{ message: 'closed' }]])
  })

  await t.test('a listener that closes or leaves is obeyed', async (t) => {
    for (const state of ['connecting', 'online', 'offline'] as const) {
      const ann = await register(cluster)
      const proxy = await startTcpProxy(t, { host: hostname, port: Number(port) })
      const client = new DescribedClient({
        url: `http://127.0.0.1:${String(proxy.port)}`,
        backoff: { baseMs: 1, maxMs: 1 }
      })
      t.teardown(() => client.close())
      client.on('state', (next) => {
        if (next === state) client.close()
        else if (next === 'online') void proxy.cut()
      })
      const states: string[] = []
      client.on('state', (next) => states.push(next))
      await client.logIn(ann)
      while (!states.includes('closed')) await settles(client.once('state'), 'the close')
      // What would come next is asked for behind whatever was begun.
      await client.account().catch(() => undefined)
      await new Promise((resolve) => setImmediate(resolve))
      t.strictSame([client.state, states.slice(-2)], ['closed', [state, 'closed']])
    }
  })
}, { inspectable: true, environment: { SWEEP_INTERVAL: '200ms', ACCESS_TOKEN_TTL: '4s' } })
