/** The arithmetic of an installation: connections to Postgres, file descriptors and CPU at its largest; times. */
import { at } from '../data/json.ts'
import { containersOf, listOf, type Manifest, nameOf, ofKind, podOf } from '../data/manifests.ts'
import { configOf, serversOf } from '../data/server-manifests.ts'
import { fault } from './fault.ts'

/** Of Postgres by default, and how many of them only a superuser gets. */
const MAX_CONNECTIONS = 100
const RESERVED_CONNECTIONS = 3
/** An operator's command: one to migrate has two, any other one. */
const CONNECTIONS_OF_A_COMMAND = 2
/** File descriptors that systemd, and with it containerd, lets a process have at most by default. */
const MAX_DESCRIPTORS = 524_288
/** Listeners, Redis, connections that are idle. */
const OTHER_DESCRIPTORS = 1_000
const MS_PER_S = 1_000
/** Of Kubernetes. */
const DEFAULT_PROGRESS_DEADLINE_S = 600
/** A replica that serves little stays below this. */
const LEAST_CPU_TO_SCALE = 200

/** The connections of replicas to Postgres when there are as many as there may be, in the middle of a roll-out. */
export type ConnectionBudget = { replicas: number, surging: number, leaving: number, pool: number, total: number }

/**
 * Counts connections. During a roll-out there are, besides all replicas and those that surge, the replicas that leave:
 * a Deployment does not wait for their end, so that one is added to them every `minReadySeconds`. A pod that migrates
 * before it starts has fewer connections than one that serves.
 */
export function connectionsOf (manifests: readonly Manifest[], server: Manifest): ConnectionBudget {
  const { spec } = podOf(server)
  const [scaler] = ofKind(manifests, 'HorizontalPodAutoscaler')
  const number = (value: unknown) => Number(value ?? NaN)
  const replicas = number(at(scaler, 'spec', 'maxReplicas'))
  const surging = number(at(server, 'spec', 'strategy', 'rollingUpdate', 'maxSurge'))
  const leaving = Math.ceil(
    number(at(spec, 'terminationGracePeriodSeconds')) / number(at(server, 'spec', 'minReadySeconds'))
  )
  const pool = configOf(manifests, server)?.database.pool ?? NaN
  return {
    replicas, surging, leaving, pool, total: (replicas + surging + leaving) * pool + CONNECTIONS_OF_A_COMMAND
  }
}

/** The connections that clients may have to a Postgres with this many, or that the manifests bring along. */
export function connectionLimit (maxConnections = MAX_CONNECTIONS): number {
  return maxConnections - RESERVED_CONNECTIONS
}

/**
 * The rules on what Kubernetes gives a replica. Where Postgres is elsewhere its size is none of the manifests': it is
 * compared with the manual's.
 */
export function budgets (manifests: readonly Manifest[]): string[] {
  return serversOf(manifests).flatMap((server) => {
    const name = nameOf(server)
    const sockets = configOf(manifests, server)?.sockets.maxSockets ?? NaN
    const hasPostgres = ofKind(manifests, 'Deployment').some((each) => nameOf(each) === 'Deployment/postgres')
    const { total } = connectionsOf(manifests, server)
    const progressS = Number(at(server, 'spec', 'progressDeadlineSeconds') ?? DEFAULT_PROGRESS_DEADLINE_S)
    const startS = startSeconds(manifests, server)
    return [
      ...fault(
        !(progressS >= startS),
        name,
        `counts as failed after ${String(progressS)} s and may take ${String(startS)} s to start`
      ),
      ...fault(
        hasPostgres && !(total <= connectionLimit()),
        name,
        `takes ${String(total)} connections to Postgres at its largest, which has ${String(connectionLimit())}`
      ),
      ...fault(!(sockets + OTHER_DESCRIPTORS <= MAX_DESCRIPTORS), name, 'takes more file descriptors than it may have'),
      ...ofKind(manifests, 'HorizontalPodAutoscaler').flatMap((scaler) =>
        fault(!(scalingCpu(scaler, server) >= LEAST_CPU_TO_SCALE), nameOf(scaler), 'scales up replicas that are idle')
      )
    ]
  })
}

/**
 * The longest that a roll-out waits for one replica that starts well: the first one migrates, and before that waits for
 * Postgres up to `DATABASE_WAIT`. After that time it ends by itself, and its log says why.
 */
function startSeconds (manifests: readonly Manifest[], server: Manifest): number {
  const probe = at(containersOf(server)[0], 'startupProbe')
  const waitMs = configOf(manifests, server)?.database.waitMs ?? NaN
  return waitMs / MS_PER_S + Number(at(probe, 'periodSeconds')) * Number(at(probe, 'failureThreshold')) +
    Number(at(server, 'spec', 'minReadySeconds'))
}

/** The CPU of a replica above which more are started, in thousandths of a core. */
function scalingCpu (scaler: Manifest, server: Manifest): number {
  const target = listOf(at(scaler, 'spec', 'metrics'))
    .map((metric) => at(metric, 'resource'))
    .find((resource) => at(resource, 'name') === 'cpu')
  const share = at(target, 'target', 'averageUtilization')
  const request = at(containersOf(server)[0], 'resources', 'requests', 'cpu')
  return share === undefined
    ? millicores(at(target, 'target', 'averageValue'))
    : (Number(share) / 100) * millicores(request)
}

function millicores (quantity: unknown): number {
  const [, amount, unit] = /^([\d.]+)(m?)$/.exec(String(quantity)) ?? []
  return Number(amount) * (unit === 'm' ? 1 : 1_000)
}
