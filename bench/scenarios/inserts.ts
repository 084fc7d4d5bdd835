/** The floor for posts: what a process can insert that does nothing else. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Deployment } from '../lab/servers.ts'
import { withDeployment, type Scenario } from './scenario.ts'

export const insertsScenario: Scenario = {
  name: 'inserts',
  group: 'many',
  servers: ['inserts'],
  measure: async (lab, server, settings) =>
    await withDeployment(lab, server, 1, async (deployment) => {
      await delay(settings.warmupSeconds * 1000)
      const before = await snapshot(deployment)
      await delay(settings.seconds * 1000)
      const after = await snapshot(deployment)
      const rows = after.rows - before.rows
      return [
        {
          title: 'many: 500 chats × 2',
          unit: 'durable posts per CPU-second',
          value: rows / (after.cpuSeconds - before.cpuSeconds)
        },
        { title: 'rows stored by the clock', unit: 'rows per second', value: rows / ((after.at - before.at) / 1000) }
      ]
    })
}

async function snapshot (deployment: Deployment) {
  const response = await fetch(`http://127.0.0.1:${String(deployment.replicas[0]?.port ?? 0)}/`)
  return { rows: Number(await response.text()), cpuSeconds: deployment.cpuSeconds(), at: performance.now() }
}
