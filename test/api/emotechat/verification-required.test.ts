import t from '../../support/tap.ts'
import { complaintAboutPage, expectRefusal } from '../../support/checks/answers.ts'
import { register } from '../../support/data/accounts.ts'
import { confirmationLinkIn, expectSentence, logInEmote, newEmoteRegistration } from '../../support/data/emotechat.ts'
import { at, listAt, textAt } from '../../support/data/json.ts'
import { linkIn } from '../../support/data/outbox.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

await onEmbedded(
  t,
  async (t, cluster) => {
    const signUp = async () => {
      const registration = newEmoteRegistration()
      const answer = await cluster.post('/api/auth/register', registration)
      t.equal(answer.status, 200)
      return {
        ...registration,
        username: textAt(answer.body, 'user', 'username'),
        link: confirmationLinkIn(await cluster.outbox.take(registration.email))
      }
    }

    await t.test(
      'both dialects refuse a login until the link is followed, in the words of a wrong password',
      async (t) => {
        const { email, username, password, link } = await signUp()
        const refused = await cluster.post('/api/auth/login', { email, password })
        expectSentence(t, refused, 400)
        t.strictSame((await cluster.post('/api/auth/login', { email, password: `${password}x` })).body, refused.body)
        expectRefusal(t, await cluster.post('/user/login', { username, password }), 400)
        t.equal(complaintAboutPage(await cluster.get(link.pathname + link.search), 200), undefined)
        t.ok(await logInEmote(cluster, { email, password }))
        t.equal((await cluster.post('/user/login', { username, password })).status, 200)
      }
    )

    await t.test('an account that is not verified is in nobody\'s list, and in it afterwards', async (t) => {
      const { accessToken } = await register(cluster)
      const { username, link } = await signUp()
      const listed = async () =>
        listAt((await cluster.get('/api/profile/users?page_size=100', { bearer: accessToken })).body, 'users').filter(
          (user) => at(user, 'username') === username
        ).length
      t.equal(await listed(), 0)
      expectRefusal(t, await cluster.post('/chat/create-chat', { session_token: accessToken, receiver: username }), 400)
      await cluster.get(link.pathname + link.search)
      t.equal(await listed(), 1)
    })

    await t.test('a password reset proves the address as well', async (t) => {
      const { email } = await signUp()
      await cluster.post('/api/password/reset-request', { email })
      const token = linkIn(await cluster.outbox.take(email)).searchParams.get('token')
      const password = 'another pass phrase'
      t.equal((await cluster.post('/api/password/reset', { token, password })).status, 200)
      const bearer = await logInEmote(cluster, { email, password })
      t.equal(at((await cluster.get('/api/auth/validate', { bearer })).body, 'user', 'email_verified'), true)
    })

    await t.test('ChatCLI goes on as ever', async (t) => {
      t.ok(await register(cluster))
    })
  },
  { environment: { EMAIL_VERIFICATION: 'required' } }
)
