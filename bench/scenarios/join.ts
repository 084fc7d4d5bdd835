/** How long everybody waits after a reconnect at once, when each has missed some messages. Confab only. */
import { Load } from '../load/load.ts'
import { planFor, withDeployment, type Place, type Scenario } from './scenario.ts'

const SOCKETS = 2000
const STORED = 100
const MISSED = 50

function join (name: string, title: string, socketsPerChat: number): Scenario {
  return {
    name,
    group: 'join',
    servers: ['confab'],
    measure: async (lab, server, settings) => await withDeployment(lab, server, 1, async (deployment) => {
      const chats = await deployment.populate(SOCKETS / socketsPerChat, STORED)
      const places = Array.from({ length: SOCKETS }, (_, index): Place => ({
        chat: Math.floor(index / socketsPerChat), member: index % 2 === 0 ? 0 : 1, replica: 0
      }))
      const plan = planFor(deployment, chats, places, { kind: 'silent' })
      const load = new Load({ ...plan, resumeAfter: STORED - MISSED }, settings.threads)
      try {
        await load.connect()
        const cpuBefore = deployment.cpuSeconds()
        const seconds = await load.reconnect()
        const cpu = deployment.cpuSeconds() - cpuBefore
        const verdict = load.verdict()
        return [{
          title,
          unit: 's until all have their replay',
          value: seconds,
          verdict: { ...verdict, lost: SOCKETS * MISSED - verdict.deliveries + verdict.duplicates },
          detail: `${cpu.toFixed(2)} CPU-seconds of the server`
        }]
      } finally {
        await load.close()
      }
    })
  }
}

export const joinScenarios: Scenario[] = [
  join('join', `join: ${SOCKETS.toLocaleString('en')} sockets of 1,000 chats, ${String(MISSED)} missed each`, 2),
  join('join-one', `join: ${SOCKETS.toLocaleString('en')} sockets of one chat, ${String(MISSED)} missed each`, SOCKETS)
]
