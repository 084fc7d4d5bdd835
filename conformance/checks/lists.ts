/** Lists by pages. */
import type { Check } from '../check.ts'
import { expectEqual, expectProblem, expectStatus } from '../expectations.ts'
import { at, listAt, textAt } from '../json.ts'
import type { Caller } from '../server.ts'

export const LISTS: readonly Check[] = [
  {
    title: 'limit is an integer from 1 to 200',
    run: async (world) => {
      const user = await world.addUser()
      const chat = await world.addChat(user)
      const inChat = ['members', 'messages', 'events'].map((list) => `/chats/${chat}/${list}`)
      for (const list of ['/chats', '/users', ...inChat]) {
        for (const limit of ['0', '201', '-1', '1.5', 'x', ''])
          expectProblem(await user.get(`${list}?limit=${limit}`), 400, 'invalid_input')
        expectStatus(await user.get(`${list}?limit=200`), 200)
      }
    }
  },
  {
    title: 'cursors lead through a list, there and back, and no other list takes them',
    run: async (world) => {
      const owner = await world.addUser()
      const others = await Promise.all(Array.from({ length: 4 }, () => world.addUser()))
      const chat = await world.addChat(owner, others)
      const path = `/chats/${chat}/members`
      const pages = await readPages(owner, path, 'next')
      expectEqual(pages.map((page) => page.length), [2, 2, 1], 'the sizes of the pages')
      const users = pages.flat().map((member) => at(member, 'user'))
      expectEqual(users.sort(), [owner, ...others].map(({ id }) => id).sort(), 'the members')
      const first = await owner.get(`${path}?limit=2`)
      const second = await owner.get(`${path}?limit=2&cursor=${textAt(first.body, 'next')}`)
      const back = await owner.get(`${path}?limit=2&cursor=${textAt(second.body, 'prev')}`)
      expectEqual(at(back.body, 'items'), at(first.body, 'items'), 'the page before the second')
      const foreign = await owner.get(`/chats?cursor=${textAt(first.body, 'next')}`)
      expectProblem(foreign, 400, 'invalid_input')
      expectProblem(await owner.get(`${path}?cursor=nonsense`), 400, 'invalid_input')
    }
  },
  {
    title: 'older pages of messages stay right while others are posted',
    run: async (world) => {
      const user = await world.addUser()
      const chat = await world.addChat(user)
      const seqs: number[] = []
      for (let count = 0; count < 5; count++) seqs.push(await world.post(user, chat, `message ${String(count)}`))
      const path = `/chats/${chat}/messages`
      const newest = await user.get(`${path}?limit=2`)
      await world.post(user, chat, 'another one')
      const older = await user.get(`${path}?limit=2&cursor=${textAt(newest.body, 'prev')}`)
      const oldest = await user.get(`${path}?limit=2&cursor=${textAt(older.body, 'prev')}`)
      const items = [oldest, older, newest].flatMap(({ body }) => listAt(body, 'items'))
      const seen = items.map((item) => at(item, 'seq'))
      expectEqual(seen, seqs, 'the seqs of three pages')
      expectEqual(at(oldest.body, 'prev'), null, '"prev" of the oldest page')
      for (const query of ['before=3&after=1', 'around=2&before=3', 'before=x', 'colour=red'])
        expectProblem(await user.get(`${path}?${query}`), 400, 'invalid_input')
    }
  },
  {
    title: 'chats come by their activity',
    run: async (world) => {
      const user = await world.addUser()
      const chats = [await world.addChat(user), await world.addChat(user), await world.addChat(user)]
      await world.post(user, chats[1] ?? '', 'the latest')
      const { body } = await user.get('/chats')
      const ids = listAt(body, 'items').map((chat) => at(chat, 'id'))
      expectEqual([ids[0], ids.length], [chats[1], 3], 'the first chat, and their number')
      expectEqual([typeof at(body, 'pos'), typeof at(body, 'epoch')], ['number', 'string'], 'types of pos and epoch')
      const pages = await readPages(user, '/chats', 'next')
      expectEqual(pages.flat().map((chat) => at(chat, 'id')), ids, 'the chats by pages')
    }
  }
]

/** All pages of two items. */
async function readPages (caller: Caller, path: string, direction: 'next' | 'prev'): Promise<unknown[][]> {
  const pages: unknown[][] = []
  for (let cursor = ''; ;) {
    const answer = await caller.get(`${path}?limit=2${cursor}`)
    expectStatus(answer, 200)
    pages.push(listAt(answer.body, 'items'))
    const next = at(answer.body, direction)
    if (typeof next !== 'string') return pages
    cursor = `&cursor=${next}`
  }
}
