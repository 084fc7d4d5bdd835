import t, { type Test } from '../../support/tap.ts'
import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import { EnvironmentSchema } from '../../../src/config/environment.ts'
import { at, fieldsOf, isRecord } from '../../support/data/json.ts'
import { ROOT } from '../../support/servers/process.ts'
import { complaintsAbout, nameOf, render, withKubectl, type Manifest } from '../../support/data/manifests.ts'
import { faultsOf } from '../../support/checks/manifest-policy.ts'

const OVERLAYS = [
  'dev', 'production', 'production-by-connections', 'production-aws', 'production-openshift'
] as const

t.setTimeout(120_000)

/** The same objects with one value changed; undefined takes it away. @throws when there is nothing to change */
function changed (
  manifests: readonly Manifest[],
  name: string,
  value: unknown,
  ...keys: (string | number)[]
): Manifest[] {
  const copy = structuredClone([...manifests])
  const found = copy.filter((manifest) => nameOf(manifest).replace(/-[a-z0-9]{10}$/, '') === name)
  const [last = '', ...parents] = keys.toReversed()
  const target = at(found[0], ...parents.reverse())
  if (typeof target !== 'object' || target === null) throw new Error(`${name} has no ${keys.join('.')}.`)
  if (value === undefined && !Reflect.has(target, last)) throw new Error(`${name} has no ${keys.join('.')}.`)
  if (value === undefined) Reflect.deleteProperty(target, last)
  else Reflect.set(target, last, value)
  return copy
}

const POD = ['spec', 'template', 'spec'] as const
const CONTAINER = [...POD, 'containers', 0] as const
const MIGRATION = [...POD, 'initContainers', 0] as const

/** What somebody may get wrong, each with what must be said of it. */
const MISTAKES: [name: string, value: unknown, keys: (string | number)[], fault: RegExp][] = [
  [
    'Deployment/confab',
    50,
    [...POD, 'terminationGracePeriodSeconds'],
    /^Deployment\/confab has 50 s to end and needs 55 s$/
  ],
  ['Deployment/confab', undefined, [...POD, 'terminationGracePeriodSeconds'], /has 0 s to end/],
  ['ConfigMap/confab', '2m', ['data', 'DRAIN_WINDOW'], /has 75 s to end and needs 145 s/],
  [
    'Deployment/confab',
    40,
    [...CONTAINER, 'lifecycle', 'preStop', 'sleep', 'seconds'],
    /has 75 s to end and needs 90 s/
  ],
  ['Deployment/confab', 1, ['spec', 'strategy', 'rollingUpdate', 'maxUnavailable'], /goes before another has come/],
  ['Deployment/confab', 0, ['spec', 'minReadySeconds'], /counts as there at once/],
  [
    'Deployment/confab',
    '/readyz',
    [...CONTAINER, 'livenessProbe', 'httpGet', 'path'],
    /is restarted for more than its own fault/
  ],
  [
    'Deployment/confab',
    '/livez',
    [...CONTAINER, 'readinessProbe', 'httpGet', 'path'],
    /gets traffic without being ready/
  ],
  ['Deployment/confab', undefined, [...CONTAINER, 'startupProbe'], /has no time to start/],
  [
    'Deployment/confab',
    undefined,
    ['spec', 'progressDeadlineSeconds'],
    /^Deployment\/confab counts as failed after 600 s and may take 750 s to start$/
  ],
  ['ConfigMap/confab', '20m', ['data', 'DATABASE_WAIT'], /failed after 900 s and may take 1350 s/],
  ['Deployment/confab', 'confab:latest', [...CONTAINER, 'image'], /has the image confab:latest/],
  ['Deployment/confab', 'confab', [...CONTAINER, 'image'], /has the image confab$/],
  ['Deployment/confab', '512Mi', [...CONTAINER, 'resources', 'requests', 'memory'], /has not the memory it asks for/],
  [
    'Deployment/confab',
    { cpu: '1', memory: '1Gi' },
    [...CONTAINER, 'resources', 'limits'],
    /needs a request of CPU and no limit/
  ],
  [
    'Deployment/confab',
    '--max-old-space-size=1000',
    [...CONTAINER, 'env', 0, 'value'],
    /has a heap that its memory cannot hold/
  ],
  ['Deployment/confab', false, [...POD, 'securityContext', 'runAsNonRoot'], /may run as root/],
  ['Deployment/confab', undefined, [...POD, 'securityContext', 'runAsUser'], /has no numeric user/],
  ['Deployment/confab', undefined, [...POD, 'securityContext', 'seccompProfile'], /has no seccomp profile/],
  ['Deployment/confab', true, [...POD, 'automountServiceAccountToken'], /mounts a token/],
  ['Deployment/confab', 'default', [...POD, 'serviceAccountName'], /has no account of its own/],
  ['Deployment/confab', true, [...POD, 'hostNetwork'], /has hostNetwork/],
  ['Deployment/confab', { name: 'data', hostPath: { path: '/' } }, [...POD, 'volumes', 0], /mounts a path of its host/],
  ['Deployment/confab', true, [...CONTAINER, 'securityContext', 'allowPrivilegeEscalation'], /may gain privileges/],
  ['Deployment/confab', undefined, [...MIGRATION, 'securityContext', 'readOnlyRootFilesystem'], /may write to its root/],
  ['Deployment/confab', [], [...CONTAINER, 'securityContext', 'capabilities', 'drop'], /keeps capabilities/],
  [
    'Deployment/confab',
    'chat',
    [...POD.slice(0, 2), 'metadata', 'labels', 'app.kubernetes.io/name'],
    /does not select its own pods/
  ],
  ['Service/confab', 'chat', ['spec', 'selector', 'app.kubernetes.io/name'], /Service\/confab selects no pod/],
  [
    'PodDisruptionBudget/confab',
    'chat',
    ['spec', 'selector', 'matchLabels', 'app.kubernetes.io/name'],
    /the replicas have no budget of disruptions/
  ],
  [
    'NetworkPolicy/confab',
    'chat',
    ['spec', 'podSelector', 'matchLabels', 'app.kubernetes.io/name'],
    /NetworkPolicy\/confab selects no pod/
  ],
  ['HorizontalPodAutoscaler/confab', 'chat', ['spec', 'scaleTargetRef', 'name'], /scales nothing/],
  ['Deployment/confab', [], [...POD, 'topologySpreadConstraints'], /is not spread/],
  ['Service/confab', 8766, ['spec', 'ports', 1, 'port'], /Service\/confab has the ports/],
  ['Deployment/confab', 'web', [...CONTAINER, 'ports', 0, 'name'], /Service\/confab leads to no port http/],
  [
    'NetworkPolicy/confab',
    'web',
    ['spec', 'ingress', 0, 'ports', 0, 'port'],
    /NetworkPolicy\/confab opens no port web/
  ],
  ['ConfigMap/confab', '1s', ['data', 'DRAIN_WINDOWS'], /sets DRAIN_WINDOWS, which Confab does not know/],
  ['ConfigMap/confab', 'verbose', ['data', 'LOG_LEVEL'], /LOG_LEVEL cannot be "verbose"/],
  ['Deployment/confab', 'chat', [...CONTAINER, 'envFrom', 1, 'secretRef', 'name'], /has no Secret chat/],
  ['Deployment/confab', 3, ['spec', 'replicas'], /is not scaled by one autoscaler alone/],
  ['HorizontalPodAutoscaler/confab', 1, ['spec', 'minReplicas'], /leaves one replica alone/],
  [
    'HorizontalPodAutoscaler/confab',
    0,
    ['spec', 'behavior', 'scaleDown', 'stabilizationWindowSeconds'],
    /scales down at once/
  ],
  [
    'HorizontalPodAutoscaler/confab',
    5,
    ['spec', 'behavior', 'scaleDown', 'policies', 0, 'value'],
    /takes more than one replica a minute away/
  ],
  ['PodDisruptionBudget/confab', 2, ['spec', 'maxUnavailable'], /lets go of more/],
  ['PodDisruptionBudget/confab', undefined, ['spec', 'unhealthyPodEvictionPolicy'], /keeps what is broken/],
  ['NetworkPolicy/default-deny', ['Ingress'], ['spec', 'policyTypes'], /nothing is denied by default/],
  ['NetworkPolicy/confab', [], ['spec', 'ingress', 0, 'from'], /lets anybody in/],
  ['NetworkPolicy/confab', undefined, ['spec', 'egress', 0, 'to'], /lets out to anywhere/],
  ['ConfigMap/confab', 'on', ['data', 'DATABASE_MIGRATE'], /migrates beside its init container/],
  ['Deployment/confab', 'confab:0.0.9', [...MIGRATION, 'image'], /not of one build/],
  ['Deployment/confab', ['node', 'dist/main.js'], [...MIGRATION, 'command'], /does not migrate the tables/],
  ['ConfigMap/confab', '0', ['data', 'REBALANCE_PERCENT'], /leaves a replica that is added without sockets/],
  ['ConfigMap/confab', '600000', ['data', 'MAX_SOCKETS'], /more file descriptors than it may have/],
  [
    'HorizontalPodAutoscaler/confab',
    10,
    ['spec', 'metrics', 0, 'resource', 'target', 'averageUtilization'],
    /scales up replicas that are idle/
  ],
  [
    'Deployment/confab',
    undefined,
    [...POD, 'topologySpreadConstraints', 0, 'nodeTaintsPolicy'],
    /spread over nodes that it cannot run on/
  ],
  [
    'Deployment/confab',
    undefined,
    [...POD, 'topologySpreadConstraints', 0, 'matchLabelKeys'],
    /beside replicas that go/
  ],
  ['ConfigMap/confab', '', ['data', 'PUBLIC_URL'], /PUBLIC_URL is required with NODE_ENV=production/]
]

/** Mistakes that only an installation with an Ingress can make. */
const INGRESS_MISTAKES: typeof MISTAKES = [
  [
    'Ingress/confab',
    '60',
    ['metadata', 'annotations', 'nginx.ingress.kubernetes.io/proxy-read-timeout'],
    /has too short a nginx/
  ],
  [
    'Ingress/confab',
    undefined,
    ['metadata', 'annotations', 'haproxy-ingress.github.io/timeout-tunnel'],
    /leaves a time-out to its controller/
  ],
  ['Ingress/confab', undefined, ['spec', 'ingressClassName'], /is of no class/],
  [
    'Ingress/confab',
    'web',
    ['spec', 'rules', 0, 'http', 'paths', 0, 'backend', 'service', 'port', 'name'],
    /leads to no port of a service/
  ]
]

await withKubectl(t, 'manifests', async (t) => {
  const installations = new Map(await Promise.all(
    OVERLAYS.map(async (name): Promise<[string, Manifest[]]> => [name, await render(`overlays/${name}`)])
  ))
  const production = installations.get('production') ?? []

  for (const [overlay, manifests] of installations) {
    await t.test(`${overlay}: every object is of its type, without a field that the API does not know`, async (t) => {
      t.ok(manifests.length > 10)
      t.strictSame((await Promise.all(manifests.map(complaintsAbout))).flat(), [])
      t.strictSame(
        faultsOf(manifests),
        // The constraint gives the pods one.
        overlay === 'production-openshift' ? ['Deployment/confab has no numeric user'] : [],
        'and keeps the rules of this project'
      )
      const namespaces = new Set(
        manifests.filter(({ kind }) => kind !== 'Namespace').map((manifest) => at(manifest, 'metadata', 'namespace'))
      )
      t.strictSame(
        [...namespaces],
        manifests.filter(({ kind }) => kind === 'Namespace').map((manifest) => at(manifest, 'metadata', 'name')),
        'in one namespace, which it makes'
      )
    })
  }

  await t.test('what is misspelt or of a wrong type is told', async (t) => {
    const expectComplaint = async (name: string, value: unknown, keys: (string | number)[], complaint: string) => {
      t.strictSame((await Promise.all(changed(production, name, value, ...keys).map(complaintsAbout))).flat(), [
        complaint
      ])
    }
    await expectComplaint(
      'Deployment/confab',
      75,
      [...POD, 'terminationGracePeriodSecond'],
      'Deployment/confab: there is no field .spec.template.spec.terminationGracePeriodSecond'
    )
    await expectComplaint('Deployment/confab', 1, ['specs'], 'Deployment/confab: there is no field .specs')
    await expectComplaint(
      'Deployment/confab',
      'x',
      [...CONTAINER, 'livenessProbe', 'httpGet', 'paths'],
      'Deployment/confab: there is no field .spec.template.spec.containers[0].livenessProbe.httpGet.paths'
    )
    await expectComplaint(
      'HorizontalPodAutoscaler/confab',
      1,
      ['spec', 'behavior', 'scaledown'],
      'HorizontalPodAutoscaler/confab: there is no field .spec.behavior.scaledown'
    )
    await expectComplaint('NetworkPolicy/confab', 'X', ['kind'], 'X/confab: there is no such kind')
    t.match(
      await Promise.all(
        changed(production, 'Deployment/confab', '75', ...POD, 'terminationGracePeriodSeconds').map(complaintsAbout)
      ).then((complaints) => complaints.flat()),
      [/terminationGracePeriodSeconds.* must be integer/i]
    )
    t.match(
      await Promise.all(
        changed(production, 'Deployment/confab', undefined, ...CONTAINER, 'name').map(complaintsAbout)
      ).then((complaints) => complaints.flat()),
      [/must have required property/]
    )
  })

  for (const [name, value, keys, fault] of [...MISTAKES, ...INGRESS_MISTAKES]) {
    t.test(
      `${name} with ${keys.slice(-3).join('.')} ${value === undefined ? 'left out' : JSON.stringify(value)} is refused`,
      async (t) => {
        expectFault(t, changed(production, name, value, ...keys), fault)
      }
    )
  }

  await t.test('an installation without its autoscaler, its budget or its default is refused', async (t) => {
    const without = (name: string) => production.filter((manifest) => nameOf(manifest) !== name)
    expectFault(t, without('HorizontalPodAutoscaler/confab'), /is not scaled/)
    expectFault(t, without('PodDisruptionBudget/confab'), /no budget/)
    expectFault(t, without('NetworkPolicy/default-deny'), /nothing is denied/)
    expectFault(t, without('ServiceAccount/confab'), /no account of its own/)
  })
})

function expectFault (t: Test, manifests: readonly Manifest[], fault: RegExp): void {
  t.ok(
    faultsOf(manifests).some((found) => fault.test(found)),
    faultsOf(manifests).join('; ')
  )
}

t.test('the example of a Secret has the variables that hold a secret, and no others', async (t) => {
  const documents = parseAllDocuments(await readFile(`${ROOT}/k8s/base/secret.example.yaml`, 'utf8')).map(
    (document) => document.toJS() as unknown
  )
  t.strictSame(
    documents.map((document) => [at(document, 'metadata', 'name'), fieldsOf(at(document, 'stringData'))]),
    [
      ['confab', ['DATABASE_URL', 'JWT_SECRET', 'REDIS_URL', 'SMTP_URL']],
      ['confab-migrate', ['DATABASE_URL']]
    ]
  )
  for (const document of documents) {
    t.strictSame(await complaintsAbout(isRecord(document) ? document : {}), [])
    for (const field of fieldsOf(at(document, 'stringData')))
      t.ok(Object.hasOwn(EnvironmentSchema.properties, field), field)
  }
})
