import Type from 'typebox'
import { Paging, type PageRequest } from '../../../../src/api/v1/cursor.ts'
import t from '../../../support/tap.ts'

const ALL = Array.from({ length: 10 }, (_, index) => index + 1)
const paging = new Paging(Type.Tuple([Type.Integer()]))

/** The rows as a store returns them: one more than requested. */
function rowsOf (items: readonly number[], { limit, from }: PageRequest<[number]>): number[] {
  if (from === undefined) return items.slice(0, limit + 1)
  const [position] = from.position
  return from.isBackward
    ? items.filter((item) => item < position).reverse().slice(0, limit + 1)
    : items.filter((item) => item > position).slice(0, limit + 1)
}

function pageOf (query: { limit?: string, cursor?: string }, items = ALL, list = 'numbers') {
  const request = paging.read(query, list)
  return paging.page(request, list, rowsOf(items, request), {
    positionOf: (row) => [row], encode: (row) => row
  })
}

await t.test('pages follow each other in both directions, and end', (t) => {
  const seen: number[][] = []
  let cursor: string | null | undefined
  let last = pageOf({})
  while (cursor !== null) {
    last = pageOf({ limit: '4', ...(cursor !== undefined && { cursor }) })
    seen.push(last.items)
    cursor = last.next
  }
  t.strictSame(seen, [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]])
  const back: number[][] = []
  for (cursor = last.prev; cursor !== null; cursor = last.prev) back.push((last = pageOf({ limit: '4', cursor })).items)
  t.strictSame(back, [[5, 6, 7, 8], [1, 2, 3, 4]])
  t.strictSame(pageOf({ limit: '4', cursor: last.next ?? '' }).items, [5, 6, 7, 8])
  t.strictSame(pageOf({}, []), { items: [], next: null, prev: null })
  t.strictSame([pageOf({}).next, pageOf({}).prev], [null, null])
  t.end()
})

await t.test('what goes or comes elsewhere neither skips nor doubles an item', (t) => {
  const { next } = pageOf({ limit: '3' })
  t.strictSame(pageOf({ cursor: next ?? '' }, ALL.filter((item) => item > 3)).items, [4, 5, 6, 7, 8, 9, 10])
  t.strictSame(pageOf({ cursor: next ?? '' }, [0, ...ALL]).items, [4, 5, 6, 7, 8, 9, 10])
  t.end()
})

await t.test('another limit or cursor is refused in a sentence', (t) => {
  for (const limit of ['0', '201', '-1', '1.5', '1e1', ' 1', '', 'x', '00000001', ['1', '2']])
    t.throws(() => paging.read({ limit }, 'numbers'), { code: 'invalid_input', message: /"limit" must be an integer/ })
  t.equal(paging.read({ limit: '200' }, 'numbers').limit, 200)
  const { next } = pageOf({ limit: '3' })
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  for (const cursor of ['', 'x', encode(null), encode(['', false, [1]]), 'x'.repeat(10_000), ['x', 'y']])
    t.throws(() => paging.read({ cursor }, 'numbers'), { code: 'invalid_input', message: /"cursor" must be/ })
  const [filter] = [Buffer.from(next ?? '', 'base64url').toString()].map((text) => text.split(',')[0] ?? '')
  for (const position of ['1e300', '9007199254740992', '-1e16', '1.5']) {
    const cursor = Buffer.from(`${filter ?? ''},false,[${position}]]`).toString('base64url')
    t.throws(() => paging.read({ cursor }, 'numbers'), { code: 'invalid_input' }, position)
  }
  t.throws(() => paging.read({ cursor: next }, 'letters'), { code: 'invalid_input' }, 'of another list')
  t.end()
})
