/** Connections of one statement at a time to a server whose data is moved. */
import postgres, { type Sql } from 'postgres'
import { splitHosts } from '../../postgres/socket.ts'

/** Connects with the first statement. @param url as {@link EmbeddedPostgres} gives it */
export function connectTo (url: string): Sql {
  const { hosts: [{ host, port }], url: single } = splitHosts(url)
  const path = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${String(port)}` } : {}
  return postgres(single, { ...path, max: 1, onnotice: () => undefined })
}
