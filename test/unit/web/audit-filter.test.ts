import t from '../../support/tap.ts'
import { auditQuery, NO_FILTER } from '../../../src/web/app/administration/audit-filter.ts'

await t.test('the filters of the audit log', async (t) => {
  t.strictSame(auditQuery(NO_FILTER), {}, 'everything')
  const user = { id: 'ann', name: 'Ann', avatar: null, data: {}, version: 1, created_at: '2026-11-28T10:15:04.512Z' }
  t.strictSame(auditQuery({ ...NO_FILTER, group: 'member', actor: user }), { action: 'member.*', actor: 'ann' })
  t.strictSame(auditQuery({ ...NO_FILTER, user }), { user: 'ann' })
  t.strictSame(auditQuery({ ...NO_FILTER, since: '2026-11-28', until: '2026-11-28' }), {
    since: new Date(2026, 10, 28), until: new Date(2026, 10, 29)
  }, 'both days are included, by the clock of the browser')
})
