import t from '../../support/tap.ts'
import { AccountSession, ConfabAccounts, type KeptTokens, type TokenStore } from '../../../src/client/accounts/index.ts'
import { register } from '../../support/data/accounts.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

/** The tokens of a browser without locks; writing is what another tab does, too. */
function memoryTokens (): TokenStore {
  let kept: KeptTokens | null = null
  return {
    read: () => kept,
    write: (tokens) => {
      kept = tokens
    },
    watch: () => () => undefined,
    exclusively: async (act) => act()
  }
}

await onEmbedded(t, async (t, cluster) => {
  const accounts = new ConfabAccounts({ url: cluster.replica(0).url })
  const open = async () => {
    const { username, password } = await register(cluster)
    const store = memoryTokens()
    const session = new AccountSession({ accounts, store })
    await session.logIn({ username, password })
    return { store, session }
  }

  await t.test('tokens that arrive after signing out are not kept', async (t) => {
    const { store, session } = await open()
    let ends = 0
    session.on('end', () => ends++)
    const token = session.tokens()
    await token()
    const renewed = token()
    const left = session.logOut()
    await t.rejects(Promise.resolve(renewed), { code: 'no_session' })
    await left
    t.equal(store.read(), null)
    t.notOk(session.isOpen)
    t.equal(ends, 1)
  })

  await t.test('nor are they when somebody else has signed in', async (t) => {
    const [ann, bob] = [await open(), await open()]
    const token = ann.session.tokens()
    await token()
    const renewed = token()
    const kept = bob.store.read()
    ann.store.write(kept)
    await t.rejects(Promise.resolve(renewed), { code: 'no_session' })
    t.strictSame(ann.store.read(), kept)
  })

  await t.test('two tabs that renew at once have the same token', async (t) => {
    const { store, session } = await open()
    const other = new AccountSession({ accounts, store })
    const [first, second] = [session.tokens(), other.tokens()]
    t.equal(await first(), await second())
    const [renewed, same] = await Promise.all([first(), second()])
    t.equal(renewed, same)
    t.equal(store.read()?.access_token, renewed)
  })
})
