// Pages around the war room: log in, a problem, the bounce after a link from elsewhere.
import { icon } from '../icons.ts';
import { html, none } from '../markup.ts';
import type { Problem } from '../problem.ts';
import { type PageContext, page, pauseButton } from './layout.ts';

export function loginPage(context: PageContext, o: { readonly next: string; readonly error: 'wrong' | 'slow' | null }): string {
  const { w } = context;
  const error =
    o.error === null ? none : html`<p class="why-not" role="alert" id="login-error">${o.error === 'slow' ? w.loginSlow : w.loginWrong}</p>`;
  const body = html`<main class="login" id="next" tabindex="-1"><h1>${w.loginTitle}</h1><p>${w.loginWhat}</p>${error}
<form method="post" action="/login" id="login"><input type="hidden" name="next" value="${o.next}">
<label for="token">${w.loginToken}</label><input id="token" name="token" type="password" required autocomplete="current-password" spellcheck="false" autofocus${o.error === null ? none : html` aria-describedby="login-error"`}>
<p class="muted">${w.loginHint}</p><button class="button primary">${w.logIn}</button></form></main>`;
  return page(context, { title: w.loginTitle, follow: null }, body);
}

/** It keeps the pause button: when the store is down, pausing must still be one press away. */
export function problemPage(context: PageContext, problem: Problem, home: string): string {
  const { w } = context;
  const changed = problem.code === 'BELAY_PLAN_CHANGED';
  const body = html`<main class="problem" id="next" tabindex="-1"><h1>${icon('warn')} ${changed ? w.problemChanged : w.problemTitle}</h1>
<p class="detail">${problem.detail}</p>
${problem.hint === undefined ? none : html`<p><b>${w.problemNext}:</b> ${problem.hint}</p>`}
<p class="muted"><code>${problem.code}</code> · HTTP ${problem.status}</p>
<p><a class="button plain" href="${home}">${w.backTo} ${home === '/' ? w.incidents : nameOf(home)}</a></p>
${context.caller === null ? none : pauseButton(context)}</main>`;
  return page(context, { title: w.problemTitle, follow: null }, body);
}

/** `/incidents/INC-1` is known as `INC-1`, `/shadow` by its only word. */
function nameOf(home: string): string {
  const [, place = '', name] = new URL(home, 'http://belay.invalid').pathname.split('/');
  return decodeURIComponent(name ?? place);
}

/**
 * SameSite=Strict keeps the cookie back on a link from another site (a chat). This page asks again from here, with it.
 */
export function bouncePage(context: PageContext): string {
  return html`<!doctype html>
<html lang="${context.lang}"><head><meta charset="utf-8"><title>Belay</title><meta http-equiv="refresh" content="0"></head>
<body><p><a href="${context.path}">${context.w.reload}</a></p></body></html>
`.text;
}
