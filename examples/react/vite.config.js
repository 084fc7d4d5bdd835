import { signUserToken } from 'confab-client/server'

/** In your application this is a route of your backend, which knows who is logged in. */
const tokens = {
  name: 'tokens',
  configureServer ({ middlewares }) {
    middlewares.use('/token', (request, response) => {
      const user = new URL(request.url, 'http://localhost').searchParams.get('user')
      response.end(signUserToken(process.env.USER_TOKEN_SECRET, { id: user, name: user }))
    })
  }
}

export default { plugins: [tokens] }
