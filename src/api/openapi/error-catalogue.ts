/** The catalogue of errors, each with the faces and frames that it occurs in. */
import { type ErrorCode, ERRORS, RETRYABLE } from '../../domain/errors.ts'
import { HTTP_STATUS } from '../http/error-status.ts'
import type { Face, MountedFace } from '../http/face.ts'
import { type DescribedRoute, errorsOf } from './route.ts'

/** An error with its sentence, and its status in each face that answers it, by the name of the face. */
export type ErrorEntry = {
  code: ErrorCode
  meaning: string
  status: ReadonlyMap<string, number>
  isInFrames: boolean
  isRetryable: boolean
}

/** Answered where no route is there to list it. */
const WITHOUT_ROUTE: readonly ErrorCode[] = ['unknown_route']

/** Every error, in alphabetical order. */
export function listErrors (routes: readonly DescribedRoute[], faces: readonly MountedFace[]): ErrorEntry[] {
  const perFace = faces.map((face) => {
    const codes = routes.filter((route) => route.face === face).flatMap(errorsOf)
    return { face, codes: new Set<ErrorCode>([...WITHOUT_ROUTE, ...[face.wrongMethod ?? []].flat(), ...codes]) }
  })
  const inFrames: ReadonlySet<ErrorCode> = new Set(faces.flatMap(({ socket }) => socket?.errors ?? []))
  return listCodes().map((code) => ({
    code,
    meaning: ERRORS[code],
    status: new Map(
      perFace.filter(({ codes }) => codes.has(code)).map(({ face }) => [face.name, face.status[code]])
    ),
    isInFrames: inFrames.has(code),
    isRetryable: RETRYABLE.has(code)
  }))
}

function listCodes (): ErrorCode[] {
  const isCode = (name: string): name is ErrorCode => Object.hasOwn(ERRORS, name)
  return Object.keys(ERRORS).filter(isCode).sort()
}

const SENTENCE = '<a sentence>'
const CODE = 'internal'

/** The form of an error: an example with placeholders. */
export function errorForm (encodeError: Face['encodeError']): string {
  const context = { status: HTTP_STATUS[CODE], publicUrl: '<the server>', requestId: '<an id>' }
  return JSON.stringify(encodeError({ code: CODE, message: SENTENCE }, context))
    .replaceAll(`"${CODE}"`, '"<the code>"')
    .replace(`/${CODE}"`, '/<the code>"')
}

/** The catalogue as a page of the documentation. */
export function errorsMarkdown (entries: readonly ErrorEntry[], faces: readonly MountedFace[]): string {
  const cell = (value: string | number | undefined) => String(value ?? '—')
  const names = faces.map(({ name }) => name)
  const rows = entries.map(({ code, meaning, status, isInFrames, isRetryable }) => [
    `\`${code}\``,
    ...names.map((name) => cell(status.get(name))),
    isInFrames ? 'yes' : '—',
    isRetryable ? 'later' : 'no',
    meaning
  ])
  const forms = [
    ...faces.map(({ name, encodeError }) =>
      `- **${name}** answers with the status and \`${errorForm(encodeError)}\`.`),
    ...faces.flatMap(({ socket }) =>
      socket === undefined
        ? []
        : `- **Frames** are \`${errorForm(socket.encodeError)}\`, with the \`ref\` of the refused frame.`)
  ]
  return `# Errors

Written by \`npm run describe\` from the code: every error that a client can receive.

${forms.join('\n')}
- **Retry**: \`later\` means that the same may succeed later without a change. Answers with 429 and 503 state the time in
  \`Retry-After\`; repeat a post with the same \`clientMessageID\`.

A sentence is for users and may be more specific, such as naming the missing field; a code never changes.

| ${['code', ...names, 'frames', 'retry', 'meaning'].join(' | ')} |
|---|${names.map(() => '---|').join('')}---|---|---|
${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}
`
}
