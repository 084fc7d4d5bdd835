/**
 * What a busy server's users notice of an account that does as much as it can on a hundred sockets, within the default
 * rates. The figure is the latency beside that of the same load a moment before.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import postgres from 'postgres'
import { insertMessages } from '../lab/population.ts'
import type { Attack } from '../load/attacker.ts'
import type { Deployment } from '../lab/servers.ts'
import { Load } from '../load/load.ts'
import { planFor, withDeployment, type Place, type Scenario, type Settings } from './scenario.ts'

const NEIGHBOURS = 50
const POSTS_PER_SECOND = 200
const HISTORY = 100_000

/** A socket for each member of each chat but the last, which is the attacker's; one of the two posts. */
const places = Array.from({ length: NEIGHBOURS }, (_, chat): Place[] => [
  { chat, member: 0, replica: 0, posts: true, paces: true },
  { chat, member: 1, replica: 0 }
]).flat()

/** Latencies in milliseconds, and the use of a core by the server, in percent. */
interface Measured { p50: number, p99: number, cpu: number }

async function record (deployment: Deployment, load: Load, { warmupSeconds, seconds }: Settings): Promise<Measured> {
  await delay(warmupSeconds * 1_000)
  load.forgetLatencies()
  load.record(true)
  const cpuBefore = deployment.cpuSeconds()
  await delay(seconds * 1_000)
  load.record(false)
  const cpu = 100 * (deployment.cpuSeconds() - cpuBefore) / seconds
  return { p50: load.latency(0.5), p99: load.latency(0.99), cpu }
}

async function insertHistory (databaseUrl: string, chatID: number): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
  try {
    await insertMessages(sql, chatID, 1, HISTORY)
  } finally {
    await sql.end()
  }
}

function fairness (kind: Attack['kind']): Scenario {
  const title = `fairness: one account with 100 sockets, ${kind}`
  return {
    name: `fairness-${kind.replace(' ', '-')}`,
    group: 'fairness',
    servers: ['confab'],
    measure: async (lab, server, settings) => await withDeployment(lab, server, 1, async (deployment) => {
      const chats = await deployment.populate(NEIGHBOURS + 1)
      const [replica, own] = [deployment.replicas[0], chats[NEIGHBOURS]]
      if (replica === undefined || own === undefined) throw new Error('there is no replica or no chat')
      await insertHistory(deployment.databaseUrl, own.chatID)
      const plan = planFor(deployment, chats, places, { kind: 'rate', perSecond: POSTS_PER_SECOND })
      const load = new Load(plan, settings.threads)
      let attacker: Worker | undefined
      try {
        await load.connect()
        load.start()
        const calm = await record(deployment, load, settings)
        const attack: Attack = { kind, port: replica.port, token: own.members[0].token, chatID: own.chatID }
        attacker = new Worker(new URL('../load/attacker.js', import.meta.url), { workerData: attack })
        const attacked = await record(deployment, load, settings)
        await attacker.terminate()
        const verdict = await load.finish()
        const detail = `p50 ${calm.p50.toFixed(2)} → ${attacked.p50.toFixed(2)} ms, ` +
          `p99 ${calm.p99.toFixed(2)} → ${attacked.p99.toFixed(2)} ms, ` +
          `CPU ${calm.cpu.toFixed(0)} → ${attacked.cpu.toFixed(0)} %, ` +
          `${String(Math.round(deployment.residentKiB() / 1_024))} MiB`
        return [
          { title: `${title}, p50`, unit: '× as long as without it', value: attacked.p50 / calm.p50, verdict, detail },
          { title: `${title}, p99`, unit: '× as long as without it', value: attacked.p99 / calm.p99, verdict }
        ]
      } finally {
        await attacker?.terminate()
        await load.close()
      }
    }, { RATE_LIMITS: 'on', MAX_UNAUTHENTICATED_PER_ADDRESS: '1000' })
  }
}

export const fairnessScenarios: Scenario[] = [
  fairness('posts'), fairness('long posts'), fairness('replays'), fairness('requests')
]
