import t, { type Test } from '../support/tap.ts'
import { connect } from '../support/clients/socket.ts'
import { register, type Account } from '../support/data/accounts.ts'
import { eventually } from '../support/deadline.ts'
import type { Cluster } from '../support/servers/cluster.ts'
import { onServices } from '../support/servers/deployments.ts'

const SOCKETS = 24
const RESTART = 1012
/** As good as level, for this many. */
const MOST = SOCKETS / 2 + 1

t.setTimeout(120_000)

/** A client that comes back after each close, to the other replica first. @returns the codes it was closed with */
function roaming (t: Test, cluster: Cluster, { accessToken }: Account, codes: number[]): () => void {
  let [isOver, attempt] = [false, 0]
  const roam = async () => {
    while (!isOver) {
      const socket = await connect(t, cluster.replica(attempt++), accessToken)
      codes.push(await socket.closed(120_000))
    }
  }
  roam().catch(() => undefined)
  return () => {
    isOver = true
  }
}

await onServices(
  t,
  async (t, cluster) => {
    await t.test('a replica that has more sockets than others sends some away, until they are level', async (t) => {
      const ann = await register(cluster)
      const codes: number[] = []
      const ends = Array.from({ length: SOCKETS }, () => roaming(t, cluster, ann, codes))
      const sizes = () => cluster.replicas.map(({ app }) => app.connections.size)
      const look = async (isRight: () => boolean) =>
        eventually(async () => {
          await cluster.get('/livez')
          return isRight()
        }, 60_000)
      t.ok(await look(() => sizes().some((size) => size > MOST)), 'all come to one replica at first')
      t.ok(
        await look(() => Math.max(...sizes()) <= MOST && sizes().reduce((sum, size) => sum + size, 0) === SOCKETS),
        'then both have about as many',
        { sizes: sizes() }
      )
      t.ok(codes.length >= SOCKETS - MOST && codes.every((code) => code === RESTART), 'they were told to come back', {
        codes
      })
      const moved = codes.length
      let looks = 0
      await look(() => ++looks > 300)
      t.ok(codes.length - moved <= 1, 'and nobody is moved to and fro')
      for (const end of ends) end()
    })
  },
  { replicas: 2, environment: { REBALANCE_PERCENT: '3000', REBALANCE_INTERVAL: '100ms' } }
)

await onServices(
  t,
  async (t, cluster) => {
    await t.test('without REBALANCE_PERCENT everybody stays', async (t) => {
      const ann = await register(cluster)
      const sockets = await Promise.all(
        Array.from({ length: SOCKETS }, async () => connect(t, cluster.replica(0), ann.accessToken))
      )
      await Promise.all(sockets.map(async (socket) => socket.barrier()))
      t.equal(cluster.replica(0).app.connections.size, SOCKETS)
    })
  },
  { replicas: 2, environment: { REBALANCE_INTERVAL: '1ms' } }
)
