/** Faults of replicas: killed, restarted in order, frozen. */
import type { Fault, Round } from '../fault.ts'

const KILLS = 3
const FREEZE_MS = 10_000
/** This replica stops: come back at once. */
const CLOSED_FOR_RESTART = 1012

/** F1. */
const kill: Fault = {
  id: 'F1',
  title: 'kill -9 of a replica, three times',
  isShort: true,
  async inject ({ cluster, random, injected, during }: Round) {
    for (let count = 0; count < KILLS; count++) {
      const replica = cluster.replica(random.integer(0, cluster.replicas.length - 1))
      await replica.stop('SIGKILL')
      injected()
      await during(random.integer(100, 1_000))
      await replica.start()
      await during(random.integer(100, 1_000))
    }
  }
}

/** F2. Nobody is cut off, every request is answered, and the processes end well. */
const rollingRestart: Fault = {
  id: 'F2',
  title: 'rolling restart of all replicas by SIGTERM',
  isShort: true,
  async inject ({ cluster, journal, workload, injected, during }: Round) {
    const before = { closes: journal.closes.length, refusals: workload.refusals.length }
    for (const replica of cluster.replicas) {
      const code = await replica.stop('SIGTERM')
      if (code !== 0) journal.failures.push(`${replica.name} has ended with ${String(code)} after SIGTERM`)
      injected()
      await replica.start()
      await during(500)
    }
    for (const { client, code } of journal.closes.slice(before.closes)) {
      if (code !== CLOSED_FOR_RESTART)
        journal.failures.push(`${client} was cut off with ${String(code)} in a rolling restart`)
    }
    for (const refusal of workload.refusals.slice(before.refusals))
      journal.failures.push(`a request was answered ${refusal} in a rolling restart`)
  }
}

/** F3. */
const freeze: Fault = {
  id: 'F3',
  title: `SIGSTOP of a replica for ${String(FREEZE_MS / 1_000)} s, then SIGCONT`,
  async inject ({ cluster, random, injected, during }: Round) {
    const replica = cluster.replica(random.integer(0, cluster.replicas.length - 1))
    replica.signal('SIGSTOP')
    injected()
    await during(FREEZE_MS)
    replica.signal('SIGCONT')
    await during(1_000)
  }
}

/** All of them. */
export const replicaFaults: readonly Fault[] = [kill, rollingRestart, freeze]
