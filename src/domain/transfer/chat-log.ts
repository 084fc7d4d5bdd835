/** What an event of a log means for its chat. */

const MEMBERSHIP: ReadonlySet<string> = new Set(['member.added', 'member.joined', 'member.left', 'member.removed'])

/** Whether events of this kind change who is a member. */
export function isMembershipChange (kind: string): boolean {
  return MEMBERSHIP.has(kind)
}
