/** Every fault. */
import type { Fault } from '../fault.ts'
import { buildFaults } from './builds.ts'
import { clientFaults } from './clients.ts'
import { clockFaults } from './clock.ts'
import { crowdFaults } from './crowds.ts'
import { diskFaults } from './disk.ts'
import { hintFaults } from './hints.ts'
import { networkFaults } from './network.ts'
import { poolerFaults } from './pooler.ts'
import { postgresFaults } from './postgres.ts'
import { postgresAddressFaults } from './postgres-address.ts'
import { postgresFailoverFaults } from './postgres-failover.ts'
import { redisFaults } from './redis.ts'
import { redisFailoverFaults } from './redis-failover.ts'
import { replicaFaults } from './replicas.ts'

/** In the order of the table in docs/design/guarantees.md. */
export const catalogue: readonly Fault[] = [
  ...replicaFaults,
  ...hintFaults,
  ...redisFaults,
  ...redisFailoverFaults,
  ...postgresFaults,
  ...diskFaults,
  ...postgresFailoverFaults,
  ...postgresAddressFaults,
  ...networkFaults,
  ...clientFaults,
  ...clockFaults,
  ...buildFaults,
  ...poolerFaults,
  ...crowdFaults
]
