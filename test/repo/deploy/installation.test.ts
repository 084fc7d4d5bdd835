import { readFile } from 'node:fs/promises'
import t from '../../support/tap.ts'
import { connectionLimit, connectionsOf } from '../../support/checks/manifest-budgets.ts'
import { isLetThrough, type Connection } from '../../support/checks/network-access.ts'
import { refusedChanges } from '../../support/checks/upgrade-faults.ts'
import { at, fieldsOf, listAt } from '../../support/data/json.ts'
import {
  containersOf, listOf, type Manifest, nameOf, ofKind, podOf, render, renderAnew, renderChanged, withKubectl
} from '../../support/data/manifests.ts'
import { serversOf } from '../../support/data/server-manifests.ts'
import { ROOT } from '../../support/servers/process.ts'

/** The order in which Argo CD applies the kinds of one wave, as far as they stand in the manifests. */
const ARGO_ORDER = [
  'Namespace', 'NetworkPolicy', 'PodDisruptionBudget', 'ServiceAccount', 'Secret', 'ConfigMap', 'Service', 'Deployment',
  'HorizontalPodAutoscaler', 'Ingress'
]
const INSTALLATIONS = [
  'overlays/dev', 'overlays/production', 'overlays/production-by-connections', 'overlays/production-aws',
  'overlays/production-openshift'
]
const PRODUCTION = 'overlays/production/kustomization.yaml'
const SERVER = { 'app.kubernetes.io/name': 'confab', 'app.kubernetes.io/component': 'server' }
const manual = await readFile(`${ROOT}/docs/operate/manual.md`, 'utf8')

t.setTimeout(120_000)

/** The names of the objects that differ, or are in one of the two only. */
function differences (before: readonly Manifest[], after: readonly Manifest[]): string[] {
  const texts = (manifests: readonly Manifest[]) =>
    new Map(manifests.map((manifest) => [nameOf(manifest), JSON.stringify(manifest)]))
  const [one, other] = [texts(before), texts(after)]
  return [...new Set([...one.keys(), ...other.keys()])].filter((name) => one.get(name) !== other.get(name)).sort()
}

await withKubectl(t, 'plain apply', async (t) => {
  for (const overlay of INSTALLATIONS) {
    await t.test(`${overlay}: applied twice, and with another image, nothing is refused`, async (t) => {
      const first = await render(overlay)
      const file = overlay === 'overlays/dev' ? 'overlays/dev/kustomization.yaml' : PRODUCTION
      const next = await renderChanged(overlay, file, (text) =>
        overlay === 'overlays/dev'
          ? `${text}images:\n  - name: confab\n    newTag: 0.2.0\n`
          : text.replace(/newTag: .*/, 'newTag: 0.2.0')
      )
      t.strictSame(differences(first, next), ['Deployment/confab'], 'the replicas, and their migrations, get a new tag')
      t.strictSame(
        new Set(serversOf(next).flatMap(containersOf).map((container) => String(at(container, 'image')).split(':')[1])),
        new Set(['0.2.0'])
      )
      t.strictSame(refusedChanges(first, next), [])
    })
  }

  await t.test('a changed setting rolls out by itself', async (t) => {
    const first = await render('overlays/production')
    t.strictSame(await renderAnew('overlays/production'), first, 'it renders the same each time')
    const next = await renderChanged('overlays/production', PRODUCTION, (text) =>
      text.replace('HIDE_ACCOUNTS=on', 'HIDE_ACCOUNTS=off'))
    const changed = differences(first, next).map((name) => name.replace(/-[a-z0-9]{10}$/, ''))
    t.strictSame(changed, ['ConfigMap/confab', 'ConfigMap/confab', 'Deployment/confab'])
    t.strictSame(refusedChanges(first, next), [])
  })

  await t.test('a field that cannot be changed is noticed', async (t) => {
    const job = (tag: string): Manifest =>
      ({ kind: 'Job', metadata: { name: 'x' }, spec: { backoffLimit: 1, template: { tag } } })
    t.strictSame(refusedChanges([job('1')], [job('1')]), [])
    t.strictSame(refusedChanges([job('1')], [job('2')]), ['Job/x: spec.template cannot be changed'])
    const [server = {}] = serversOf(await render('overlays/production'))
    const other = structuredClone(server)
    Reflect.set(Object(at(other, 'spec', 'selector', 'matchLabels')), 'version', '2')
    t.strictSame(refusedChanges([server], [other]), ['Deployment/confab: spec.selector cannot be changed'])
  })
})

await withKubectl(t, 'Argo CD and Flux apply it as it is: what a pod needs comes before the pod', async (t) => {
  for (const overlay of INSTALLATIONS) {
    const manifests = await render(overlay)
    const place = (kind: unknown) => ARGO_ORDER.indexOf(String(kind))
    t.strictSame(manifests.filter(({ kind }) => place(kind) < 0).map(nameOf), [], `${overlay}: kinds are known`)
    t.strictSame(
      manifests
        .flatMap((manifest) => fieldsOf(at(manifest, 'metadata', 'annotations')))
        .filter((key) => /argocd|fluxcd/.test(key)),
      []
    )
    for (const workload of ofKind(manifests, 'Deployment')) {
      const needed = [
        ['ServiceAccount', at(podOf(workload).spec, 'serviceAccountName')],
        ...containersOf(workload)
          .flatMap((container) => listOf(at(container, 'envFrom')))
          .map((source) => ['ConfigMap', at(source, 'configMapRef', 'name')])
          .filter(([, name]) => name !== undefined)
      ].map(([kind, name]) => manifests.find((manifest) => nameOf(manifest) === `${String(kind)}/${String(name)}`))
      t.ok(needed.length > 0 && needed.every((found) => found !== undefined), `${nameOf(workload)} has what it names`)
      t.ok(needed.every((found) => place(found?.['kind']) < place('Deployment')))
    }
  }
})

await withKubectl(t, 'Postgres has connections for all replicas, also in the middle of a roll-out', async (t) => {
  const budgetOf = async (folder: string) => {
    const manifests = await render(folder)
    const [server] = serversOf(manifests)
    if (server === undefined) throw new Error(`${folder} has no server.`)
    return connectionsOf(manifests, server)
  }
  for (const folder of ['base', 'overlays/dev']) {
    const { total } = await budgetOf(folder)
    t.ok(total <= connectionLimit(), `${folder}: ${String(total)} of ${String(connectionLimit())}, which Postgres has`)
  }
  // The largest Postgres is made by hand: its size, and the arithmetic behind it, stand in the manual.
  const { replicas, surging, leaving, pool, total } = await budgetOf('overlays/production')
  const [, size] = /`max_connections = (\d+)`/.exec(manual) ?? []
  t.ok(total <= connectionLimit(Number(size)), `production: ${String(total)} of ${String(size)}`)
  const sum = `(${String(replicas)} + ${String(surging)} + ${String(leaving)}) × ${String(pool)} + 2 = ${String(total)}`
  t.ok(manual.includes(sum), `the manual says ${sum}`)
})

/** The autoscaler's own metrics. */
const metricsOf = (manifests: readonly Manifest[]) =>
  ofKind(manifests, 'HorizontalPodAutoscaler').flatMap((scaler) =>
    listAt(scaler, 'spec', 'metrics').map((metric) => at(metric, 'type'))
  )

await withKubectl(t, 'replicas are scaled by CPU, which every cluster measures', async (t) => {
  for (const overlay of INSTALLATIONS) {
    const wanted = overlay.endsWith('by-connections') ? ['Resource', 'Pods'] : ['Resource']
    t.strictSame(metricsOf(await render(overlay)), wanted, overlay)
  }
})

const KUBE_DNS = { namespace: { 'kubernetes.io/metadata.name': 'kube-system' }, pod: { 'k8s-app': 'kube-dns' } }
const INGRESS = { namespace: { 'kubernetes.io/metadata.name': 'ingress' }, pod: {} }
const out = (address: string, port: number): Connection => ({ direction: 'egress', peer: { address }, port })

/** Connections of a replica, and whether it has to have them. */
const CONNECTIONS: [what: string, connection: Connection, isNeeded: boolean][] = [
  ['DNS', { direction: 'egress', peer: KUBE_DNS, port: 53, protocol: 'UDP' }, true],
  ['DNS by TCP', { direction: 'egress', peer: KUBE_DNS, port: 53 }, true],
  ['NodeLocal DNSCache', { ...out('169.254.20.10', 53), protocol: 'UDP' }, true],
  [
    'DNS of OpenShift',
    {
      direction: 'egress',
      peer: { namespace: { 'kubernetes.io/metadata.name': 'openshift-dns' }, pod: {} },
      port: 5353,
      protocol: 'UDP'
    },
    true
  ],
  ['Postgres', out('10.20.0.5', 5432), true],
  ['Postgres by IPv6', out('2001:db8::5', 5432), true],
  ['pgbouncer', out('10.20.0.5', 6432), true],
  ['Redis', out('10.20.0.6', 6379), true],
  ['a Sentinel of Redis', out('10.20.0.6', 26_379), true],
  ['a collector of traces', out('10.20.0.7', 4318), true],
  ['a mail server', out('198.51.100.7', 587), true],
  ['the API of a mail provider', out('198.51.100.7', 443), true],
  ['clients by the ingress controller', { direction: 'ingress', peer: INGRESS, port: 'http' }, true],
  ['credentials of the cloud', out('169.254.169.254', 443), false],
  ['credentials of the cloud by IPv6', out('fd00:ec2::254', 443), false],
  ['credentials of a pod', out('169.254.170.23', 443), false],
  ['the rest of a node', out('169.254.20.10', 443), false],
  ['any web server', out('198.51.100.7', 80), false],
  ['metrics by the ingress controller', { direction: 'ingress', peer: INGRESS, port: 'metrics' }, false],
  ['another pod', { direction: 'ingress', peer: { pod: { app: 'other' } }, port: 'http' }, false]
]

await withKubectl(t, 'a replica is let out to all that it may be configured with, and to nothing else', async (t) => {
  const [production, aws, openshift] = await Promise.all(
    ['production', 'production-aws', 'production-openshift'].map((name) => render(`overlays/${name}`))
  )
  for (const [what, connection, isNeeded] of CONNECTIONS)
    t.equal(isLetThrough(production ?? [], SERVER, connection), isNeeded, what)
  const fromBalancer: Connection = { direction: 'ingress', peer: { address: '10.0.1.2' }, port: 'http' }
  t.strictSame(
    [production, aws].map((manifests) => isLetThrough(manifests ?? [], SERVER, fromBalancer)),
    [false, true],
    'a load balancer that is no pod comes in on AWS'
  )
  const router = { namespace: { 'network.openshift.io/policy-group': 'ingress' }, pod: {} }
  t.strictSame(
    [production, openshift].map((manifests) =>
      isLetThrough(manifests ?? [], SERVER, { direction: 'ingress', peer: router, port: 'http' })),
    [false, true],
    'and the router on OpenShift'
  )
})

await withKubectl(t, 'a load balancer of AWS keeps sockets that are quiet, and asks for readiness', async (t) => {
  const [ingress] = ofKind(await render('overlays/production-aws'), 'Ingress')
  const annotation = (name: string) =>
    String(at(ingress, 'metadata', 'annotations', `alb.ingress.kubernetes.io/${name}`))
  t.equal(at(ingress, 'spec', 'ingressClassName'), 'alb')
  t.match(annotation('load-balancer-attributes'), /\bidle_timeout\.timeout_seconds=3600\b/)
  t.equal(annotation('healthcheck-path'), '/readyz')
  t.equal(annotation('target-type'), 'ip')
})
