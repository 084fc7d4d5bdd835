import { eq, sql } from 'drizzle-orm'
import t from '../support/tap.ts'
import { BUILT_IN_TYPES } from '../../src/domain/chats/chat-types.ts'
import { chatEvents } from '../../src/store/schema.ts'
import { uniqueName } from '../support/clients/http.ts'
import { type ApiClient, newKey, newUser, USER_TOKENS } from '../support/data/api-clients.ts'
import { at, listAt } from '../support/data/json.ts'
import { onServices } from '../support/servers/deployments.ts'

const [MEMBERS, PER_REQUEST, AT_ONCE] = [10_000, 100, 4]
const [ROUNDS, POSTS] = [6, 10]

await onServices(t, async (t, cluster) => {
  const [key, ann, bob] = [await newKey(cluster, 'chats:write'), await newUser(cluster), await newUser(cluster)]
  const post = (by: ApiClient, chat: string, replica: number) =>
    by.call('POST', `/chats/${chat}/messages`, { text: 'hello' }, { replica })
  const make = async (type: string) => {
    const id = uniqueName('chat-')
    await ann.call('PUT', `/chats/${id}`, { type, members: [{ user: bob.id }] })
    return id
  }
  /** The seqs of all events of a chat, by pages. */
  const seqsOf = async (chat: string) => {
    const seqs: unknown[] = []
    for (;;) {
      const { body } = await ann.call('GET', `/chats/${chat}/events?limit=200&after=${String(seqs.length)}`)
      const items = listAt(body, 'items')
      if (items.length === 0) return seqs
      seqs.push(...items.map((event) => at(event, 'seq')))
    }
  }
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

  await t.test('many members are added by the hundred, on two replicas, while others post elsewhere', async (t) => {
    const prefix = uniqueName('crowd-')
    await cluster.orm.execute(sql`with made as (
        insert into users (username, username_key, display_name, email, email_key, password_hash)
        select '~' || ${prefix} || n, 'U~' || ${prefix} || n, '', '', 'U~' || ${prefix} || n, ''
        from generate_series(1, ${MEMBERS}::int) n returning id, substr(username, 2) as external_id
      ) insert into application_users (user_id, external_id) select id, external_id from made`)
    const [crowd, other] = [await make('channel'), await make('group')]
    const requests = upTo(MEMBERS / PER_REQUEST).map((page) =>
      upTo(PER_REQUEST).map((index) => ({ user: `${prefix}${String((page - 1) * PER_REQUEST + index)}` })))
    let isOver = false
    const posting = Promise.all([ann, bob].map(async (by, replica) => {
      const statuses: number[] = []
      while (!isOver) statuses.push((await post(by, other, replica)).status)
      return statuses
    }))
    const added: unknown[] = []
    await Promise.all(upTo(AT_ONCE).map(async (lane) => {
      for (let members = requests.pop(); members !== undefined; members = requests.pop()) {
        const { body } = await key.call('POST', `/chats/${crowd}/members`, { members }, { replica: lane % 2 })
        added.push(...listAt(body, 'items').filter((item) => at(item, 'member', 'role') === 'member'))
      }
    }))
    isOver = true
    const statuses = (await posting).flat()
    t.equal(added.length, MEMBERS)
    t.equal(at((await ann.call('GET', `/chats/${crowd}`)).body, 'member_count'), MEMBERS + 2)
    t.ok(statuses.length > 0)
    t.strictSame(statuses.filter((status) => status !== 201), [], 'every post is acknowledged')
    t.strictSame(await seqsOf(other), upTo(3 + statuses.length))
    const [counted] = await cluster.orm
      .select({ events: sql`count(*)`.mapWith(Number), last: sql`max(${chatEvents.seq})`.mapWith(Number) })
      .from(chatEvents).where(eq(chatEvents.chatId, sql`(select id from chats where public_id = ${crowd})`))
    t.strictSame(counted, { events: MEMBERS + 3, last: MEMBERS + 3 }, 'each is one event')
    t.equal((await post(bob, crowd, 1)).status, 201)
  })

  await t.test('what is posted while the type of a chat changes is judged by one of its definitions', async (t) => {
    const type = uniqueName('t')
    const { roles, ...rest } = BUILT_IN_TYPES.channel
    const define = async (mayPost: boolean) => {
      const permissions = roles.map(({ role, permissions }) =>
        [role, role === 'member' && !mayPost ? ['read'] : permissions] as const)
      const definition = { ...rest, roles: Object.fromEntries(permissions) }
      const { status } = await key.call('PUT', `/chat-types/${type}`, definition)
      if (status >= 300) throw new Error(`The type was answered ${String(status)}.`)
    }
    await define(true)
    const chat = await make(type)
    let stored = 3
    for (let round = 0; round < ROUNDS; round++) {
      const mayPost = round % 2 === 1
      const [, ...during] = await Promise.all([
        define(mayPost), ...upTo(POSTS).map((index) => post(index % 5 === 0 ? ann : bob, chat, index % 2))
      ])
      const statuses = during.map(({ status }) => status)
      t.strictSame(statuses.filter((status) => status !== 201 && status !== 403), [])
      t.strictSame([statuses[4], statuses[9]], [201, 201], 'who may in both may at any time')
      const after = await Promise.all([0, 1].map((replica) => post(bob, chat, replica)))
      t.strictSame(after.map(({ status }) => status), mayPost ? [201, 201] : [403, 403], 'the new one holds everywhere')
      stored += [...during, ...after].filter(({ status }) => status === 201).length
    }
    t.strictSame(await seqsOf(chat), upTo(stored))
  })
}, { environment: USER_TOKENS, replicas: 2, inspectable: true })
