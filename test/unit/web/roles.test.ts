import t from '../../support/tap.ts'
import type { Member } from '../../../src/client/index.ts'
import type { ChatType } from '../../../src/client/management/index.ts'
import { nameOfAgent } from '../../../src/web/app/settings/user-agent.ts'
import {
  byRole, mayBan, mayRemove, mayTransfer, type Own, rankOf, rolesToGive, withChanges
} from '../../../src/web/app/state/roles.ts'

const RIGHTS = ['change_roles', 'remove_members']
const TYPE: ChatType = {
  type: 'group',
  roles: { owner: RIGHTS, admin: RIGHTS, member: [], guest: [] },
  default_role: 'member',
  creator_role: 'owner',
  visibility: 'private',
  history: 'all'
}

const me = (role: string | null, permissions = RIGHTS): Own => ({ role, permissions })
const member = (role: string, user = role): Member => ({ user, role })

t.test('the owner gives every role, an admin those below, and others none', async (t) => {
  t.strictSame(rolesToGive(TYPE, me('owner'), member('admin')), ['owner', 'member', 'guest'])
  t.strictSame(rolesToGive(TYPE, me('admin'), member('member')), ['guest'])
  t.strictSame(rolesToGive(TYPE, me('admin'), member('admin')), [])
  t.strictSame(rolesToGive(TYPE, me('admin'), member('owner')), [])
  t.strictSame(rolesToGive(TYPE, me('member', []), member('guest')), [])
})

t.test('those of a higher role are not removed, and the owner alone hands over', async (t) => {
  t.ok(mayRemove(TYPE, me('admin'), member('admin')))
  t.notOk(mayRemove(TYPE, me('admin'), member('owner')))
  t.notOk(mayRemove(TYPE, me('member', []), member('guest')))
  t.ok(mayBan(TYPE, me('admin', ['moderate']), member('admin')))
  t.notOk(mayBan(TYPE, me('admin', ['moderate']), member('owner')))
  t.notOk(mayBan(TYPE, me('admin'), member('guest')))
  t.ok(mayTransfer(TYPE, me('owner'), member('guest')))
  t.notOk(mayTransfer(TYPE, me('owner'), member('owner')))
  t.notOk(mayTransfer(TYPE, me('admin'), member('guest')))
  t.notOk(mayTransfer(TYPE, me(null), member('guest')))
})

t.test('a role that the type does not have is below all others', async (t) => {
  t.equal(rankOf(TYPE, 'ghost'), 4)
  t.strictSame(byRole(TYPE, ['ghost', 'guest', 'owner', 'admin'].map((role) => member(role))).map(({ role }) => role),
    ['owner', 'admin', 'guest', 'ghost'])
})

t.test('a change shows until the list has learned what became of it', async (t) => {
  const [ann, ben, cleo] = [member('member', 'ann'), member('member', 'ben'), member('member', 'cleo')]
  const admin = { ...ann, role: 'admin' }
  const changes = [
    { before: ann, after: admin }, { before: ben, after: null }, { before: admin, after: { ...ann, role: 'guest' } }
  ]
  t.strictSame(withChanges([ann, ben, cleo], changes), [{ ...ann, role: 'guest' }, cleo], 'one after the other')
  const known = { ...ann, role: 'owner' }
  t.strictSame(withChanges([known, { ...ben }], changes), [known, ben], 'what the server says is stronger')
  const all = [ann, cleo]
  t.equal(withChanges(all, []), all)
})

t.test('sessions have the names of their browsers', async (t) => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
  for (const [agent, name] of [
    [chrome, ['Chrome', 'Linux']],
    [`${chrome} Edg/140.0`, ['Edge', 'Linux']],
    ['Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0', ['Firefox', 'Windows']],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/18.0 ' +
      'Mobile/15E148 Safari/604.1',
      ['Safari', 'iPhone']
    ],
    ['node', null],
    [null, null]
  ] as const)
    t.strictSame(nameOfAgent(agent), name)
})
