/** Every component in each of its states: `/app#/styleguide`, in development. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Chips } from '../people/people-picker.tsx'
import { Avatar } from './avatar.tsx'
import { Badge } from './badge.tsx'
import { Button, IconButton } from './button.tsx'
import { Confirm } from './confirm.tsx'
import { Dialog } from './dialog.tsx'
import { EmptyState } from './empty-state.tsx'
import { Field } from './field.tsx'
import { Icon, ICON_NAMES, isIconName } from './icon.tsx'
import { Menu } from './menu.tsx'
import { ActionRow, RowGroup, SelectRow, SwitchRow } from './rows.tsx'
import { Spinner } from './spinner.tsx'
import { SoundExamples } from './styleguide-sounds.tsx'
import { TextArea } from './text-area.tsx'
import { showToast } from './toast.tsx'

const KINDS = ['primary', 'second', 'plain', 'danger'] as const
const PEOPLE = ['Ann', 'Ben'].map((name) => ({
  id: name, name, avatar: null, data: {}, version: 1, created_at: '2026-01-01T00:00:00.000Z'
}))
const SIZES = ['s', 'm', 'l', 'xl'] as const

function Section ({ title, children }: { title: string, children: ComponentChildren }) {
  return <section class='guide-section'><h2>{title}</h2><div class='guide-row'>{children}</div></section>
}

/** The page. */
export function StyleGuide () {
  const [isOpen, setOpen] = useState(false)
  const menu = () => [
    { icon: 'edit', label: 'Edit', act: () => undefined },
    { icon: 'trash', label: 'Delete', isDangerous: true, act: () => undefined }
  ] as const
  return (
    <main class='guide'>
      <h1>Style guide</h1>
      <Section title='Buttons'>
        {KINDS.map((kind) => <Button key={kind} kind={kind}>{kind}</Button>)}
        <Button isBusy>busy</Button>
        <Button icon='plus'>with an icon</Button>
        <IconButton icon='settings' label='plain' />
        <IconButton icon='send' kind='primary' label='primary' />
        <IconButton icon='close' size='s' label='small' />
      </Section>
      <Section title='Avatars'>
        {SIZES.map((size) => <Avatar key={size} id={size} name={`Ann ${size}`} size={size} />)}
        <Avatar id='online' name='Ben Online' isOnline />
      </Section>
      <Section title='Badges'><Badge count={1} /><Badge count={999} hasMore /><Badge count={3} isQuiet /></Section>
      <Section title='Fields'>
        <Field label='Label' placeholder='Placeholder' />
        <Field label='With a hint' hint='The hint.' />
        <Field label='Wrong' problem='This is wrong.' value='x' />
      </Section>
      <Section title='Menu, dialog, toasts, spinner'>
        <Menu icon='more' label='Menu' entries={menu} />
        <Button kind='second' onClick={() => setOpen(true)}>Dialog</Button>
        <Button kind='second' onClick={() => showToast('Done.', { action: { label: 'Undo', act: () => undefined } })}>
          Toast
        </Button>
        <Button kind='second' onClick={() => showToast('That failed.', { isBad: true })}>Bad toast</Button>
        <Spinner />
      </Section>
      <RowsSection />
      <Section title='Sounds'><SoundExamples /></Section>
      <Section title='Empty state'>
        <EmptyState icon='thread' title='It is quiet here.' lead='Begin a chat.'><Button>Begin</Button></EmptyState>
      </Section>
      <Section title='Icons'>
        {ICON_NAMES.filter(isIconName).map((name) => <span key={name} title={name}><Icon name={name} /></span>)}
      </Section>
      {isOpen && <Dialog title='A dialog' onClose={() => setOpen(false)}><p>Its content.</p></Dialog>}
    </main>
  )
}

function RowsSection () {
  const [isOn, setOn] = useState(true)
  const [isAsked, setAsked] = useState(false)
  return (
    <Section title='Rows'>
      <div class='guide-rows'>
        <RowGroup title='A group of rows'>
          <ActionRow icon='group' label='A way' value='12' isWay onClick={() => undefined} />
          <ActionRow icon='link' label='With a hint' hint='The hint.' isCurrent onClick={() => undefined} />
          <SwitchRow icon='bell' label='Switch' hint='The hint.' isOn={isOn} onChange={setOn} />
          <SwitchRow label='Not known yet' isOn={false} isDisabled onChange={() => undefined} />
          <SelectRow
            label='Choice' value='one' options={[{ value: 'one', label: 'One' }, { value: 'two', label: 'Two' }]}
            onChange={() => undefined}
          />
          <ActionRow icon='trash' label='Dangerous' isDangerous onClick={() => undefined} />
        </RowGroup>
        <TextArea label='Several lines' hint='The hint.' value='' onInput={() => undefined} />
        <Chips chosen={PEOPLE} onTakeOut={() => undefined} />
      </div>
      <Button kind='second' onClick={() => setAsked(true)}>Question</Button>
      {isAsked && (
        <Confirm
          title='Delete it?' text='It is gone.' action='Delete' onClose={() => setAsked(false)}
          onConfirm={async () => Promise.reject(new Error('not today'))}
        />
      )}
    </Section>
  )
}
