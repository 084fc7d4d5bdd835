import { type FormEvent, StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { ConfabClient, type ListedMessage } from 'confab-client'
import { ConfabProvider, useChats, useConnection, useMessages, useTyping, useUser } from 'confab-client/react'

const parameters = new URLSearchParams(location.search)
const user = parameters.get('user') ?? 'ann'
const client = new ConfabClient({
  url: parameters.get('server') ?? 'http://localhost:5123',
  getToken: async () => (await fetch(`/token?user=${user}`)).text()
})

function Message ({ message: { author, text, status, deleted_at } }: { message: ListedMessage }) {
  const name = useUser(author ?? '')?.name ?? author
  return (
    <li className={status}>
      <b>{name}</b>
      {' '}
      {deleted_at === null ? text : <i>deleted</i>}
    </li>
  )
}

function Room ({ id }: { id: string }) {
  const { messages, hasOlder, loadOlder, send } = useMessages(id)
  const { users, notify } = useTyping(id)
  const [text, setText] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void send(text)
    setText('')
  }
  return (
    <main>
      {hasOlder && <button onClick={loadOlder}>Older messages</button>}
      <ol>{messages.map((message) => <Message key={message.key} message={message} />)}</ol>
      <p role='status'>{users.length > 0 && `${users.join(', ')} typing …`}</p>
      <form onSubmit={submit}>
        <input aria-label='Message' value={text} onInput={notify} onChange={({ target }) => setText(target.value)} />
        <button disabled={text.trim() === ''}>Send</button>
      </form>
    </main>
  )
}

function App () {
  const { chats, hasMore, loadMore } = useChats()
  const [id, open] = useState(parameters.get('chat') ?? '')
  return (
    <>
      <header>
        {user}
        :
        {' '}
        {useConnection()}
      </header>
      <nav>
        {chats.map((chat) => (
          <button key={chat.id} aria-current={chat.id === id} onClick={() => open(chat.id)}>
            {chat.name}
            {' '}
            {chat.unread > 0 && <b>{chat.unread}</b>}
          </button>
        ))}
        {hasMore && <button onClick={loadMore}>More</button>}
      </nav>
      {id !== '' && <Room key={id} id={id} />}
    </>
  )
}

const root = document.querySelector('#root')
if (root !== null)
  createRoot(root).render(<StrictMode><ConfabProvider client={client}><App /></ConfabProvider></StrictMode>)
