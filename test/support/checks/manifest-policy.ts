/** The rules that Confab's manifests keep beyond the types of the API: each returns what breaks it, in words. */
import { loadConfig, loadStorageConfig } from '../../../src/config/config.ts'
import { EnvironmentSchema } from '../../../src/config/environment.ts'
import { ConfigError } from '../../../src/config/errors.ts'
import { at, listAt, textAt } from '../data/json.ts'
import { containersOf, listOf, type Manifest, matches, nameOf, ofKind, podOf } from '../data/manifests.ts'
import { configOf, configured, fields, serversOf } from '../data/server-manifests.ts'
import { fault } from './fault.ts'
import { budgets } from './manifest-budgets.ts'

const LONGEST_QUIET_S = 3_600
const MIN_STABILISATION_S = 300
const WORKLOADS = ['Deployment', 'StatefulSet', 'Job']
/** Secrets that whoever installs Confab makes. */
const GIVEN_SECRETS = ['confab', 'confab-migrate']

const RULES = [
  restricted,
  sized,
  images,
  selectors,
  ports,
  probes,
  drain,
  environment,
  autoscaling,
  disruption,
  quiet,
  isolated,
  migration,
  budgets
]

/** Everything that is wrong with the objects of one installation. */
export function faultsOf (manifests: readonly Manifest[]): string[] {
  return RULES.flatMap((rule) => rule(manifests))
}

const workloadsOf = (manifests: readonly Manifest[]) => ofKind(manifests, ...WORKLOADS)

/** Pod Security Standard "restricted", and what it does not ask for: a read-only root, no token, no host. */
function restricted (manifests: readonly Manifest[]): string[] {
  return workloadsOf(manifests).flatMap((workload) => {
    const name = nameOf(workload)
    const { spec } = podOf(workload)
    const security = at(spec, 'securityContext')
    return [
      ...fault(at(security, 'runAsNonRoot') !== true, name, 'may run as root'),
      ...fault(!(Number(at(security, 'runAsUser')) >= 1), name, 'has no numeric user'),
      ...fault(at(security, 'seccompProfile', 'type') !== 'RuntimeDefault', name, 'has no seccomp profile'),
      ...fault(at(spec, 'automountServiceAccountToken') !== false, name, 'mounts a token'),
      ...fault(
        !ofKind(manifests, 'ServiceAccount').some(
          (account) => at(account, 'metadata', 'name') === at(spec, 'serviceAccountName')
        ),
        name,
        'has no account of its own'
      ),
      ...['hostNetwork', 'hostPID', 'hostIPC'].flatMap((field) =>
        fault(at(spec, field) !== undefined, name, 'has', field)
      ),
      ...listOf(at(spec, 'volumes')).flatMap((volume) =>
        fault(at(volume, 'hostPath') !== undefined, name, 'mounts a path of its host')
      ),
      ...containersOf(workload).flatMap((container) => restrictedContainer(name, at(container, 'securityContext')))
    ]
  })
}

function restrictedContainer (name: string, security: unknown): string[] {
  return [
    ...fault(at(security, 'allowPrivilegeEscalation') !== false, name, 'may gain privileges'),
    ...fault(at(security, 'readOnlyRootFilesystem') !== true, name, 'may write to its root'),
    ...fault(at(security, 'privileged') === true, name, 'is privileged'),
    ...fault(!listOf(at(security, 'capabilities', 'drop')).includes('ALL'), name, 'keeps capabilities'),
    ...fault(at(security, 'capabilities', 'add') !== undefined, name, 'has more capabilities')
  ]
}

/** Memory that is reserved is all that there is, and CPU is never throttled. */
function sized (manifests: readonly Manifest[]): string[] {
  return workloadsOf(manifests).flatMap((workload) =>
    containersOf(workload).flatMap((container) => {
      const name = nameOf(workload)
      const [requests, limits] = [at(container, 'resources', 'requests'), at(container, 'resources', 'limits')]
      const heap = /--max-old-space-size=(\d+)/.exec(String(environmentOf(container).get('NODE_OPTIONS')))?.[1]
      return [
        ...fault(
          at(limits, 'memory') === undefined || at(limits, 'memory') !== at(requests, 'memory'),
          name,
          'has not the memory it asks for'
        ),
        ...fault(
          at(requests, 'cpu') === undefined || at(limits, 'cpu') !== undefined,
          name,
          'needs a request of CPU and no limit'
        ),
        ...fault(
          heap !== undefined && Number(heap) > 0.8 * mebibytes(at(limits, 'memory')),
          name,
          'has a heap that its memory cannot hold'
        )
      ]
    })
  )
}

function mebibytes (quantity: unknown): number {
  const [, amount, unit] = /^(\d+)(Mi|Gi)$/.exec(String(quantity)) ?? []
  return Number(amount) * (unit === 'Gi' ? 1_024 : 1)
}

function environmentOf (container: unknown): Map<string, unknown> {
  return new Map(listOf(at(container, 'env')).map((variable) => [textAt(variable, 'name'), at(variable, 'value')]))
}

/** Images have a tag that means the same tomorrow. */
function images (manifests: readonly Manifest[]): string[] {
  return workloadsOf(manifests).flatMap((workload) =>
    containersOf(workload).flatMap((container) => {
      const image = textAt(container, 'image')
      const [, tag] = /:([\w][\w.-]*)(?:@sha256:[0-9a-f]{64})?$/.exec(image) ?? []
      return fault(tag === undefined || tag === 'latest', nameOf(workload), 'has the image', image)
    })
  )
}

/** Whatever selects pods selects some, and what points at an object has one. */
function selectors (manifests: readonly Manifest[]): string[] {
  const pods = workloadsOf(manifests).map(podOf)
  const selectsNone = (selector: unknown) => !pods.some(({ labels }) => matches(selector, labels))
  const names = new Set(manifests.map(nameOf))
  return [
    ...ofKind(manifests, 'Deployment', 'StatefulSet').flatMap((workload) =>
      fault(
        !matches(at(workload, 'spec', 'selector'), podOf(workload).labels),
        nameOf(workload),
        'does not select its own pods'
      )
    ),
    ...ofKind(manifests, 'PodDisruptionBudget').flatMap((budget) =>
      fault(selectsNone(at(budget, 'spec', 'selector')), nameOf(budget), 'selects no pod')
    ),
    ...ofKind(manifests, 'NetworkPolicy').flatMap((policy) =>
      fault(selectsNone(at(policy, 'spec', 'podSelector')), nameOf(policy), 'selects no pod')
    ),
    ...ofKind(manifests, 'Service').flatMap((service) =>
      fault(selectsNone({ matchLabels: at(service, 'spec', 'selector') }), nameOf(service), 'selects no pod')
    ),
    ...ofKind(manifests, 'HorizontalPodAutoscaler').flatMap((scaler) =>
      fault(
        !names.has(
          `${textAt(scaler, 'spec', 'scaleTargetRef', 'kind')}/${textAt(scaler, 'spec', 'scaleTargetRef', 'name')}`
        ),
        nameOf(scaler),
        'scales nothing'
      )
    ),
    ...serversOf(manifests).flatMap((server) => {
      const { labels, spec } = podOf(server)
      const spread = [
        ...listOf(at(spec, 'topologySpreadConstraints')).map((constraint) => at(constraint, 'labelSelector')),
        ...listOf(at(spec, 'affinity', 'podAntiAffinity', 'preferredDuringSchedulingIgnoredDuringExecution')).map(
          (term) => at(term, 'podAffinityTerm', 'labelSelector')
        )
      ]
      return [
        ...fault(
          spread.length < 2 || !spread.every((selector) => matches(selector, labels)),
          nameOf(server),
          'is not spread over zones and nodes'
        ),
        ...listOf(at(spec, 'topologySpreadConstraints')).flatMap((constraint) =>
          fault(
            at(constraint, 'nodeTaintsPolicy') !== 'Honor' ||
            listOf(at(constraint, 'matchLabelKeys')).join() !== 'pod-template-hash',
            nameOf(server),
            'is spread over nodes that it cannot run on, or beside replicas that go'
          )
        )
      ]
    })
  ]
}

const portsOf = (workload: Manifest) => containersOf(workload).flatMap((container) => listOf(at(container, 'ports')))

/** Named ports exist where they are pointed to, and clients find the two that they know. */
function ports (manifests: readonly Manifest[]): string[] {
  const named = (selector: unknown) =>
    workloadsOf(manifests)
      .filter((workload) => matches(selector, podOf(workload).labels))
      .flatMap(portsOf)
      .map((port) => at(port, 'name'))
  const services = ofKind(manifests, 'Service')
  const backends = ofKind(manifests, 'Ingress')
    .flatMap((ingress) => listAt(ingress, 'spec', 'rules'))
    .flatMap((rule) => listAt(rule, 'http', 'paths'))
    .map((path) => at(path, 'backend', 'service'))
  const front = services.find((service) => nameOf(service) === 'Service/confab')
  const open = listOf(at(front, 'spec', 'ports')).map(
    (port) => `${String(at(port, 'name'))} ${String(at(port, 'port'))} ${String(at(port, 'targetPort'))}`
  )
  return [
    ...fault(open.join() !== 'http 5123 http,ws 8765 http', 'Service/confab has the ports', open.join()),
    ...services.flatMap((service) =>
      listAt(service, 'spec', 'ports').flatMap((port) =>
        fault(
          !named({ matchLabels: at(service, 'spec', 'selector') }).includes(at(port, 'targetPort')),
          nameOf(service),
          'leads to no port',
          String(at(port, 'targetPort'))
        )
      )
    ),
    ...backends.flatMap((backend) => {
      const service = services.find((candidate) => at(candidate, 'metadata', 'name') === at(backend, 'name'))
      return fault(
        !listOf(at(service, 'spec', 'ports')).some((port) => at(port, 'name') === at(backend, 'port', 'name')),
        'an Ingress leads to no port of a service'
      )
    }),
    ...ofKind(manifests, 'NetworkPolicy').flatMap((policy) =>
      listOf(at(policy, 'spec', 'ingress'))
        .flatMap((rule) => listOf(at(rule, 'ports')))
        .flatMap((port) =>
          fault(
            !named(at(policy, 'spec', 'podSelector')).includes(at(port, 'port')),
            nameOf(policy),
            'opens no port',
            String(at(port, 'port'))
          )
        )
    )
  ]
}

/** Alive is not ready: a restart mends no database. */
function probes (manifests: readonly Manifest[]): string[] {
  return serversOf(manifests).flatMap((server) =>
    listAt(podOf(server).spec, 'containers').flatMap((container) => {
      const [startup, readiness, liveness] = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) =>
        at(container, probe, 'httpGet', 'path')
      )
      return [
        ...fault(liveness !== '/livez', nameOf(server), 'is restarted for more than its own fault'),
        ...fault(readiness !== '/readyz', nameOf(server), 'gets traffic without being ready'),
        ...fault(startup !== '/livez', nameOf(server), 'has no time to start')
      ]
    })
  )
}

const seconds = (value: unknown) => (typeof value === 'number' ? value : 0)

/** Every replica has the time to end in order, and none goes before another has come. */
function drain (manifests: readonly Manifest[]): string[] {
  return serversOf(manifests).flatMap((server) => {
    const { spec } = podOf(server)
    const name = nameOf(server)
    const grace = seconds(at(spec, 'terminationGracePeriodSeconds'))
    const preStop = Math.max(
      ...containersOf(server).map((container) => seconds(at(container, 'lifecycle', 'preStop', 'sleep', 'seconds')))
    )
    const { delayMs, timeoutMs } = configOf(manifests, server)?.drain ?? { delayMs: 0, timeoutMs: 0 }
    // By then the process has ended by itself, in order or not.
    const needed = preStop + timeoutMs / 1_000
    return [
      ...fault(grace < needed, name, `has ${String(grace)} s to end and needs ${String(needed)} s`),
      ...fault(preStop + delayMs / 1_000 < 5, name, 'leaves before anybody has heard of it'),
      ...fault(
        at(server, 'spec', 'strategy', 'rollingUpdate', 'maxUnavailable') !== 0,
        name,
        'goes before another has come'
      ),
      ...fault(!(seconds(at(server, 'spec', 'minReadySeconds')) > 0), name, 'counts as there at once')
    ]
  })
}

/** Every variable is one that the configuration knows, with a value that it takes, from a source that is there. */
function environment (manifests: readonly Manifest[]): string[] {
  const ours = workloadsOf(manifests).filter(
    (workload) => at(podOf(workload).labels, 'app.kubernetes.io/name') === 'confab'
  )
  return ours.flatMap((workload) =>
    containersOf(workload).flatMap((container) => environmentFaults(manifests, nameOf(workload), container))
  )
}

function environmentFaults (manifests: readonly Manifest[], name: string, container: unknown): string[] {
  const values = configured(manifests, container)
  const unknown = [...Object.keys(values), ...environmentOf(container).keys()].filter(
    (key) => !Object.hasOwn(EnvironmentSchema.properties, key) && key !== 'NODE_OPTIONS'
  )
  return [
    ...unknown.map((key) => `${name} sets ${key}, which Confab does not know`),
    ...listOf(at(container, 'envFrom')).flatMap((source) => {
      const [kind, ref] =
        at(source, 'configMapRef') === undefined
          ? ['Secret', textAt(source, 'secretRef', 'name')]
          : ['ConfigMap', textAt(source, 'configMapRef', 'name')]
      return fault(
        !manifests.some((manifest) => nameOf(manifest) === `${kind}/${ref}`) &&
        !(kind === 'Secret' && GIVEN_SECRETS.includes(ref)),
        name,
        'has no',
        kind,
        ref
      )
    }),
    ...refusal(() => (at(container, 'name') === 'migrate' ? loadStorageConfig(values) : loadConfig(values))).map(
      (refused) => `${name}: ${refused}`
    )
  ]
}

function refusal (load: () => unknown): string[] {
  try {
    load()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return [error.message]
    throw error
  }
}

/** There is always a second replica, and they go slowly. */
function autoscaling (manifests: readonly Manifest[]): string[] {
  const scalers = ofKind(manifests, 'HorizontalPodAutoscaler')
  return [
    ...serversOf(manifests).flatMap((server) =>
      fault(
        scalers.length !== 1 || at(server, 'spec', 'replicas') !== undefined,
        nameOf(server),
        'is not scaled by one autoscaler alone'
      )
    ),
    ...serversOf(manifests).flatMap((server) =>
      fault(
        configOf(manifests, server)?.rebalancing === undefined,
        nameOf(server),
        'leaves a replica that is added without sockets'
      )
    ),
    ...scalers.flatMap((scaler) => {
      const down = at(scaler, 'spec', 'behavior', 'scaleDown')
      const policies = listOf(at(down, 'policies'))
      return [
        ...fault(!(Number(at(scaler, 'spec', 'minReplicas')) >= 2), nameOf(scaler), 'leaves one replica alone'),
        ...fault(
          !(Number(at(down, 'stabilizationWindowSeconds')) >= MIN_STABILISATION_S),
          nameOf(scaler),
          'scales down at once'
        ),
        ...fault(
          policies.length !== 1 ||
          !policies.every(
            (policy) =>
              at(policy, 'type') === 'Pods' && at(policy, 'value') === 1 && Number(at(policy, 'periodSeconds')) >= 60
          ),
          nameOf(scaler),
          'takes more than one replica a minute away'
        )
      ]
    })
  ]
}

/** A node can be drained, and never takes all replicas along. */
function disruption (manifests: readonly Manifest[]): string[] {
  const budgets = ofKind(manifests, 'PodDisruptionBudget').filter((budget) =>
    serversOf(manifests).some((server) => matches(at(budget, 'spec', 'selector'), podOf(server).labels))
  )
  return [
    ...fault(serversOf(manifests).length !== budgets.length, 'the replicas have no budget of disruptions'),
    ...budgets.flatMap((budget) => [
      ...fault(
        at(budget, 'spec', 'maxUnavailable') !== 1 || at(budget, 'spec', 'minAvailable') !== undefined,
        nameOf(budget),
        'lets go of more, or less, than one replica'
      ),
      ...fault(
        at(budget, 'spec', 'unhealthyPodEvictionPolicy') !== 'AlwaysAllow',
        nameOf(budget),
        'keeps what is broken'
      )
    ])
  ]
}

/** No hop closes a socket that is quiet for less than an hour, and the controller is named. */
function quiet (manifests: readonly Manifest[]): string[] {
  return ofKind(manifests, 'Ingress').flatMap((ingress) => {
    const timeouts = Object.entries(fields(at(ingress, 'metadata', 'annotations'))).filter(([key]) =>
      key.includes('timeout') && !key.includes('healthcheck')
    )
    return [
      ...fault(timeouts.length < 3, nameOf(ingress), 'leaves a time-out to its controller'),
      ...fault(at(ingress, 'spec', 'ingressClassName') === undefined, nameOf(ingress), 'is of no class'),
      ...timeouts.flatMap(([key, value]) =>
        fault(!(duration(String(value)) >= LONGEST_QUIET_S), nameOf(ingress), 'has too short a', key)
      )
    ]
  })
}

function duration (text: string): number {
  const [, amount, unit = 's'] = /^(\d+)([smh])?$/.exec(text) ?? []
  return Number(amount) * ({ s: 1, m: 60, h: 3_600 }[unit] ?? NaN)
}

/** Nothing is let in or out that no policy names, and clients come by way of the ingress controller. */
function isolated (manifests: readonly Manifest[]): string[] {
  const policies = ofKind(manifests, 'NetworkPolicy')
  const deniesAll = (policy: Manifest) =>
    Object.keys(fields(at(policy, 'spec', 'podSelector'))).length === 0 &&
    listAt(policy, 'spec', 'policyTypes').join() === 'Ingress,Egress' &&
    at(policy, 'spec', 'ingress') === undefined &&
    at(policy, 'spec', 'egress') === undefined
  return [
    ...fault(!policies.some(deniesAll), 'nothing is denied by default'),
    ...policies
      .filter((policy) =>
        serversOf(manifests).some((server) => matches(at(policy, 'spec', 'podSelector'), podOf(server).labels))
      )
      .flatMap((policy) => [
        ...listOf(at(policy, 'spec', 'ingress')).flatMap((rule) =>
          fault(
            listOf(at(rule, 'from')).length === 0 || listOf(at(rule, 'ports')).length === 0,
            nameOf(policy),
            'lets anybody in'
          )
        ),
        ...listOf(at(policy, 'spec', 'egress')).flatMap((rule) =>
          fault(
            listOf(at(rule, 'to')).length === 0 || listOf(at(rule, 'ports')).length === 0,
            nameOf(policy),
            'lets out to anywhere'
          )
        )
      ])
  ]
}

/** The tables are changed before a replica starts, by its own build, and by nothing else. */
function migration (manifests: readonly Manifest[]): string[] {
  return serversOf(manifests).flatMap((server) => {
    const name = nameOf(server)
    const [serving] = containersOf(server)
    const migrating = listOf(at(podOf(server).spec, 'initContainers')).find(
      (container) => listOf(at(container, 'command')).join(' ') === 'node dist/cli.js migrate'
    )
    return [
      ...fault(migrating === undefined, name, 'does not migrate the tables'),
      ...fault(at(migrating, 'image') !== at(serving, 'image'), name, 'and its migrations are not of one build'),
      ...fault(configOf(manifests, server)?.database.migrate === true, name, 'migrates beside its init container')
    ]
  })
}
