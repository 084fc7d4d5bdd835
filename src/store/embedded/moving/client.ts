/** Connections to a server whose data is moved, for one statement at a time. */
import postgres, { type Sql } from 'postgres'
import { splitHosts } from '../../postgres/socket.ts'

/** Connects with the first statement. @param url as in {@link EmbeddedPostgres} */
export function connectTo (url: string): Sql {
  const { hosts: [{ host, port }], url: single } = splitHosts(url)
  const path = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${String(port)}` } : {}
  return postgres(single, { ...path, max: 1, onnotice: () => undefined })
}
