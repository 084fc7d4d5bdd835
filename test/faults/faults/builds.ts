/** Two releases side by side, as in every deploy. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { meetAnotherBuild } from '../../support/checks/described.ts'
import { findPreviousCommit } from '../../support/servers/commit-build.ts'
import { ROOT } from '../../support/servers/process.ts'
import type { Deployment, Fault, Round } from '../fault.ts'
import { buildPrevious } from '../servers/build.ts'
import { type FaultCluster, startStandardCluster } from '../servers/fault-cluster.ts'
import { runProgram } from '../../support/servers/bound-program.ts'

/** The newest migration that the load beside two people and texts needs. */
const FEATURES = 'drizzle/0031_follow_logs.sql'

/** F18. */
const twoBuilds: Fault = {
  id: 'F18',
  title: 'a rolling update from another build, whose tables this one migrates, and back',
  loadOf ({ build }: FaultCluster) {
    const hasAll = existsSync(path.join(build.folder, FEATURES))
    return { hasEditors: hasAll, hasGroup: hasAll, hasWebhook: hasAll, hasV1: hasAll }
  },
  async missing ({ previous }: Deployment) {
    const commit = previous ?? await findPreviousCommit()
    if (commit === undefined) return 'this clone has no earlier build; name a commit with --previous'
    return await exists(commit) ? undefined : `this clone has no commit ${commit}`
  },
  async deploy (scope, { folder, previous }) {
    meetAnotherBuild(scope)
    const build = await buildPrevious(path.join(folder, 'previous'), previous ?? await findPreviousCommit() ?? '')
    return startStandardCluster(scope, { folder, build })
  },
  async inject ({ cluster, build, injected, during }: Round) {
    for (const next of [build, cluster.build]) {
      for (const replica of cluster.replicas) {
        await replica.restart('SIGTERM', { build: next })
        injected()
        // Both builds serve the same chats for a while.
        await during(2_000)
      }
    }
  }
}

async function exists (commit: string): Promise<boolean> {
  return runProgram('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: ROOT }).then(() => true, () => false)
}

/** All of them. */
export const buildFaults: readonly Fault[] = [twoBuilds]
