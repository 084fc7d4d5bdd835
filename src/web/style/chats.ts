/** The frame of the workspace, and the list of chats. On a phone the list and the conversation are separate screens. */
export const CHATS = `
.workspace {
  display: grid;
  grid-template: auto minmax(0, 1fr) / minmax(17rem, 22rem) minmax(0, 1fr);
  height: 100vh;
  height: 100dvh;
}
.banner {
  grid-column: 1 / -1;
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: center;
  gap: 4px 12px;
  padding: 8px 16px;
  background: var(--poor-soft);
  color: var(--poor);
  font-size: 0.9375rem;
  font-weight: 500;
  animation: arrive 0.2s ease-out;
}
.banner .link, .banner .link:hover { color: inherit; }
.pulse {
  width: 9px;
  height: 9px;
  border-radius: 50%;
  background: currentcolor;
  animation: breathe 1.4s ease-in-out infinite;
}
.side {
  display: flex;
  flex-direction: column;
  min-height: 0;
  grid-column: 1;
  grid-row: 2;
  background: var(--card);
  border-right: 1px solid var(--line);
}
.side-head { display: flex; align-items: center; justify-content: space-between; padding: 12px 14px 12px 20px; }
.side-body { flex: 1; min-height: 0; padding: 2px 10px 10px; overflow-y: auto; overscroll-behavior: contain; }
.side-foot {
  display: flex;
  align-items: center;
  gap: 12px;
  padding: 10px 14px 10px 20px;
  border-top: 1px solid var(--line);
}
.side-foot .avatar { width: 36px; height: 36px; font-size: 0.8125rem; }
.chat {
  display: grid;
  grid-template-columns: 44px minmax(0, 1fr) auto;
  column-gap: 12px;
  align-items: center;
  padding: 10px;
  border-radius: 12px;
  color: inherit;
  text-decoration: none;
  transition: background-color 0.12s;
}
.chat:hover { background: var(--ground); color: inherit; }
.chat:focus-visible { outline-offset: -3px; border-radius: 12px; }
.chat[aria-current] { background: var(--chosen); }
.chat .avatar { grid-row: 1 / 3; }
.chat-name { overflow: hidden; font-weight: 600; text-overflow: ellipsis; white-space: nowrap; }
.chat-time { color: var(--quiet); font-size: 0.8125rem; }
.chat-last {
  grid-column: 2 / -1;
  overflow: hidden;
  color: var(--quiet);
  font-size: 0.9375rem;
  line-height: 1.4;
  text-overflow: ellipsis;
  white-space: nowrap;
}
.chat.unread .chat-last { grid-column: 2; color: var(--ink); font-weight: 500; }
.chat.unread .chat-time { color: var(--accent); font-weight: 600; }
.count {
  justify-self: end;
  min-width: 22px;
  padding: 0 7px;
  border-radius: 11px;
  background: var(--accent);
  color: var(--on-accent);
  font-size: 0.8125rem;
  font-weight: 700;
  line-height: 22px;
  text-align: center;
  font-variant-numeric: tabular-nums;
}
.more { display: block; margin: 10px auto; }
.note { display: grid; gap: 10px; justify-items: center; padding: 40px 16px; text-align: center; }
.note:has(.ghost) { padding: 0; }
.ghost {
  width: 100%;
  height: 64px;
  border-radius: 12px;
  background: linear-gradient(90deg, transparent, var(--ground), transparent);
  animation: breathe 1.4s ease-in-out infinite;
}
.pane { grid-column: 2; grid-row: 2; min-width: 0; min-height: 0; }
.empty {
  display: grid;
  gap: 8px;
  place-content: center;
  justify-items: center;
  height: 100%;
  padding: 24px;
  text-align: center;
}
.empty .mark { width: 72px; height: 72px; margin-bottom: 12px; opacity: 0.9; }
.empty h2 { font-size: 1.375rem; line-height: 1.25; letter-spacing: -0.015em; text-wrap: balance; }
.empty .button { margin-top: 14px; }
@media (max-width: 44rem) {
  .workspace { grid-template-columns: minmax(0, 1fr); }
  .side, .pane { grid-column: 1; }
  .side { border-right: 0; }
  .workspace[data-screen="chat"] .side, .workspace:not([data-screen="chat"]) .pane { display: none; }
}
`
