import t from '../../../support/tap.ts'
import { parseChatClaim } from '../../../../src/domain/accounts/chat-claim.ts'
import { PERMISSIONS } from '../../../../src/domain/chats/chat-types.ts'

t.test('a claim names chats, or how their ids begin', (t) => {
  const claim = parseChatClaim({ 'order-1': ['read', 'post'], 'team-*': ['read'], 'order-2': [] })
  for (const [chat, read, post] of [
    ['order-1', true, true], ['order-11', false, false], ['order-2', false, false], ['team-', true, false],
    ['team-x', true, false], ['Team-x', false, false], ['team', false, false]
  ] as const)
    t.strictSame([claim?.may(chat, 'read'), claim?.may(chat, 'post')], [read, post], chat)
  t.equal(parseChatClaim({ '*': ['read'] })?.may('any', 'read'), true)
  t.equal(parseChatClaim({})?.may('any', 'read'), false)
  t.end()
})

t.test('it leaves of a role what reads and posts, and nothing that manages the chat', (t) => {
  const claim = parseChatClaim({ a: ['read', 'post'], b: ['read'], c: ['post'] })
  const own = ['post', 'edit_own', 'delete_own', 'react', 'pin']
  t.strictSame(claim?.narrow('a', PERMISSIONS).sort(), ['read', ...own].sort())
  t.strictSame(claim?.narrow('b', PERMISSIONS), ['read'])
  t.strictSame(claim?.narrow('c', PERMISSIONS).sort(), own.sort())
  t.strictSame(claim?.narrow('a', ['read']), ['read'])
  t.strictSame(claim?.narrow('d', PERMISSIONS), [])
  t.end()
})
