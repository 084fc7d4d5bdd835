import t from '../../support/tap.ts'
import { complaintAboutPage, expectRefusal } from '../../support/checks/answers.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { logIn, newRegistration, register, type Registration } from '../../support/data/accounts.ts'
import { at } from '../../support/data/json.ts'
import { codeIn, linkIn } from '../../support/data/outbox.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

await onOneDeployment(t, async (t, cluster) => {
  const submit = (accessToken: string, body: object) =>
    cluster.post('/user/submit-profile', { session_token: accessToken, ...body })

  await t.test('what is taken or invalid is refused, and nothing is changed', async (t) => {
    const [ann, bob] = [await register(cluster), await register(cluster)]
    const { username, email } = ann
    for (const [body, status, code] of [
      [{ username: bob.username, email }, 409, 'profile_taken'],
      [{ username, email: bob.email.toUpperCase() }, 409, 'profile_taken'],
      [{ username: 'a b', email }, 400, 'invalid_username'],
      [{ username: uniqueName('new-'), email: 'nobody' }, 400, 'invalid_email'],
      [{ username: uniqueName('new-'), email: bob.email }, 409, 'profile_taken'],
      [{ email }, 400, 'invalid_input'],
      [{ username }, 400, 'invalid_input'],
      [{ username, email, delete: 'yes' }, 400, 'invalid_input']
    ] as const) {
      const answer = await submit(ann.accessToken, body)
      expectRefusal(t, answer, status, JSON.stringify(body))
      t.equal(at(answer.body, 'code'), code)
    }
    expectRefusal(t, await cluster.post('/user/submit-profile', { username, email }), 401)
    const profile = await cluster.post('/user/profile', { session_token: ann.accessToken })
    t.hasStrict(profile.body, { username, email }, 'the session lives on')
  })

  await t.test('one of several who want a name at once gets it', async (t) => {
    const people = [await register(cluster), await register(cluster), await register(cluster)]
    const username = uniqueName('wanted-')
    const answers = await Promise.all([
      ...people.map(({ accessToken, email }) => submit(accessToken, { username, email })),
      cluster.post('/user/register', { ...newRegistration(), username })
    ])
    t.equal(answers.filter(({ status }) => status === 200).length, 1)
  })

  await t.test('a code of five wrong tries is void, and an address that was taken meanwhile too', async (t) => {
    const [ann, bob] = [await register(cluster), await register(cluster)]
    const move = async ({ accessToken, username }: { accessToken: string, username: string }, email: string) => {
      t.equal((await submit(accessToken, { username, email })).status, 200)
      return codeIn(await cluster.outbox.take(email))
    }
    const prove = ({ username }: Registration, code: string) =>
      cluster.post('/user/verify-email', { username, email_token: code })
    const void_ = await move(ann, `${uniqueName('a-')}@example.org`)
    for (let count = 0; count < 5; count++) expectRefusal(t, await prove(ann, 'xxxxxx'), 400)
    expectRefusal(t, await prove(ann, void_), 400)
    const wanted = `${uniqueName('b-')}@example.org`
    const [first, second] = [await move(ann, wanted), await move(bob, wanted)]
    t.equal((await prove(bob, second)).status, 200)
    const late = await prove(ann, first)
    expectRefusal(t, late, 400)
    t.equal(at(late.body, 'code'), 'wrong_code')
  })

  await t.test('the address that is in force ends a change', async (t) => {
    const { accessToken, username, email } = await register(cluster)
    const other = `${uniqueName('other-')}@example.org`
    t.equal((await submit(accessToken, { username, email: other })).status, 200)
    const code = codeIn(await cluster.outbox.take(other))
    t.equal((await submit(accessToken, { username, email })).status, 200)
    expectRefusal(t, await cluster.post('/user/verify-email', { username, email_token: code }), 400)
  })

  await t.test('a disabled account is enabled by the page of the link, or by a password reset', async (t) => {
    for (const way of ['link', 'reset'] as const) {
      const ann = await register(cluster)
      t.equal((await submit(ann.accessToken, { disable: true })).status, 200)
      expectRefusal(t, await cluster.post('/user/login', ann), 400)
      t.equal(at((await cluster.post('/user/login', ann)).body, 'code'), 'wrong_credentials')
      const link = linkIn(await cluster.outbox.take(ann.email))
      const [token, username] = [link.searchParams.get('token') ?? '', link.searchParams.get('username') ?? '']
      if (way === 'link') {
        t.equal(complaintAboutPage(await cluster.get(`${link.pathname}${link.search}`), 200), undefined)
        t.equal(complaintAboutPage(await cluster.get(`${link.pathname}?token=${token}`), 400), undefined)
        const press = (form: Record<string, string>) =>
          cluster.call('POST', '/user/enable-account', { form, accept: 'text/html' })
        t.equal(complaintAboutPage(await press({ token: 'cen_wrong', username }), 400), undefined)
        t.equal(complaintAboutPage(await press({ token, username }), 200), undefined)
        t.equal(complaintAboutPage(await press({ token, username }), 400), undefined, 'once')
      } else {
        await cluster.post('/user/reset-password-request', { username })
        const reset = linkIn(await cluster.outbox.take(ann.email))
        ann.password = uniqueName('Fresh-9')
        cluster.secrets.add(ann.password)
        const body = { token: reset.searchParams.get('token'), username, password: ann.password }
        const answer = await cluster.post('/user/reset-password', { ...body, confirm_password: ann.password })
        t.equal(answer.status, 200)
        expectRefusal(t, await cluster.post('/user/enable-account', { token, username }), 400)
      }
      t.ok(await logIn(cluster, ann))
    }
  })
})
