/** Faults between the commit and the announcement, and of the announcements themselves: they need fail points. */
import type { Fault, Round } from '../fault.ts'

const LOAD_MS = 4_000
/** With every announcement lost, what is stored reaches everybody with the next sweep: SWEEP_INTERVAL and some work. */
const STALENESS_MS = 5_000

/** Starts every replica with fail points, does something, and starts the real ones again. */
async function rigged ({ cluster, during }: Round, fault: string, work: () => Promise<void>): Promise<void> {
  for (const replica of cluster.replicas) await replica.restart('SIGTERM', { fault })
  await during(500)
  await work()
  for (const replica of cluster.replicas) await replica.restart('SIGTERM')
}

/** Switches the fail points of all replicas. */
function toggle ({ cluster }: Round): void {
  for (const replica of cluster.replicas) replica.signal('SIGUSR2')
}

/** F4. */
const dieBeforeAnnouncing: Fault = {
  id: 'F4',
  title: 'a replica dies after COMMIT, before its announcement and its acknowledgement',
  async inject (round: Round) {
    await rigged(round, 'die', async () => {
      for (const replica of round.cluster.replicas) {
        replica.signal('SIGUSR2')
        await replica.awaitEnd()
        round.injected()
        await replica.start({ fault: 'die' })
      }
    })
  }
}

/** F6, all are lost: readers are at the head as late as the sweep, also when nothing else happens. */
const lose: Fault = {
  id: 'F6.lose',
  title: 'every announcement is lost',
  async inject (round: Round) {
    const { workload, journal, injected, during, cluster } = round
    await rigged(round, 'lose', async () => {
      toggle(round)
      injected()
      await during(LOAD_MS)
      await workload.pause()
      const start = Date.now()
      await workload.readersReachHeads(STALENESS_MS)
      for (const { record, position, chatID } of workload.readers) {
        const head = workload.headOf(chatID)
        if (position < head)
          journal.late.push(
            `${record.reader} in chat ${String(chatID)} stands at ${String(position)} of ${String(head)} after ` +
            `${String(Date.now() - start)} ms without announcements`
          )
      }
      toggle(round)
      workload.resume()
    })
    await cluster.healthy()
  }
}

/** F6, the other ways to fail. */
function unreliable (id: string, fault: string, title: string): Fault {
  return {
    id,
    title,
    async inject (round: Round) {
      await rigged(round, fault, async () => {
        toggle(round)
        round.injected()
        await round.during(LOAD_MS)
        toggle(round)
        await round.during(1_000)
      })
    }
  }
}

/** All of them. */
export const hintFaults: readonly Fault[] = [
  dieBeforeAnnouncing,
  lose,
  unreliable('F6.scramble', 'scramble', 'announcements are lost, doubled, late and out of order'),
  unreliable('F6.delay', 'delay', 'every announcement is 1.5 s late')
]
