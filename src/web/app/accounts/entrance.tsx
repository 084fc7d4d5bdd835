/** The screens before signing in. They share what was typed: values of one are filled in on the next. */
import { signal } from '@preact/signals'
import { route } from '../shell/routes.ts'
import { Forgotten } from './forgotten.tsx'
import { Register } from './register.tsx'
import { SignIn } from './sign-in.tsx'
import { Verify } from './verify.tsx'

/** Somebody who has still to enter the code; without an address only the code that was sent before can be entered. */
export type Unverified = { readonly username: string, readonly password: string, readonly email: string | null }

/** See {@link Unverified}; kept in memory alone, since it has a password. */
export const unverified = signal<Unverified | null>(null)

/** The entrance. */
export function Entrance () {
  switch (route.value.screen) {
    case 'register':
      return <Register />
    case 'forgotten':
      return <Forgotten />
    case 'verify':
      return unverified.value === null ? <SignIn /> : <Verify account={unverified.value} />
    default:
      return <SignIn />
  }
}
