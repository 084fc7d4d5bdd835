/** Rules for the settings of chats. */
import { isAvatar } from '../accounts/names.ts'
import { checkCustomData } from '../custom-data.ts'
import { ChatError } from '../errors.ts'
import { isBlank, isShowable, isStorable } from '../text.ts'

const MAX_NAME_LENGTH = 100
const MAX_DESCRIPTION_LENGTH = 2_000

/** Settings as they are requested: null takes one away, undefined leaves it. */
export type SettingsRequest = {
  name?: string | null
  description?: string | null
  avatar?: string | null
  data?: Record<string, unknown>
}

/**
 * Checks settings.
 * @returns the same with a name without surrounding white space
 * @throws {ChatError} `invalid_input`
 */
export function cleanSettings ({ name, description, avatar, data }: SettingsRequest): SettingsRequest {
  const trimmed = name?.trim()
  if (trimmed !== undefined && (Array.from(trimmed).length > MAX_NAME_LENGTH || !isShowable(trimmed))) {
    throw new ChatError(
      'invalid_input',
      'The field "name" has 1 to 100 characters, not only blank ones, and no control characters.'
    )
  }
  if (typeof description === 'string' && !isDescription(description))
    throw new ChatError('invalid_input', 'The field "description" has 1 to 2,000 characters, not only blank ones.')
  if (typeof avatar === 'string' && !isAvatar(avatar))
    throw new ChatError('invalid_input', 'The field "avatar" must be a URL with https or http.')
  if (data !== undefined) checkCustomData(data)
  return {
    ...(name !== undefined && { name: trimmed ?? null }),
    ...(description !== undefined && { description }),
    ...(avatar !== undefined && { avatar }),
    ...(data !== undefined && { data })
  }
}

function isDescription (text: string): boolean {
  return Array.from(text).length <= MAX_DESCRIPTION_LENGTH && !isBlank(text) && isStorable(text)
}
