import { readFile } from 'node:fs/promises'
import t from '../../support/tap.ts'
import { catalogue } from '../../../src/observability/metrics/catalogue.ts'
import { Metrics } from '../../../src/observability/metrics/metrics.ts'

const sources = catalogue(new Metrics(), {
  sockets: () => ({ open: 0, authenticated: 0 }),
  sendBufferBytes: () => 0,
  subscriptions: () => 0,
  presence: () => ({ here: 0, watched: 0 }),
  postsWaiting: () => 0,
  isBusUp: () => true,
  hintsDropped: () => 0,
  poolSize: 1,
  jobs: async () => [],
  isDraining: () => false
})

t.test('every metric has its row in docs/reference/metrics.md, and every row its metric', async (t) => {
  const page = await readFile('docs/reference/metrics.md', 'utf8')
  const rows = [...page.matchAll(/^\| `((?:chat|http)_\w+)` \|/gm)].map(([, name]) => name)
  t.strictSame(rows.toSorted(), sources.map(({ name }) => name).toSorted())
})
