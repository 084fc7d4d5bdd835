/**
 * The claims of a replica on the jobs that it does, renewed while they are under way. A replica that dies renews
 * nothing, so that another one goes on with its jobs soon, however long they take. A job whose lease may have run out
 * is aborted: another replica may do it by now.
 */
import type { Orm } from '../store/database.ts'
import { type Claim, renewClaims } from '../store/jobs.ts'
import { LEASE_MS } from './job-kind.ts'

const RENEWAL_MS = LEASE_MS / 3

type Lease = { readonly claim: Claim, readonly lost: AbortController, renewedAt: number }

/** The leases of a replica. */
export class Leases {
  readonly #orm: Orm
  readonly #held = new Map<string, Lease>()
  #timer: NodeJS.Timeout | undefined
  #isRenewing = false

  constructor (orm: Orm) {
    this.#orm = orm
  }

  /** Renews the lease of a job from now on. @returns a signal that is aborted when it is lost */
  hold ({ id, claim }: Claim): AbortSignal {
    const lease = { claim: { id, claim }, lost: new AbortController(), renewedAt: performance.now() }
    this.#held.set(claim, lease)
    this.#timer ??= setInterval(() => void this.#renew(), RENEWAL_MS).unref()
    return lease.lost.signal
  }

  /** Renews the lease of a job no longer. */
  release ({ claim }: Claim): void {
    this.#held.delete(claim)
    if (this.#held.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #renew (): Promise<void> {
    this.#endOverdue()
    if (this.#isRenewing) return
    this.#isRenewing = true
    const asked = [...this.#held.values()]
    const startedAt = performance.now()
    try {
      const held = new Set(await renewClaims(this.#orm, asked.map(({ claim }) => claim), LEASE_MS))
      for (const lease of asked) {
        if (held.has(lease.claim.claim)) lease.renewedAt = startedAt
        else lease.lost.abort()
      }
    } catch {
      // The runner logs that the store is away; leases that run out meanwhile are lost.
    } finally {
      this.#isRenewing = false
    }
  }

  #endOverdue (): void {
    const overdueAt = performance.now() - LEASE_MS
    for (const { renewedAt, lost } of this.#held.values()) if (renewedAt <= overdueAt) lost.abort()
  }
}
