/** What a scenario is, and what the scenarios share. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Lab } from '../lab/lab.ts'
import type { Chat } from '../lab/population.ts'
import { Deployment, type ServerName } from '../lab/servers.ts'
import type { Load, Verdict } from '../load/load.ts'
import type { DialectName, Pace, Plan, Seat } from '../load/plan.ts'

/** Sockets that may be on their way to being joined at once, unless a scenario wants a flood. */
const CONNECTS_IN_FLIGHT = 100

/** What all scenarios of a run are given. */
export interface Settings {
  runs: number
  seconds: number
  warmupSeconds: number
  threads: number
  historyRows: number
  /** Sockets that follow all chats of their user. */
  followers: number
}

/** One measured value: a row of the table, before the median. */
export interface Figure {
  title: string
  unit: string
  value: number
  /** Set where posts were made and counted. */
  verdict?: Verdict
  /** For the log: what else is worth a look. */
  detail?: string
}

export interface Scenario {
  /** As it is chosen on the command line: by its name, or with others by their group. */
  name: string
  group: string
  servers: readonly ServerName[]
  /** Does all its runs in one go, since preparing it takes long. */
  atOnce?: boolean
  measure: (lab: Lab, server: ServerName, settings: Settings) => Promise<Figure[]>
}

/** Runs `use` on a fresh deployment, which is stopped whatever happens. `environment` is for Confab. */
export async function withDeployment<T> (
  lab: Lab,
  name: ServerName,
  replicas: number,
  use: (deployment: Deployment) => Promise<T>,
  environment: Record<string, string> = {}
): Promise<T> {
  const deployment = await Deployment.start(lab, name, replicas, environment)
  try {
    return await use(deployment)
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${deployment.output()}`, {
      cause: error
    })
  } finally {
    await deployment.stop()
  }
}

/** Where a socket sits: in which chat, as which of its two members, on which replica. */
export interface Place {
  chat: number
  member: 0 | 1
  replica: number
  posts?: boolean
  paces?: boolean
  /** What it speaks, if not what the server usually does. */
  dialect?: DialectName
}

/** Turns places into a plan for the load generator. */
export function planFor (deployment: Deployment, chats: Chat[], places: Place[], pace: Pace): Plan {
  const seats = places.map(({ chat, member, replica, posts = false, paces = false, dialect }): Seat => {
    const at = chats[chat]
    const server = deployment.replicas[replica]
    if (at === undefined || server === undefined) throw new Error('a socket has no chat or no replica')
    const seat = { ...at.members[member], port: server.port, chat, chatID: at.chatID, posts, paces }
    return dialect === undefined ? seat : { ...seat, dialect }
  })
  return {
    dialect: deployment.dialect,
    chats: chats.length,
    seats,
    pace,
    connectsInFlight: CONNECTS_IN_FLIGHT,
    resumeAfter: 0
  }
}

/** What was used and reached between two moments. */
export interface Span {
  seconds: number
  cpuSeconds: number
  generatorCpuSeconds: number
  deliveries: number
  echoes: number
}

/** Lets the load run warm, then measures it for a while. The load goes on afterwards. */
export async function measureSpan (deployment: Deployment, load: Load, settings: Settings): Promise<Span> {
  load.start()
  await delay(settings.warmupSeconds * 1000)
  load.record(true)
  const before = snapshot(deployment, load)
  await delay(settings.seconds * 1000)
  const after = snapshot(deployment, load)
  load.record(false)
  if (after.deliveries === before.deliveries) throw new Error('nothing was delivered while the clock ran')
  return {
    seconds: (after.at - before.at) / 1000,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    generatorCpuSeconds: after.generatorCpuSeconds - before.generatorCpuSeconds,
    deliveries: after.deliveries - before.deliveries,
    echoes: after.echoes - before.echoes
  }
}

/** One line for the log: wall-clock rates, and whether the generator stayed cheaper than the server. */
export function describe (span: Span): string {
  const perSecond = (count: number) => Math.round(count / span.seconds).toLocaleString('en')
  const percent = (cpu: number) => `${String(Math.round((100 * cpu) / span.seconds))} %`
  return (
    `${perSecond(span.deliveries)} deliveries/s, ${perSecond(span.echoes)} posts/s, ` +
    `servers ${percent(span.cpuSeconds)} CPU, generator ${percent(span.generatorCpuSeconds)}`
  )
}

function snapshot (deployment: Deployment, load: Load) {
  const { user, system } = process.cpuUsage()
  return {
    ...load.totals(),
    at: performance.now(),
    cpuSeconds: deployment.cpuSeconds(),
    generatorCpuSeconds: (user + system) / 1e6
  }
}
