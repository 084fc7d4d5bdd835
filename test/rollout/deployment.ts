/** What the Deployment controller of Kubernetes does with replicas, by their readiness and by signals alone. */
import { setTimeout as delay } from 'node:timers/promises'
import type { FaultCluster } from '../faults/servers/fault-cluster.ts'
import type { ReplicaSlot } from '../faults/servers/replica-slot.ts'

/** How long a new replica must have been ready before an old one goes (minReadySeconds), in milliseconds. */
const MIN_READY_MS = 1_000

/** The replicas of a cluster as a Deployment: surge one, none unavailable. */
export class Deployment {
  readonly #cluster: FaultCluster
  readonly #fail: (failure: string) => void

  /** @param fail told of a replica that does not end in order within the grace period */
  constructor (cluster: FaultCluster, fail: (failure: string) => void) {
    this.#cluster = cluster
    this.#fail = fail
  }

  /** Replaces every replica by a new process, one after the other. @returns how many */
  async rollOut (): Promise<number> {
    const old = this.#cluster.replicas
    for (const replica of old) {
      await this.#add(1)
      await this.#remove([replica])
    }
    return old.length
  }

  /** Adds replicas, or takes the youngest away, until there are so many. @returns by how many they changed */
  async scale (count: number): Promise<number> {
    const missing = count - this.#cluster.replicas.length
    if (missing > 0) await this.#add(missing)
    else await this.#remove(this.#cluster.replicas.slice(missing))
    return Math.abs(missing)
  }

  async #add (count: number): Promise<void> {
    const { places, replicas } = this.#cluster
    const free = places.filter((place) => !replicas.includes(place)).slice(0, count)
    if (free.length < count) throw new Error('The balancer has no place for another replica.')
    await Promise.all(free.map(async (place) => {
      await place.start()
      await place.healthy()
    }))
    this.#cluster.deployed([...replicas, ...free])
    await delay(MIN_READY_MS)
  }

  async #remove (leaving: readonly ReplicaSlot[]): Promise<void> {
    this.#cluster.deployed(this.#cluster.replicas.filter((replica) => !leaving.includes(replica)))
    await Promise.all(leaving.map(async (replica) => {
      const code = await replica.stop('SIGTERM')
      if (code !== 0) this.#fail(`${replica.name} has ended with ${String(code)} after SIGTERM`)
    }))
  }
}
