/**
 * A page that uses the EmoteChat dialect as its public front end does: it compares the message of the login, keeps the
 * token in a cookie, opens `/ws/<number>`, names users instead of chats, and inserts the texts of messages as HTML.
 */
import { createServer } from 'node:http'
import type { Scope } from '../scope.ts'
import { listenOnFreePort } from './http-server.ts'

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>EmoteChat</title>
<form id="account">
  <label>Name <input name="name"></label>
  <label>E-mail <input name="email"></label>
  <label>Password <input name="password" type="password"></label>
  <button name="register">Register</button>
  <button name="login">Log in</button>
</form>
<p role="status"></p>
<div id="users"></div>
<ol id="messages"></ol>
<form id="composer" hidden><label>Message <input name="text"></label> <button>Send</button></form>
<script type="module">
  const api = new URL(location).searchParams.get('api')
  const show = (text) => { document.querySelector('[role=status]').textContent = text }
  const cookie = () => /(?:^|; )sessionId=([^;]*)/.exec(document.cookie)?.[1]

  async function call (path, body) {
    const token = cookie()
    const response = await fetch(api + '/api' + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: 'Bearer ' + decodeURIComponent(token) })
      },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    return response.json()
  }

  document.querySelector('#account').addEventListener('submit', async (event) => {
    event.preventDefault()
    const fields = Object.fromEntries(new FormData(event.target))
    if (event.submitter.name === 'register') {
      const { id, message } = await call('/auth/register', fields)
      show(id === undefined ? 'Error: ' + message : 'Registered')
    } else {
      const { message, token } = await call('/auth/login', { email: fields.email, password: fields.password })
      if (message !== 'Success') return show('Error: ' + message)
      document.cookie = 'sessionId=' + encodeURIComponent(token) + '; path=/; samesite=lax'
      await enter()
    }
  })

  async function enter () {
    const { user, message } = await call('/auth/validate')
    if (user === undefined) return show('Error: ' + message)
    const { users } = await call('/profile/users?page=1&page_size=100')
    show('Signed in as ' + user.name)
    document.querySelector('#account').hidden = true
    document.querySelector('#users').replaceChildren(...users.map((partner) => {
      const button = document.createElement('button')
      button.textContent = partner.name
      button.addEventListener('click', () => open(user, partner))
      return button
    }))
  }

  async function open (user, partner) {
    const { conversations } = await call('/conversations?partner_id=' + partner.id + '&page=1&page_size=20')
    const list = document.querySelector('#messages')
    list.replaceChildren()
    const add = (html, author) => {
      const item = document.createElement('li')
      item.className = author === user.id ? 'own' : 'other'
      item.innerHTML = html
      list.append(item)
    }
    for (const { Content, SenderID } of conversations) add(Content, SenderID)
    const socket = new WebSocket(api.replace('http', 'ws') + '/ws/' + user.id)
    socket.addEventListener('open', () => show('Talking to ' + partner.name))
    socket.addEventListener('close', ({ code }) => show('Closed with ' + code))
    socket.addEventListener('message', ({ data }) => {
      const { message, sender, receiver } = JSON.parse(data)
      const isOurs = [sender, receiver].sort().join() === [user.id, partner.id].sort().join()
      if (isOurs) add(message, sender)
    })
    const composer = document.querySelector('#composer')
    composer.hidden = false
    composer.onsubmit = (event) => {
      event.preventDefault()
      const message = composer.elements.text.value
      // The partner comes from the address of the page, as a string.
      const frame = { message, sender: user.id, receiver: String(partner.id), time: new Date(), id: user.id }
      socket.send(JSON.stringify(frame))
      composer.reset()
    }
  }

  if (cookie() !== undefined) await enter()
</script>
`

/** Serves the page until the end of the test; its parameter `api` is the URL of a Confab. @returns its origin */
export async function serveEmotechatPage (t: Scope): Promise<string> {
  const server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(PAGE))
  return listenOnFreePort(t, server)
}
