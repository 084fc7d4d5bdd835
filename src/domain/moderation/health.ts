/** How the installation is: its replicas, its database, its queue, its sizes. Cheap, however often it is asked. */
import type { Orm } from '../../store/database.ts'
import { type JobSummary, summarizeJobs } from '../../store/jobs.ts'
import {
  listReplicas, measureSizes, readPostgresVersion, type ReplicaRow, type StoredSizes
} from '../../store/replicas.ts'
import { countOpenReports } from '../../store/reports.ts'

/** A replica that was silent for longer is not alive. */
const ALIVE_MS = 30_000
/** For so long the same report is given again, and sizes, which cost more. */
const [REPORT_KEPT_MS, SIZES_KEPT_MS] = [2_000, 60_000]

/** How the installation is. */
export type Health = {
  at: Date
  replicas: ReplicaRow[]
  postgres: { version: string, latencyMs: number }
  /** Undefined without one: there is a single process. */
  redis: { isUp: boolean } | undefined
  jobs: JobSummary[]
  sizes: StoredSizes
  openReports: number
}

/** Dependencies of the report. */
export type HealthDeps = {
  orm: Orm
  /** Whether the bus of this replica is up; undefined without Redis. */
  isRedisUp: (() => boolean) | undefined
}

/** Keeps the last result of work for a while; of several who ask at the same time one works. */
function kept<Result> (keptMs: number, work: () => Promise<Result>): () => Promise<Result> {
  let last: { at: number, result: Promise<Result> } | undefined
  return async () => {
    if (last === undefined || performance.now() - last.at >= keptMs) {
      const mine = { at: performance.now(), result: work() }
      last = mine
      mine.result.catch(() => {
        if (last === mine) last = undefined
      })
    }
    return last.result
  }
}

/** Wires the report. */
export function createHealth ({ orm, isRedisUp }: HealthDeps) {
  const sizes = kept(SIZES_KEPT_MS, () => measureSizes(orm))
  const read = async (): Promise<Health> => {
    const began = performance.now()
    const version = await readPostgresVersion(orm)
    const latencyMs = performance.now() - began
    const [replicas, jobs, size, openReports] = await Promise.all([
      listReplicas(orm, ALIVE_MS), summarizeJobs(orm), sizes(), countOpenReports(orm, {})
    ])
    return {
      at: new Date(),
      replicas,
      postgres: { version, latencyMs },
      redis: isRedisUp && { isUp: isRedisUp() },
      jobs,
      sizes: size,
      openReports
    }
  }
  return { read: kept(REPORT_KEPT_MS, read) }
}
