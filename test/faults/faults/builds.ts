/** Two releases side by side, as in every deploy. */
import path from 'node:path'
import { ROOT } from '../../support/servers/process.ts'
import type { Deployment, Fault, Round } from '../fault.ts'
import { buildPrevious } from '../servers/build.ts'
import { startStandardCluster } from '../servers/fault-cluster.ts'
import { runProgram } from '../../support/servers/bound-program.ts'

/** F18. */
const twoBuilds: Fault = {
  id: 'F18',
  title: 'a rolling update from the previous build, whose tables the new one migrates',
  // The release before may have no edits.
  load: { hasEditors: false, hasGroup: false },
  async missing ({ previous }: Deployment) {
    const commit = previous ?? await latestTag()
    if (commit === undefined) return 'there is no release to update from; name a commit with --previous'
    return await exists(commit) ? undefined : `this clone has no commit ${commit}`
  },
  async deploy (scope, { folder, previous }) {
    const build = await buildPrevious(path.join(folder, 'previous'), previous ?? await latestTag() ?? '')
    return startStandardCluster(scope, { folder, build })
  },
  async inject ({ cluster, build, injected, during }: Round) {
    for (const replica of cluster.replicas) {
      await replica.restart('SIGTERM', { build })
      injected()
      // Both builds serve the same chats for a while.
      await during(2_000)
    }
  }
}

async function latestTag (): Promise<string | undefined> {
  const tag = await runProgram('git', ['describe', '--tags', '--abbrev=0'], { cwd: ROOT }).catch(() => '')
  return tag.trim() === '' ? undefined : tag.trim()
}

async function exists (commit: string): Promise<boolean> {
  return runProgram('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: ROOT }).then(() => true, () => false)
}

/** All of them. */
export const buildFaults: readonly Fault[] = [twoBuilds]
