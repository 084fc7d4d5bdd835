/** Checks that the ports of a replica can be opened. */
import type { InspectedConfig } from '../config/config.ts'
import type { Problems } from '../config/problems.ts'
import type { Finding } from '../lib/finding.ts'
import { type AddressNames, describeListenError, type ListenAddress, tryToListen } from '../lib/listening.ts'

/** The variables of the port of clients. */
export const SERVER_NAMES = { host: 'HOST', port: 'PORT' }
/** The variables of the port of metrics. */
export const METRICS_NAMES = { host: 'METRICS_HOST', port: 'METRICS_PORT' }
/** The variables of the second port of clients. */
export const CHATCLI_SOCKET_NAMES = { host: 'HOST', port: 'CHATCLI_WS_PORT' }

/** How long a server that has the port may take to say that it is a Confab, in milliseconds. */
const ASK_TIMEOUT_MS = 2_000

/** Checks all ports. @param isServed whether a replica that has them is as good as nobody */
export async function checkPorts (
  { host, port, metrics, chatcliSocket }: InspectedConfig, problems: Problems, isServed: boolean
): Promise<Finding[]> {
  const known = [
    { address: { host, port }, names: SERVER_NAMES },
    ...(metrics === undefined ? [] : [{ address: metrics, names: METRICS_NAMES }]),
    ...(chatcliSocket === undefined ? [] : [{ address: chatcliSocket, names: CHATCLI_SOCKET_NAMES }])
  ].filter(({ names }) => !problems.concern(names.host, names.port))
  if (isServed && await isConfab({ host, port }))
    return [{ level: 'ok', subject: 'PORT', text: `a Confab serves on ${host}:${String(port)}` }]
  return Promise.all(known.map(({ address, names }) => checkPort(address, names)))
}

async function checkPort (address: ListenAddress, names: AddressNames): Promise<Finding> {
  const subject = names.port
  try {
    await tryToListen(address)
    return { level: 'ok', subject, text: `${address.host}:${String(address.port)} is free` }
  } catch (error) {
    const reason = describeListenError(error, address, names)
    return { level: 'failure', subject, text: reason ?? (error instanceof Error ? error.message : String(error)) }
  }
}

async function isConfab ({ host, port }: ListenAddress): Promise<boolean> {
  const place = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  try {
    const signal = AbortSignal.timeout(ASK_TIMEOUT_MS)
    const response = await fetch(`http://${place}:${String(port)}/livez`, { signal })
    return (await response.text()) === '{"status":"ok"}'
  } catch {
    return false
  }
}
