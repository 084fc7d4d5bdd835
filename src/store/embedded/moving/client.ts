/** Connections of one statement at a time to a server whose data is moved. */
import postgres, { type Sql } from 'postgres'
import { splitHosts } from '../../postgres/socket.ts'
import type { DumpSource } from './dump.ts'

/** Connects with the first statement. @param url as {@link EmbeddedPostgres} gives it */
export function connectTo (url: string): Sql {
  const { hosts: [{ host, port }], url: single } = splitHosts(url)
  const path = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${String(port)}` } : {}
  return postgres(single, { ...path, max: 1, onnotice: () => undefined })
}

/** A server as a source of a dump. */
export function dumpSourceOf (client: Sql): DumpSource {
  return {
    query: async (sql) => client.unsafe(sql),
    copy: async (select) => client.unsafe(`copy (${select}) to stdout`).readable()
  }
}
