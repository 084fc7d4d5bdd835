/** Faults of Postgres: it crashes, restarts, breaks connections and commits, and runs out of what it needs. */
import postgres, { type Sql } from 'postgres'
import type { Fault, Round } from '../fault.ts'

const ROUNDS = 5
const SHORTAGE_MS = 3_000
const MORE_THAN_THERE_ARE = 120

function stopped (
  id: string,
  title: string,
  how: 'fast' | 'immediate' | 'killed',
  forMs: number,
  isShort?: true
): Fault {
  return {
    id,
    title,
    ...(isShort && { isShort }),
    async inject ({ cluster, injected, during }: Round) {
      await cluster.postgres.stop(how)
      injected()
      await during(forMs)
      await cluster.postgres.start()
      await cluster.healthy()
    }
  }
}

/**
 * F5: a trigger that runs at the commit, behind the inserts, ends its own connection: the transaction is rolled back.
 */
const dieBeforeCommit: Fault = {
  id: 'F5.connection',
  title: 'every tenth transaction dies after its INSERT, before its COMMIT',
  async inject ({ cluster, injected, during }: Round) {
    await breakCommits(
      cluster.sql,
      'if random() < 0.1 then perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1); end if;',
      async () => {
        injected()
        await during(4_000)
      }
    )
    await cluster.healthy()
  }
}

/** F5: the replica dies while its transaction is between the two. */
const replicaDiesBeforeCommit: Fault = {
  id: 'F5.replica',
  title: 'a replica is killed while its transactions are between INSERT and COMMIT',
  async inject ({ cluster, random, injected, during }: Round) {
    await breakCommits(cluster.sql, 'perform pg_sleep(0.1);', async () => {
      for (let count = 0; count < 3; count++) {
        const replica = cluster.replica(count)
        await during(random.integer(200, 500))
        await replica.stop('SIGKILL')
        // Without this the server goes on and commits what nobody waits for: that is to be tried, too.
        if (count % 2 === 0)
          await cluster.sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'confab%'
            and wait_event = 'PgSleep'`
        injected()
        await replica.start()
      }
    })
    await cluster.healthy()
  }
}

async function breakCommits (sql: Sql, how: string, work: () => Promise<void>): Promise<void> {
  await sql.unsafe(
    `create function break_commit() returns trigger language plpgsql as $$ begin ${how} return null; end $$`
  )
  await sql`create constraint trigger break_commit after insert on messages deferrable initially deferred
    for each row execute function break_commit()`
  try {
    await work()
  } finally {
    await sql`drop trigger break_commit on messages`
    await sql`drop function break_commit()`
  }
}

/**
 * F9: connections die after the COMMIT, before its answer. With a synchronous standby that does not exist, a commit is
 * done and then waits; a connection that is ended there has committed and cannot say so.
 */
const inDoubt: Fault = {
  id: 'F9.in-doubt',
  title: 'connections die after COMMIT, before its answer',
  async inject ({ cluster, injected, during }: Round) {
    for (let count = 0; count < ROUNDS; count++) {
      await cluster.postgres.set({ synchronous_standby_names: 'nobody' })
      await during(400)
      const ended =
        await cluster.sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'confab%'
          and wait_event = 'SyncRep'`
      injected(ended.length)
      await cluster.postgres.set({ synchronous_standby_names: '' })
      await during(600)
    }
    await cluster.healthy()
  }
}

const terminate: Fault = {
  id: 'F9.terminate',
  title: 'pg_terminate_backend of connections at work',
  async inject ({ cluster, random, injected, during }: Round) {
    for (let count = 0; count < 8 * ROUNDS; count++) {
      const ended = await cluster.sql`
        select pg_terminate_backend(pid) from (
          select pid from pg_stat_activity where application_name like 'confab%'
            order by state, pid offset ${random.integer(0, 4)} limit 1
        ) as victim`
      injected(ended.length)
      await during(random.integer(20, 150))
    }
    await cluster.healthy()
  }
}

const timeouts: Fault = {
  id: 'F9.timeouts',
  title: 'statement and lock time-outs while somebody holds the locks of all chats',
  async inject ({ cluster, injected, during }: Round) {
    await cluster.postgres.set({ lock_timeout: '150ms', statement_timeout: '400ms' })
    for (let count = 0; count < 3; count++) {
      await cluster.sql.begin(async (transaction) => {
        await transaction`select from chat_heads order by chat_id for update`
        injected()
        await during(800)
      })
      await during(300)
    }
    await cluster.postgres.set({ lock_timeout: '0', statement_timeout: '0' })
  }
}

const noConnections: Fault = {
  id: 'F9.connections',
  title: `others take every connection for ${String(SHORTAGE_MS / 1_000)} s`,
  async inject ({ cluster, injected, during }: Round) {
    const others = Array.from({ length: MORE_THAN_THERE_ARE }, () =>
      postgres(cluster.postgres.url, { max: 1, backoff: () => 60, onnotice: () => undefined })
    )
    try {
      await cluster.sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'confab%'`
      await Promise.allSettled(others.map((other) => other`select 1`))
      injected()
      await during(SHORTAGE_MS)
    } finally {
      await Promise.all(others.map((other) => other.end({ timeout: 0 })))
    }
    await cluster.healthy()
  }
}

/** All of them. */
export const postgresFaults: readonly Fault[] = [
  dieBeforeCommit,
  replicaDiesBeforeCommit,
  stopped('F9.restart', 'Postgres is restarted in order', 'fast', 200, true),
  stopped('F9.kill', 'kill -9 of Postgres', 'killed', 300),
  stopped('F9.stop', 'Postgres is away for 4 s', 'immediate', 4_000),
  inDoubt,
  terminate,
  timeouts,
  noConnections
]
