/** Changes that the API server refuses when manifests are applied over those of the release before. */
import { at, isRecord } from '../data/json.ts'
import { type Manifest, nameOf } from '../data/manifests.ts'

/** Fields of each kind that cannot be changed; of `spec` alone, those that can. */
const IMMUTABLE: Record<string, { fixed?: string[], changeable?: string[] }> = {
  Deployment: { fixed: ['selector'] },
  DaemonSet: { fixed: ['selector'] },
  StatefulSet: {
    changeable: [
      'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy', 'minReadySeconds',
      'revisionHistoryLimit'
    ]
  },
  Job: {
    changeable: [
      'parallelism', 'suspend', 'backoffLimit', 'activeDeadlineSeconds', 'ttlSecondsAfterFinished', 'successPolicy'
    ]
  },
  Service: { fixed: ['clusterIP', 'clusterIPs'] },
  PersistentVolumeClaim: { changeable: ['resources'] }
}

/** The fields that an upgrade would change and cannot, each with its object. */
export function refusedChanges (before: readonly Manifest[], after: readonly Manifest[]): string[] {
  return after.flatMap((manifest) => {
    const former = before.find((candidate) => nameOf(candidate) === nameOf(manifest))
    if (former === undefined) return []
    const [one, other] = [at(former, 'spec'), at(manifest, 'spec')]
    const rule = IMMUTABLE[String(manifest['kind'])] ?? { fixed: [] }
    const names = rule.fixed ?? keysOf(one, other).filter((key) => rule.changeable?.includes(key) !== true)
    return names
      .filter((name) => JSON.stringify(at(one, name)) !== JSON.stringify(at(other, name)))
      .map((name) => `${nameOf(manifest)}: spec.${name} cannot be changed`)
  })
}

function keysOf (...values: unknown[]): string[] {
  return [...new Set(values.flatMap((value) => (isRecord(value) ? Object.keys(value) : [])))]
}
