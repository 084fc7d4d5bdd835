/**
 * A haproxy in front of the replicas, as an operator would set it up: it asks `/readyz`, and knows nothing of sockets.
 */
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../support/servers/process.ts'
import type { Scope } from '../../support/scope.ts'
import { Program } from '../../support/servers/bound-program.ts'

const START_DEADLINE_MS = 10_000
const RETRY_MS = 50

/** How often haproxy asks a replica whether it is ready, in milliseconds. One bad answer takes it out. */
export const CHECK_INTERVAL_MS = 200

/** Starts a haproxy that ends with the scope. @returns its URL */
export async function startBalancer (scope: Scope, folder: string, ports: readonly number[]): Promise<string> {
  const port = await freePort()
  const file = path.join(folder, `haproxy-${String(port)}.cfg`)
  await writeFile(file, configuration(port, ports))
  const program = new Program(scope, 'haproxy', { parameters: ['-db', '-f', file] })
  const end = Date.now() + START_DEADLINE_MS
  while (!(await takesConnections(port))) {
    if (!program.isRunning || Date.now() > end) throw new Error(`haproxy does not start: ${program.output}`)
    await delay(RETRY_MS)
  }
  return `http://127.0.0.1:${String(port)}`
}

function configuration (port: number, replicas: readonly number[]): string {
  return `defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  timeout check 2s
  retries 3
  option redispatch
frontend clients
  bind 127.0.0.1:${String(port)}
  default_backend replicas
backend replicas
  balance roundrobin
  option httpchk GET /readyz
  http-check expect status 200
  default-server check inter ${String(CHECK_INTERVAL_MS)} fall 1 rise 1
${replicas.map((replica, index) => `  server replica${String(index + 1)} 127.0.0.1:${String(replica)}`).join('\n')}
`
}

async function takesConnections (port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
