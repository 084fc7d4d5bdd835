/** Kubernetes manifests without a cluster: rendered by kubectl's Kustomize, and held against the types of the API. */
import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { isServiceRequired } from '../servers/deployments.ts'
import { at, isRecord, listAt, textAt } from './json.ts'
import { ROOT } from '../servers/process.ts'

/** A Kubernetes object as it stands in YAML. */
export type Manifest = Record<string, unknown>

/** Where the types of an API group are, unless they are Kubernetes' own. */
const PACKAGES: Record<string, string> = { 'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator' }

/** What an object is called, e.g. `Deployment/confab`. */
export function nameOf (manifest: unknown): string {
  return `${textAt(manifest, 'kind')}/${textAt(manifest, 'metadata', 'name')}`
}

/** A test that renders manifests; without kubectl it is skipped aloud, or fails with CONFAB_REQUIRE_SERVICES=1. */
export async function withKubectl (t: Test, title: string, test: (t: Test) => Promise<void>): Promise<void> {
  if (spawnSync('kubectl', ['kustomize', '--help']).status === 0) {
    await t.test(title, (t) => test(t))
    return
  }
  const reason = 'there is no kubectl on the PATH'
  if (isServiceRequired()) {
    t.fail(reason)
    return
  }
  t.comment(`SKIPPED ${title}: ${reason}.`)
  await t.test(title, { skip: reason }, () => undefined)
}

const rendered = new Map<string, Promise<Manifest[]>>()

/** What `kubectl apply -k k8s/<folder>` would send; rendered once, since the folder does not change meanwhile. */
export async function render (folder: string): Promise<Manifest[]> {
  const manifests = rendered.get(folder) ?? renderAnew(folder)
  rendered.set(folder, manifests)
  return structuredClone(await manifests)
}

/** The same, rendered now. */
export async function renderAnew (folder: string): Promise<Manifest[]> {
  const direct = kustomize(path.join(ROOT, 'k8s', folder))
  return direct.status === 0 ? read(direct.stdout) : renderCopy(folder, rewriteForOldKubectl)
}

/** The same after an operator has changed a file below `k8s`. @throws when the change changes nothing */
export async function renderChanged (
  folder: string,
  file: string,
  change: (text: string) => string
): Promise<Manifest[]> {
  return renderCopy(folder, async (copy) => {
    const text = await readFile(path.join(copy, file), 'utf8')
    if (change(text) === text) throw new Error(`Nothing of ${file} is changed.`)
    await writeFile(path.join(copy, file), change(text))
    if (kustomize(path.join(copy, folder)).status !== 0) await rewriteForOldKubectl(copy)
  })
}

function kustomize (folder: string): { status: number | null, stdout: string, stderr: string } {
  return spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' })
}

function read (yaml: string): Manifest[] {
  // Kustomize folds long base64, which the API server takes and the types do not.
  const unfold = (document: unknown): unknown =>
    typeof document === 'string' && /^[A-Za-z0-9+/=\n]+$/.test(document) ? document.replaceAll('\n', '') : document
  return parseAllDocuments(yaml).flatMap((document): Manifest[] => {
    const value: unknown = document.toJS()
    if (!isRecord(value) || !('kind' in value)) return []
    const data = at(value, 'data')
    return [
      value['kind'] === 'Secret' && isRecord(data)
        ? { ...value, data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, unfold(text)])) }
        : value
    ]
  })
}

/** Renders a copy of the manifests that was worked on. */
async function renderCopy (folder: string, work: (copy: string) => Promise<void>): Promise<Manifest[]> {
  const copy = await mkdtemp(path.join(os.tmpdir(), 'confab-k8s-'))
  try {
    await cp(path.join(ROOT, 'k8s'), copy, { recursive: true })
    await work(copy)
    const { status, stdout, stderr } = kustomize(path.join(copy, folder))
    if (status !== 0) throw new Error(`kubectl cannot render ${folder}: ${stderr}`)
    return read(stdout)
  } finally {
    await rm(copy, { recursive: true })
  }
}

/**
 * kubectl before 1.21, as Debian 12 has it, renders the same from a copy in which some fields have their former names.
 */
async function rewriteForOldKubectl (copy: string): Promise<void> {
  for (const file of await readdir(copy, { recursive: true })) {
    if (path.basename(file) === 'kustomization.yaml') await rewrite(path.join(copy, file))
  }
}

async function rewrite (file: string): Promise<void> {
  const kustomization: unknown = parse(await readFile(file, 'utf8'))
  if (!isRecord(kustomization)) throw new Error(`${file} is no kustomization.`)
  const { resources, patches, ...rest } = kustomization
  const isFile = (resource: unknown) => String(resource).endsWith('.yaml')
  const paths = listOf(resources)
  await writeFile(
    file,
    stringify({
      ...rest,
      bases: paths.filter((resource) => !isFile(resource)),
      resources: paths.filter(isFile),
      patchesStrategicMerge: listOf(patches)
        .filter((patch) => at(patch, 'target') === undefined)
        .map((patch) => at(patch, 'path')),
      patchesJson6902: listOf(patches).filter((patch) => at(patch, 'target') !== undefined)
    })
  )
}

/** A list that may be left out. */
export function listOf (value: unknown): unknown[] {
  return value === undefined ? [] : listAt({ value }, 'value')
}

/**
 * What is wrong with an object by the types of its API: values of a wrong type, and fields that the API does not know,
 * which the API server would drop or refuse.
 */
export async function complaintsAbout (manifest: Manifest): Promise<string[]> {
  const validate = await validatorOf(manifest)
  if (validate === undefined) return [`${nameOf(manifest)}: there is no such kind`]
  const { watched, unread } = watch(manifest)
  try {
    validate.call(watched)
  } catch (error) {
    return [`${nameOf(manifest)}: ${error instanceof Error ? error.message : String(error)}`]
  }
  return unread().map((field) => `${nameOf(manifest)}: there is no field ${field}`)
}

async function validatorOf (manifest: Manifest): Promise<((this: unknown) => void) | undefined> {
  const apiVersion = textAt(manifest, 'apiVersion')
  const module: unknown = await import(`${PACKAGES[apiVersion] ?? 'kubernetes-models'}/${apiVersion}`).catch(
    () => undefined
  )
  const model: unknown =
    typeof module === 'object' && module !== null ? Reflect.get(module, textAt(manifest, 'kind')) : undefined
  const validate: unknown = typeof model === 'function' ? Reflect.get(Object(model.prototype), 'validate') : undefined
  return typeof validate === 'function'
    ? function (this: unknown) {
      Reflect.apply(validate, this, [])
    }
    : undefined
}

/**
 * A copy of a value that takes note of which of its fields are read. A validator that was made from a schema reads
 * every field that the schema has, so those that it did not read are none of the API's.
 */
function watch (value: unknown, where = ''): { watched: unknown, unread: () => string[] } {
  if (typeof value !== 'object' || value === null) return { watched: value, unread: () => [] }
  const fields = Object.entries(value).map(([key, child]) => ({
    key,
    ...watch(child, Array.isArray(value) ? `${where}[${key}]` : `${where}.${key}`)
  }))
  const copy = Array.isArray(value)
    ? fields.map(({ watched }) => watched)
    : Object.fromEntries(fields.map(({ key, watched }) => [key, watched]))
  const seen = new Set<string | symbol>()
  const watched = new Proxy(copy, {
    get (target, key): unknown {
      seen.add(key)
      return Reflect.get(target, key)
    }
  })
  const unread = () =>
    fields.flatMap((field) =>
      Array.isArray(value) || seen.has(field.key) ? field.unread() : [`${where}.${field.key}`]
    )
  return { watched, unread }
}

/** The objects of a kind. */
export function ofKind (manifests: readonly Manifest[], ...kinds: string[]): Manifest[] {
  return manifests.filter(({ kind }) => kinds.includes(String(kind)))
}

/** The pod of a workload: its labels and its spec. */
export function podOf (workload: Manifest): { labels: unknown, spec: unknown } {
  return {
    labels: at(workload, 'spec', 'template', 'metadata', 'labels'),
    spec: at(workload, 'spec', 'template', 'spec')
  }
}

/** The containers of a workload. */
export function containersOf (workload: Manifest): unknown[] {
  const { spec } = podOf(workload)
  return [...listAt(spec, 'containers'), ...listOf(at(spec, 'initContainers'))]
}

/** Whether labels are selected; an empty selector selects everything. */
export function matches (selector: unknown, labels: unknown): boolean {
  const wanted = at(selector, 'matchLabels')
  const expressions = listOf(at(selector, 'matchExpressions'))
  return (
    Object.entries(isRecord(wanted) ? wanted : {}).every(([key, value]) => at(labels, key) === value) &&
    expressions.every(
      (expression) =>
        at(expression, 'operator') === 'In' &&
        listAt(expression, 'values').includes(at(labels, textAt(expression, 'key')))
    )
  )
}
