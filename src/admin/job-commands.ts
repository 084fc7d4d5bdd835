/** The commands for the queue of jobs: what waits, and what was given up. */
import { audited } from '../domain/accounts/administration.ts'
import { dropJobs, type JobRow, listJobs, reviveJobs, summarizeJobs } from '../store/jobs.ts'
import { CommandError } from './command-error.ts'
import type { Call, Command } from './command.ts'

/** Jobs that are listed at most. */
const LIST_LIMIT = 100
const MS_PER_S = 1_000

/** Commands about jobs. */
export const JOB_COMMANDS: readonly Command[] = [
  {
    words: 'jobs list',
    usage: '[--kind <kind>] [--dead]',
    purpose:
      'count the jobs that wait and those that were given up (dead), by kind, and list the oldest: id, kind, target, ' +
      'creation, attempts, next attempt or when it was given up, and why the last attempt failed',
    run: runList
  },
  {
    words: 'jobs retry',
    usage: '[<job>] [--kind <kind>] [--all]',
    purpose: 'try dead jobs again: one, those of a kind, or all; of a mail that was given up nothing is left to send',
    run: runRetry
  },
  {
    words: 'jobs drop',
    usage: '[<job>] [--kind <kind>] [--all]',
    purpose: 'delete dead jobs: one, those of a kind, or all',
    run: runDrop
  }
]

async function runList ({ context, flags: { kind, dead } }: Call): Promise<string[]> {
  return context.withStore(async (orm) => {
    const summaries = (await summarizeJobs(orm)).filter((summary) => kind === undefined || summary.kind === kind)
    const rows = await listJobs(orm, { kind, areDead: dead, limit: LIST_LIMIT })
    if (summaries.length === 0) return ['There are no jobs.']
    return [
      ...summaries.map(({ kind, waiting, dead, oldestMs }) =>
        [kind, `${String(waiting)} waiting`, `${String(dead)} dead`, `oldest ${describeAge(oldestMs)}`].join('\t')),
      ...rows.map(describeJob)
    ]
  })
}

function describeAge (ms: number | null): string {
  return ms === null ? 'none' : `${String(Math.round(ms / MS_PER_S))} s`
}

/** One line with tabs between its columns. */
function describeJob ({ id, kind, target, createdAt, attempts, dueAt, failedAt, reason }: JobRow): string {
  const times = [createdAt, failedAt ?? dueAt].map((time) => time.toISOString())
  return [String(id), kind, target, times[0], String(attempts), times[1], reason ?? ''].join('\t')
}

async function runRetry (call: Call): Promise<string[]> {
  const chosen = chosenJobs(call)
  const count = await call.context.withStore((orm) =>
    audited(orm, 'jobs.retried', (tx) => reviveJobs(tx, chosen), (jobs) => ({ ...chosen, jobs })))
  if (count === 0 && chosen.id !== undefined)
    throw new CommandError('There is no such dead job, or nothing is left of it to try again.')
  return [`${String(count)} to be tried again.`]
}

async function runDrop (call: Call): Promise<string[]> {
  const chosen = chosenJobs(call)
  const count = await call.context.withStore((orm) =>
    audited(orm, 'jobs.dropped', (tx) => dropJobs(tx, chosen), (jobs) => ({ ...chosen, jobs })))
  if (count === 0 && chosen.id !== undefined) throw new CommandError('There is no such dead job.')
  return [`${String(count)} deleted.`]
}

/** @throws {CommandError} unless exactly one of the three forms is given */
function chosenJobs ({ parameters: [job], flags: { kind, all } }: Call): { id?: number, kind?: string } {
  if ([job !== undefined, kind !== undefined, all].filter(Boolean).length !== 1)
    throw new CommandError('Name a job by its id, or a kind with --kind, or all with --all.')
  if (job === undefined) return kind === undefined ? {} : { kind }
  if (!/^[1-9]\d{0,14}$/.test(job)) throw new CommandError('The id of a job is a number: see "confab jobs list".')
  return { id: Number(job) }
}
