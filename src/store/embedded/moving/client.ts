/** Connections to a server whose data is moved, for one statement at a time. */
import postgres, { type Sql } from 'postgres'
import { parsePostgresUrl } from '../../postgres/address.ts'

/** Connects with the first statement. @param url as in {@link EmbeddedPostgres} */
export function connectTo (url: string): Sql {
  const { hosts: [{ host, port }], user = '', database = '' } = parsePostgresUrl(url)
  const place = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${String(port)}` } : { host, port }
  return postgres({ ...place, user, database, max: 1, onnotice: () => undefined })
}
