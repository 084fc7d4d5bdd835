/**
 * What sockets of `/v1` cost beside messages: subscribing to many chats in one frame, watching who is online while
 * users come and go, and typing. Confab only; `--followers` says how many sockets.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../lab/lab.ts'
import type { Chat } from '../lab/population.ts'
import type { Deployment } from '../lab/servers.ts'
import { settledKiB } from './idle.ts'
import { befriend, CHATS_PER_USER, statementsOf } from './join-idle.ts'
import { withDeployment, type Figure, type Scenario, type Settings } from './scenario.ts'
import { V1Crowd } from './v1-crowd.ts'

/** Users of `presence` for each follower, those that each of them watches, and the share that comes and goes. */
const [USERS_PER_FOLLOWER, WATCHED, CHURN_SHARE] = [2, 20, 0.1]
/** A user is shown at most once in this time. */
const TYPING_EVERY_MS = 3_000

type Run = { deployment: Deployment, settings: Settings, metricsPort: number, crowd: V1Crowd, chats: Chat[] }

function scenario (
  name: string, pairs: (settings: Settings) => number, measure: (run: Run) => Promise<Figure[]>
): Scenario {
  return {
    name,
    group: 'sockets-v1',
    servers: ['confab'],
    measure: async (lab, server, settings) => {
      const metricsPort = await freePort()
      const environment = { METRICS_PORT: String(metricsPort), METRICS_HOST: '127.0.0.1', PRESENCE: 'on' }
      return withDeployment(lab, server, 1, async (deployment) => {
        const chats = await deployment.populate(pairs(settings))
        const crowd = new V1Crowd(deployment.replicas[0]?.port ?? 0)
        try {
          const figures = await measure({ deployment, settings, metricsPort, crowd, chats })
          crowd.check()
          return figures
        } finally {
          crowd.close()
        }
      }, environment)
    }
  }
}

export const v1SocketScenarios: Scenario[] = [
  scenario('connect', ({ followers }) => followers / 2, connect),
  scenario('presence', ({ followers }) => followers * USERS_PER_FOLLOWER / 2, presence),
  scenario('typing', ({ followers }) => followers / 2, typing)
]

const placesOf = (chats: readonly Chat[]) => chats.flatMap(({ members }) => members)
const idOf = (userID: number) => `cf~${String(userID)}`

/** Each socket subscribes to all chats of its user in one frame. */
async function connect ({ deployment, settings: { followers }, metricsPort, crowd, chats }: Run): Promise<Figure[]> {
  const chatsOf = await befriend(deployment.databaseUrl, followers)
  const inspector = await deployment.inspect()
  try {
    const [statements, memory] = [await statementsOf(metricsPort), await settledKiB(deployment, inspector)]
    const startedAt = performance.now()
    await crowd.open(placesOf(chats), ({ userID }) => ({
      type: 'subscribe', ref: 's', chats: (chatsOf.get(userID) ?? []).map((chat) => ({ chat: idOf(chat) }))
    }))
    const seconds = (performance.now() - startedAt) / 1_000
    const used = await statementsOf(metricsPort) - statements
    const grown = await settledKiB(deployment, inspector) - memory
    const subscribed = crowd.count('subscribed')
    if (subscribed !== followers * CHATS_PER_USER) throw new Error(`${String(subscribed)} chats were subscribed to`)
    const title = `connect: ${followers.toLocaleString('en')} sockets, ${String(CHATS_PER_USER)} chats in a frame`
    return [
      { title, unit: 's until all are subscribed', value: seconds },
      { title, unit: 'statements per socket', value: used / followers },
      { title, unit: 'KiB per socket', value: grown / followers }
    ]
  } finally {
    inspector.close()
  }
}

/** Users watch their contacts, of whom some come and go. */
async function presence ({ deployment, settings, metricsPort, crowd, chats }: Run): Promise<Figure[]> {
  const places = placesOf(chats)
  const { length } = places
  await befriend(deployment.databaseUrl, length)
  const watch = ({ userID }: { userID: number }) => ({
    type: 'watch',
    ref: 'w',
    // Those at these distances in the circle share a chat.
    users: Array.from({ length: WATCHED }, (_, index) => idOf((userID + index + 1) % length + 1))
  })
  await crowd.open(places, watch)
  await crowd.isQuiet()
  const churn = places.filter((_place, index) => index % Math.round(1 / CHURN_SHARE) === 0)
  const [statements, cpu, told] = [
    await statementsOf(metricsPort), deployment.cpuSeconds(), crowd.count('presence')
  ]
  const startedAt = performance.now()
  let changes = 0
  do {
    await crowd.leave(churn)
    await crowd.isQuiet()
    await crowd.open(churn, watch)
    await crowd.isQuiet()
    changes += 2 * churn.length
  } while (performance.now() - startedAt < settings.seconds * 1_000)
  const title = `presence: ${length.toLocaleString('en')} users, ${String(WATCHED)} watched each`
  return [
    { title, unit: 'changes per CPU-second', value: changes / (deployment.cpuSeconds() - cpu) },
    { title, unit: 'frames per change', value: (crowd.count('presence') - told) / changes },
    { title, unit: 'statements per change', value: (await statementsOf(metricsPort) - statements) / changes }
  ]
}

/** Both users of each chat are typing all the time. */
async function typing ({ deployment, settings, metricsPort, crowd, chats }: Run): Promise<Figure[]> {
  const chatOf = new Map(chats.flatMap(({ chatID, members }) => members.map(({ userID }) => [userID, chatID])))
  const places = placesOf(chats)
  const chat = ({ userID }: { userID: number }) => idOf(chatOf.get(userID) ?? 0)
  await crowd.open(places, (place) => ({ type: 'subscribe', ref: 's', chats: [{ chat: chat(place) }] }))
  const round = async () => {
    for (const place of places) crowd.send(place.userID, { type: 'typing', chat: chat(place) })
    await delay(TYPING_EVERY_MS)
  }
  // The replica has read of each chat then whether it has typing.
  await round()
  const [statements, cpu, shown] = [await statementsOf(metricsPort), deployment.cpuSeconds(), crowd.count('typing')]
  const startedAt = performance.now()
  let sent = 0
  do {
    await round()
    sent += places.length
  } while (performance.now() - startedAt < settings.seconds * 1_000)
  await crowd.isQuiet()
  const title = `typing: ${chats.length.toLocaleString('en')} chats × 2, all are typing`
  return [
    { title, unit: 'frames per CPU-second', value: sent / (deployment.cpuSeconds() - cpu) },
    { title, unit: 'shown per frame', value: (crowd.count('typing') - shown) / sent },
    { title, unit: 'statements per frame', value: (await statementsOf(metricsPort) - statements) / sent }
  ]
}
