/** The screens before signing in: sign in, register, verify the address, forgotten password. */
import { ConfabError } from '../../../client/chatcli/index.ts'
import { element } from '../dom.ts'
import { addressOf, goTo, type Route } from '../routes.ts'
import { newClient, signIn, type SignedIn } from '../session.ts'
import { entranceScreen, type Field, formScreen } from './form-screen.ts'

const USERNAME: Field = {
  name: 'username',
  label: 'Username',
  attributes: { autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: 32 }
}
const PASSWORD: Field = {
  name: 'password',
  label: 'Password',
  attributes: { type: 'password', autocomplete: 'current-password' }
}
const NEW_USERNAME: Field = { ...USERNAME, hint: '3 to 32 letters, digits, "_", "-" or ".".' }
const EMAIL: Field = { name: 'email', label: 'E-mail address', attributes: { type: 'email', autocomplete: 'email' } }
const NEW_PASSWORD: Field = {
  name: 'password',
  label: 'Password',
  hint: 'At least 8 characters, with an upper-case letter, a lower-case letter, a digit and a punctuation character.',
  attributes: { type: 'password', autocomplete: 'new-password', minlength: 8 }
}
const CODE: Field = {
  name: 'code',
  label: 'Code',
  attributes: { inputmode: 'numeric', autocomplete: 'one-time-code', pattern: '[0-9]{6}', maxlength: 6, class: 'code' }
}

type EntranceScreen = Exclude<Route['screen'], 'chat' | 'chats'>
type Registration = { username: string, password: string, email: string | undefined }

/** These screens share the input: values typed on one are filled in on the next. */
export class Entrance {
  readonly #onSignedIn: (signedIn: SignedIn) => void
  #registration: Registration | undefined

  constructor (onSignedIn: (signedIn: SignedIn) => void) {
    this.#onSignedIn = onSignedIn
  }

  /** Creates a screen. */
  screen (name: EntranceScreen): HTMLElement {
    if (name === 'register') return this.#register()
    if (name === 'forgotten') return this.#forgotten()
    if (name === 'verify' && this.#registration !== undefined) return this.#verify(this.#registration)
    return this.#signIn()
  }

  #signIn (): HTMLElement {
    return formScreen({
      title: 'Sign in',
      lead: 'Welcome back. Your chats are where you left them.',
      fields: [USERNAME, PASSWORD],
      submit: 'Sign in',
      links: [link('register', 'Create an account'), link('forgotten', 'Forgot your password?')],
      onSubmit: async ({ username = '', password = '' }) => {
        try {
          this.#onSignedIn(await signIn({ username: username.trim(), password }))
        } catch (error) {
          if (!(error instanceof ConfabError && error.code === 'unverified')) throw error
          this.#registration = { username: username.trim(), password, email: undefined }
          goTo({ screen: 'verify' })
        }
      }
    })
  }

  #register (): HTMLElement {
    return formScreen({
      title: 'Create an account',
      lead: 'All it takes is a name, and an address to prove it is you.',
      fields: [NEW_USERNAME, EMAIL, NEW_PASSWORD],
      consent:
        'This server may keep my name, my e-mail address and what I write, so that the people I write to can read it.',
      submit: 'Create the account',
      links: [link('sign-in', 'I have an account')],
      onSubmit: async ({ username = '', email = '', password = '' }) => {
        const registration = { username: username.trim(), email: email.trim(), password }
        await newClient().register(registration)
        this.#registration = registration
        goTo({ screen: 'verify' })
      }
    })
  }

  #verify ({ username, email, password }: Registration): HTMLElement {
    const sent = element('span', { role: 'status' })
    const again = async (address: string) => {
      const sentence = await newClient()
        .register({ username, email: address, password })
        .then(
          () => ' Another code is on its way.',
          () => ' No other code could be sent; please wait a moment.'
        )
      sent.textContent = sentence
    }
    return formScreen({
      title: 'Check your mail',
      lead: element(
        'span',
        {},
        'We sent a code of six digits to ',
        element('strong', {}, email ?? 'your e-mail address'),
        '. It is good for ten minutes.',
        sent
      ),
      fields: [CODE],
      submit: 'Confirm',
      links: [
        email === undefined
          ? undefined
          : element('button', { class: 'link', type: 'button', click: () => void again(email) }, 'Send another code'),
        link(
          email === undefined ? 'register' : 'sign-in',
          email === undefined ? 'Register again for another code' : 'I have an account'
        )
      ],
      onSubmit: async ({ code = '' }) => {
        await newClient().verifyEmail({ username, code })
        this.#registration = undefined
        this.#onSignedIn(await signIn({ username, password }))
      }
    })
  }

  #forgotten (): HTMLElement {
    const screen = formScreen({
      title: 'Forgotten password',
      lead:
        'Say who you are, and we send a link to your e-mail address. It leads to a page where you choose a new ' +
        'password.',
      fields: [USERNAME],
      submit: 'Send the link',
      links: [link('sign-in', 'Back to sign in')],
      onSubmit: async ({ username = '' }) => {
        await newClient().requestPasswordReset(username.trim())
        screen.replaceWith(linkSent())
      }
    })
    return screen
  }
}

function linkSent (): HTMLElement {
  const heading = element('h1', { tabindex: -1 }, 'Check your mail')
  queueMicrotask(() => heading.focus())
  return entranceScreen(
    element('p', { class: 'state' }, 'Sent'),
    heading,
    element('p', { class: 'lead' }, 'The link is on its way. It works once, for an hour.'),
    element('p', { class: 'links' }, link('sign-in', 'Back to sign in'))
  )
}

function link (screen: EntranceScreen, text: string): HTMLElement {
  return element('a', { href: addressOf({ screen }) }, text)
}
