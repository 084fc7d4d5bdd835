/**
 * The audit log: what those did who manage the installation, its chats and its users. A row is written in the
 * transaction that does it, so that neither is without the other.
 */
import type { AuditActor } from '../../store/audit-log.ts'

export { insertAudit as recordAudit, type AuditActor } from '../../store/audit-log.ts'

/** A command of `confab`. */
export const COMMAND_LINE: AuditActor = { userId: null, keyId: null, address: null }
