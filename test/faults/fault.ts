/** What a fault is, and what it is given to work with. */
import type { LoadShape, Workload } from './clients/workload.ts'
import type { Journal } from './clients/journal.ts'
import type { Random } from '../support/data/random.ts'
import type { Scope } from '../support/scope.ts'
import type { Build } from './servers/build.ts'
import type { FaultCluster } from './servers/fault-cluster.ts'

/** One round: a fault under load. */
export type Round = {
  readonly cluster: FaultCluster
  readonly workload: Workload
  readonly journal: Journal
  /** Choices that come out the same for the same seed. */
  readonly random: Random
  /** Ends with the round. */
  readonly scope: Scope
  /** The build that is tested. */
  readonly build: Build
  /** Counts what was broken. */
  readonly injected: (times?: number) => void
  /** Something that the report should tell beside its table. */
  readonly note: (text: string) => void
  /** Lets the load run for so many milliseconds. */
  readonly during: (ms: number) => Promise<void>
}

/** What a cluster of a fault's own is made from. */
export type Deployment = { readonly folder: string, readonly build: Build, readonly previous: string | undefined }

/** A fault. */
export type Fault = {
  /** Its number in the table of docs/design/guarantees.md, with a variant behind a dot. */
  readonly id: string
  readonly title: string
  /** Whether the short form has it. */
  readonly isShort?: true
  /** Why it cannot be caused on this machine; undefined when it can. */
  readonly missing?: (deployment: Deployment) => Promise<string | undefined>
  /** A cluster of its own, where the usual one will not do; it ends with the scope. */
  readonly deploy?: (scope: Scope, deployment: Deployment) => Promise<FaultCluster>
  readonly load?: Partial<LoadShape>
  /** The same where it depends on what the cluster runs. */
  readonly loadOf?: (cluster: FaultCluster) => Partial<LoadShape>
  /** How long a reader stays on a socket, in milliseconds. */
  readonly patience?: (random: Random) => number
  /** Where the readers of that number go, if not through the balancer. */
  readonly readerServer?: (
    cluster: FaultCluster,
    scope: Scope
  ) => Promise<(reader: number, attempt: number) => { url: string }>
  /** The most memory that a replica may have, in MiB. */
  readonly memoryMiB?: number
  /** Whether clients are told to start over, with another epoch; anywhere else that is a failure. */
  readonly changesEpoch?: true
  /** Breaks something and mends it; resolves when it is mended. */
  readonly inject: (round: Round) => Promise<void>
}
