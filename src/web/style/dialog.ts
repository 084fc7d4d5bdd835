/** Dialogs, and the list of people in one of them. */
export const DIALOG = `
.dialog {
  width: min(26rem, calc(100vw - 32px));
  max-height: min(38rem, calc(100dvh - 48px));
  padding: 0 24px 24px;
  border: 1px solid var(--line);
  border-radius: 16px;
  background: var(--card);
  color: var(--ink);
  box-shadow: 0 24px 64px -16px rgb(0 0 0 / 45%);
  animation: arrive 0.18s ease-out;
}
.dialog::backdrop { background: rgb(16 16 28 / 55%); }
.dialog-head {
  position: sticky;
  top: 0;
  z-index: 1;
  display: flex;
  align-items: center;
  justify-content: space-between;
  margin: 0 -12px 8px 0;
  padding-top: 14px;
  background: var(--card);
}
.dialog-head h2 { font-size: 1.1875rem; letter-spacing: -0.01em; text-wrap: balance; }
.dialog p { margin-bottom: 16px; }
.dialog-actions { display: flex; justify-content: flex-end; gap: 10px; }
.together { display: flex; gap: 10px; margin-bottom: 12px; }
.together input { flex: 1; min-width: 0; margin: 0; }
.people { margin: 0 -10px; }
.person {
  display: flex;
  align-items: center;
  gap: 12px;
  width: 100%;
  padding: 8px 10px;
  border: 0;
  border-radius: 12px;
  background: none;
  text-align: left;
}
.dialog h3 { margin: 20px 0 8px; font-size: 1rem; }
.sessions li { display: flex; align-items: center; justify-content: space-between; gap: 12px; padding: 8px 0; }
.person:hover { background: var(--ground); }
.person:focus-visible { outline-offset: -3px; }
`
