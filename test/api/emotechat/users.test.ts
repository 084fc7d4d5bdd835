import t from '../../support/tap.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { register, registerPending } from '../../support/data/accounts.ts'
import { expectSentence, registerEmote } from '../../support/data/emotechat.ts'
import { at, fieldsOf, integerAt, listAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment, type Suite } from '../../support/servers/deployments.ts'

const WRONG_INTEGERS = [
  '0',
  '-1',
  '1.5',
  '1e1',
  '01',
  '+1',
  '',
  'one',
  'NaN',
  'Infinity',
  '0x1',
  ' 1',
  '9007199254740993',
  '99999999999999999999',
  '1;drop',
  '%00',
  '%ef%bc%91',
  'null'
]

/** A page of the list. */
async function pageOf (
  cluster: Cluster,
  bearer: string,
  query: string
): Promise<{ users: unknown[], pagination: unknown }> {
  const answer = await cluster.get(`/api/profile/users${query}`, { bearer })
  if (answer.status !== 200) throw new Error(`${query} was answered with ${answer.text}`)
  return { users: listAt(answer.body, 'users'), pagination: at(answer.body, 'pagination') }
}

const suite: Suite = async (t, cluster) => {
  const emma = await registerEmote(cluster)
  const ann = await register(cluster)
  await registerPending(cluster)
  const others = await Promise.all(Array.from({ length: 4 }, () => registerEmote(cluster)))

  await t.test(
    'the list has every account of either dialect once, in a stable order, and none that is pending',
    async (t) => {
      const { users, pagination } = await pageOf(cluster, emma.token, '')
      t.strictSame(pagination, { current_page: 1, page_size: 30, total_pages: 1, total_count: 6 })
      t.strictSame(
        users.map((user) => at(user, 'username')).sort(),
        [emma, ann, ...others].map(({ username }) => username).sort()
      )
      for (const replica of cluster.replicas.keys()) {
        t.strictSame(
          listAt((await cluster.get('/api/profile/users', { bearer: emma.token, replica })).body, 'users'),
          users
        )
      }
    }
  )

  await t.test('everybody reads their own address in it and nobody else\'s', async (t) => {
    for (const reader of [emma, ...others.slice(0, 1), { ...ann, token: ann.accessToken }]) {
      const answer = await cluster.get('/api/profile/users', { bearer: reader.token })
      const addressed = listAt(answer.body, 'users').filter((user) =>
        fieldsOf(user).some((key) => key.startsWith('email'))
      )
      t.strictSame(
        addressed.map((user) => [at(user, 'username'), at(user, 'email')]),
        [[reader.username, reader.email]]
      )
      t.strictSame(answer.text.match(/@example\.org/g)?.length, 1)
      for (const user of listAt(answer.body, 'users')) {
        const shown = fieldsOf(user).filter((key) => !key.startsWith('email'))
        t.strictSame(shown, ['created_at', 'id', 'name', 'username'])
      }
    }
  })

  await t.test('pages hold everybody once, and one past the end is empty with the same count', async (t) => {
    const all = (await pageOf(cluster, emma.token, '?page_size=100')).users.map((user) => integerAt(user, 'id'))
    const seen: number[] = []
    for (const page of [1, 2, 3]) {
      const { users, pagination } = await pageOf(cluster, emma.token, `?page=${String(page)}&page_size=2`)
      t.strictSame(pagination, { current_page: page, page_size: 2, total_pages: 3, total_count: 6 })
      t.equal(users.length, 2)
      seen.push(...users.map((user) => integerAt(user, 'id')))
    }
    t.strictSame(seen, all)
    for (const page of [4, 1_000, Number.MAX_SAFE_INTEGER]) {
      t.strictSame(await pageOf(cluster, emma.token, `?page=${String(page)}&page_size=2`), {
        users: [],
        pagination: { current_page: page, page_size: 2, total_pages: 3, total_count: 6 }
      })
    }
    t.strictSame(
      (await pageOf(cluster, emma.token, '?page=2&page_size=4')).users.length,
      2,
      'the last page may be short'
    )
  })

  await t.test('a later registration is added at the end, so earlier pages stay as they are', async (t) => {
    const before = await pageOf(cluster, emma.token, '?page=1&page_size=6')
    const { username } = await registerEmote(cluster, uniqueName('Late '))
    t.strictSame((await pageOf(cluster, emma.token, '?page=1&page_size=6')).users, before.users)
    t.strictSame(
      (await pageOf(cluster, emma.token, '?page=2&page_size=6')).users.map((user) => at(user, 'username')),
      [username]
    )
  })

  await t.test('a search finds accounts by the beginning of either name', async (t) => {
    const names = others.map(({ username }) => username).sort()
    const { users, pagination } = await pageOf(cluster, emma.token, '?search=EMMA&page_size=3')
    t.equal(users.length, 3)
    t.hasStrict(pagination, { total_pages: 2, current_page: 1 })
    const [one] = names
    t.strictSame(
      (await pageOf(cluster, emma.token, `?search=${one ?? ''}`)).users.map((user) => at(user, 'username')),
      [one]
    )
    t.strictSame((await pageOf(cluster, emma.token, '?search=nobody')).users, [])
    t.strictSame(await pageOf(cluster, emma.token, '?search='), await pageOf(cluster, emma.token, ''), 'or lists all')
    for (const wrong of ['%00', 'x'.repeat(65), 'a&search=b'])
      expectSentence(t, await cluster.get(`/api/profile/users?search=${wrong}`, { bearer: emma.token }), 400, wrong)
    expectSentence(t, await cluster.get('/api/profile/users?search=a'), 401, 'only with a session')
  })

  await t.test('a page or size that is no integer in bounds is refused; other parameters are ignored', async (t) => {
    for (const target of ['/api/profile/users', '/api/conversations']) {
      for (const wrong of WRONG_INTEGERS) {
        expectSentence(
          t,
          await cluster.get(`${target}?page=${wrong}`, { bearer: emma.token }),
          400,
          `${target} page=${wrong}`
        )
        expectSentence(
          t,
          await cluster.get(`${target}?page_size=${wrong}`, { bearer: emma.token }),
          400,
          `${target} page_size=${wrong}`
        )
      }
      for (const query of ['?page=1&page=2', '?page_size=101', '?page_size=1&page_size=1', '?page']) {
        const answer = await cluster.get(target + query, { bearer: emma.token })
        expectSentence(t, answer, 400, target + query)
      }
      for (const query of [
        '?partner_id=2',
        '?__proto__[page]=0&constructor.prototype.page=0',
        '?a=%00',
        `?a=${'x'.repeat(8_000)}`,
        '?page[]=0'
      ]) {
        t.equal((await cluster.get(target + query, { bearer: emma.token })).status, 200, target + query.slice(0, 60))
      }
      t.equal((await cluster.get(`${target}?page=1&page_size=100`, { bearer: emma.token })).status, 200)
      expectSentence(t, await cluster.get(`${target}?page=x`), 401, 'without a session nothing else is said')
    }
  })
}

await onOneDeployment(t, suite, { isEmpty: true })
