/** How long a delivery takes on a server that is busy but not full: posts by the clock, not by their return. */
import { Load } from '../load/load.ts'
import { describe, measureSpan, planFor, withDeployment, type Place, type Scenario } from './scenario.ts'
import { contenders, fanoutPlaces, manyPlaces } from './throughput.ts'

function latency (name: string, title: string, chatCount: number, places: Place[], perSecond: number): Scenario {
  return {
    name,
    group: 'latency',
    servers: contenders,
    measure: async (lab, server, settings) => await withDeployment(lab, server, 1, async (deployment) => {
      const chats = await deployment.populate(chatCount)
      const load = new Load(planFor(deployment, chats, places, { kind: 'rate', perSecond }), settings.threads)
      try {
        await load.connect()
        const span = await measureSpan(deployment, load, settings)
        const verdict = await load.finish()
        return [
          { title: `${title}, p50`, unit: 'ms', value: load.latency(0.5), verdict, detail: describe(span) },
          { title: `${title}, p99`, unit: 'ms', value: load.latency(0.99), verdict }
        ]
      } finally {
        await load.close()
      }
    })
  }
}

export const latencyScenarios: Scenario[] = [
  latency('latency-fanout', 'delivery, fanout at 20 posts/s', 1, fanoutPlaces(), 20),
  latency('latency-many', 'delivery, many at 500 posts/s', 500, manyPlaces(() => 0), 500)
]
