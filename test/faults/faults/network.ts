/** Faults of the way between a client and the balancer. */
import { startTcpProxy, type TcpProxy } from '../../support/servers/tcp-proxy.ts'
import type { Fault, Round } from '../fault.ts'
import type { FaultCluster } from '../servers/fault-cluster.ts'
import type { Scope } from '../../support/scope.ts'

const BAD_MS = 8_000
/** The proxies of the clusters whose readers are on a bad line now. */
const proxies = new WeakMap<FaultCluster, TcpProxy[]>()

/** A fault of some lines: readers are spread over four, and the last of them stays good. */
function badLines (
  id: string,
  title: string,
  spoil: (lines: readonly TcpProxy[]) => void,
  mend: (lines: readonly TcpProxy[]) => void
): Fault {
  return {
    id,
    title,
    async readerServer (cluster: FaultCluster, scope: Scope) {
      const { hostname: host, port } = new URL(cluster.url)
      const lines = await Promise.all(
        Array.from({ length: 3 }, () => startTcpProxy(scope, { host, port: Number(port) }))
      )
      proxies.set(cluster, lines)
      return (reader) => {
        const line = lines[reader % (lines.length + 1)]
        return line === undefined ? cluster : { url: `http://127.0.0.1:${String(line.port)}` }
      }
    },
    async inject ({ cluster, injected, during }: Round) {
      const lines = proxies.get(cluster) ?? []
      spoil(lines)
      injected(lines.length)
      await during(BAD_MS)
      mend(lines)
    }
  }
}

/** All of them. */
export const networkFaults: readonly Fault[] = [
  badLines(
    'F12.half-open',
    'half-open connections: nothing comes back, and nobody says so',
    (lines) => {
      for (const line of lines) line.hold()
    },
    (lines) => {
      for (const line of lines) line.release()
    }
  ),
  badLines(
    'F12.delay',
    'answers are 500 ms late',
    (lines) => {
      for (const line of lines) line.impair({ delayMs: 500 })
    },
    (lines) => {
      for (const line of lines) line.impair({})
    }
  ),
  badLines(
    'F12.slow',
    'lines of 1 kB/s',
    (lines) => {
      for (const line of lines) line.impair({ bytesPerSecond: 1_000 })
    },
    (lines) => {
      for (const line of lines) line.impair({})
    }
  )
]
