/** What the application's server got of the log of a chat by a webhook. */
import type { Violation } from './checker.ts'

/** The accepted events of a chat, in the order in which they came, repetitions included. */
export type WebhookRecord = {
  readonly chatID: number
  /** The seq behind which it began. */
  readonly start: number
  readonly accepted: readonly { readonly id: string, readonly seq: number }[]
}

/** I10: each event arrived, the first time in the order of the log, and under one id. */
export function checkWebhook ({ chatID, start, accepted }: WebhookRecord, head: number): Violation[] {
  const name = `the webhook of chat ${String(chatID)}`
  const ids = new Map<number, string>()
  const violations: Violation[] = []
  let last = start
  for (const { id, seq } of accepted) {
    const known = ids.get(seq)
    if (known === undefined) {
      if (seq !== last + 1)
        violations.push({ invariant: 'I10', message: `${name} got seq ${String(seq)} after seq ${String(last)}` })
      ids.set(seq, id)
      last = seq
    } else if (known !== id)
      violations.push({ invariant: 'I10', message: `${name} got seq ${String(seq)} under two ids` })
  }
  if (last < head)
    violations.push({ invariant: 'I10', message: `${name} got nothing behind seq ${String(last)} of ${String(head)}` })
  return violations
}
