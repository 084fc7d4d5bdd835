/** The replicas of rendered manifests, and the configuration that they would start with. */
import { type Config, loadConfig } from '../../../src/config/config.ts'
import { ConfigError } from '../../../src/config/errors.ts'
import { at, isRecord } from './json.ts'
import { containersOf, listOf, type Manifest, nameOf, ofKind } from './manifests.ts'

/** The Deployment of the replicas. */
export const serversOf = (manifests: readonly Manifest[]) =>
  ofKind(manifests, 'Deployment').filter((manifest) => nameOf(manifest) === 'Deployment/confab')

/** The environment of a container of ours: its ConfigMaps, its Secrets, or examples of them, in their order. */
export function configured (manifests: readonly Manifest[], container: unknown): Record<string, string> {
  const values = listOf(at(container, 'envFrom')).flatMap((source): [string, string][] => {
    const [kind, ref] =
      at(source, 'configMapRef') === undefined
        ? ['Secret', at(source, 'secretRef')]
        : ['ConfigMap', at(source, 'configMapRef')]
    const found = ofKind(manifests, kind).find((manifest) => at(manifest, 'metadata', 'name') === at(ref, 'name'))
    const plain = Object.entries(fields(at(found, 'data'))).map(([key, value]): [string, string] => [
      key,
      kind === 'Secret' ? Buffer.from(String(value), 'base64').toString() : String(value)
    ])
    return [
      ...plain,
      ...Object.entries(fields(at(found, 'stringData'))).map(([key, value]): [string, string] => [key, String(value)])
    ]
  })
  const stand = {
    // As the image sets it.
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://confab@postgres/confab',
    JWT_SECRET: 'x'.repeat(32),
    SMTP_URL: 'smtp://mail'
  }
  return {
    ...stand,
    ...Object.fromEntries(values.filter(([, value]) => value !== '').map(([key, value]) => [key, value]))
  }
}

/** The configuration of a replica; undefined when it cannot be loaded, which is reported by the rules. */
export function configOf (manifests: readonly Manifest[], server: Manifest): Config | undefined {
  try {
    return loadConfig(configured(manifests, containersOf(server)[0]))
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

/** A record that may be left out. */
export function fields (value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {}
}
