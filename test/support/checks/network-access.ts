/** Which connections NetworkPolicies let through, worked out from their rules as the API defines them. */
import { BlockList, isIP } from 'node:net'
import { at, isRecord, listAt, textAt } from '../data/json.ts'
import { listOf, type Manifest, matches, ofKind } from '../data/manifests.ts'

/** The other end of a connection: a pod with its labels and those of its namespace, or an address. */
export type Peer = { namespace?: Record<string, string>, pod?: Record<string, string>, address?: string }

/** A connection as policies see it; the port is the number or the name of the port of the pod that it leads to. */
export type Connection = {
  direction: 'ingress' | 'egress'
  peer: Peer
  port: number | string
  protocol?: 'TCP' | 'UDP'
}

/**
 * Whether a pod may have a connection: some policy that selects it has a rule for it, or none selects it.
 * @param labels of the pod
 */
export function isLetThrough (
  manifests: readonly Manifest[],
  labels: Record<string, string>,
  { direction, peer, port, protocol = 'TCP' }: Connection
): boolean {
  const policies = ofKind(manifests, 'NetworkPolicy').filter(
    (policy) =>
      matches(at(policy, 'spec', 'podSelector'), labels) &&
      listAt(policy, 'spec', 'policyTypes').includes(direction === 'ingress' ? 'Ingress' : 'Egress')
  )
  return policies.length === 0 || policies.some((policy) =>
    listOf(at(policy, 'spec', direction)).some((rule) =>
      isAmongPeers(listOf(at(rule, direction === 'ingress' ? 'from' : 'to')), peer) &&
      isAmongPorts(listOf(at(rule, 'ports')), port, protocol)
    )
  )
}

/** An empty list is all there are. */
function isAmongPeers (peers: readonly unknown[], { namespace, pod, address }: Peer): boolean {
  return peers.length === 0 || peers.some((peer) => {
    const block = at(peer, 'ipBlock')
    if (block !== undefined) return address !== undefined && isInBlock(block, address)
    const [namespaces, pods] = [at(peer, 'namespaceSelector'), at(peer, 'podSelector')]
    // Without a namespace it is a pod of the same one.
    const isInNamespace = namespaces === undefined ? namespace === undefined : matches(namespaces, namespace ?? {})
    return pod !== undefined && isInNamespace && (pods === undefined || matches(pods, pod))
  })
}

function isInBlock (block: unknown, address: string): boolean {
  const isIn = (cidr: string) => {
    const [network = '', length] = cidr.split('/')
    const family = (text: string) => (isIP(text) === 6 ? 'ipv6' : 'ipv4')
    const list = new BlockList()
    list.addSubnet(network, Number(length), family(network))
    return family(network) === family(address) && list.check(address, family(address))
  }
  return isIn(textAt(block, 'cidr')) && !listOf(at(block, 'except')).some((cidr) => isIn(String(cidr)))
}

function isAmongPorts (ports: readonly unknown[], port: number | string, protocol: string): boolean {
  return ports.length === 0 || ports.some((each) => {
    if (!isRecord(each)) return false
    return (each['protocol'] ?? 'TCP') === protocol && (each['port'] === undefined || each['port'] === port)
  })
}
