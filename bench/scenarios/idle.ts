/** What a joined socket costs while nothing happens: growth of resident memory, as an operator would see it. */
import { setTimeout as delay } from 'node:timers/promises'
import { Load } from '../load/load.ts'
import type { Deployment, ServerName } from '../lab/servers.ts'
import type { Inspector } from '../lab/inspector.ts'
import { planFor, withDeployment, type Place, type Scenario } from './scenario.ts'
import { contenders } from './throughput.ts'

/** These come first, so that compiled code and grown pools are not booked on the others. */
const EARLY_SOCKETS = 1000
const MEASURED_SOCKETS = 5000

/** Memory has settled when it stayed within the margin for so long; after the limit it is read as it is. */
const STEADY_SECONDS = 5
const STEADY_MARGIN_KIB = 256
const SETTLE_LIMIT_SECONDS = 30

function idle (name: string, title: string, socketsPerChat: number, servers: readonly ServerName[]): Scenario {
  return {
    name,
    group: 'idle',
    servers,
    measure: async (lab, server, settings) =>
      await withDeployment(lab, server, 1, async (deployment) => {
        const all = EARLY_SOCKETS + MEASURED_SOCKETS
        const chats = await deployment.populate(Math.ceil(all / socketsPerChat))
        const places = Array.from({ length: all }, (_, index): Place => ({
          chat: Math.floor(index / socketsPerChat),
          member: index % 2 === 0 ? 0 : 1,
          replica: 0
        }))
        const [early, late] = [places.slice(0, EARLY_SOCKETS), places.slice(EARLY_SOCKETS)].map(
          (share) => new Load(planFor(deployment, chats, share, { kind: 'silent' }), settings.threads)
        )
        if (early === undefined || late === undefined) throw new Error('two loads were made')
        const inspector = await deployment.inspect()
        try {
          await early.connect()
          const before = await settledKiB(deployment, inspector)
          await late.connect()
          const after = await settledKiB(deployment, inspector)
          const { errors, closed } = late.verdict()
          if (errors + closed > 0)
            throw new Error(`${String(errors)} errors and ${String(closed)} closed sockets while idle`)
          return [
            {
              title,
              unit: 'KiB per socket',
              value: (after - before) / MEASURED_SOCKETS,
              detail:
                `${String(Math.round(before / 1024))} MiB with ${String(EARLY_SOCKETS)} sockets, ` +
                `${String(Math.round(after / 1024))} MiB with ${String(all)}`
            }
          ]
        } finally {
          inspector.close()
          await Promise.all([early.close(), late.close()])
        }
      })
  }
}

/** Resident memory once garbage is collected and the allocators have come to rest. */
export async function settledKiB (deployment: Deployment, inspector: Inspector): Promise<number> {
  await inspector.collectGarbage()
  const samples: number[] = []
  while (samples.length < SETTLE_LIMIT_SECONDS) {
    await delay(1000)
    samples.push(deployment.residentKiB())
    const recent = samples.slice(-STEADY_SECONDS)
    if (recent.length === STEADY_SECONDS && Math.max(...recent) - Math.min(...recent) < STEADY_MARGIN_KIB) break
  }
  return samples.at(-1) ?? NaN
}

export const idleScenarios: Scenario[] = [
  idle('idle', 'idle: sockets of one chat', EARLY_SOCKETS + MEASURED_SOCKETS, [...contenders, 'floor']),
  idle('idle-pairs', 'idle: sockets in chats of 2', 2, contenders)
]
