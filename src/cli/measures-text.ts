// Measures that outlast the moment as text: freezes of scopes, and the ledger of contingencies.
import type { LedgerRow } from '../domain/contingency-ledger.ts';
import type { Instant } from '../domain/json.ts';
import type { ScopeFreeze } from '../domain/scope-freeze.ts';
import type { Lang } from '../domain/system.ts';
import { span } from './clock-text.ts';
import type { Look } from './output.ts';
import { pad, wrap } from './text-layout.ts';
import { wordsOf } from './words.ts';

type Page = Look & { readonly lang: Lang };

export function freezeText(freezes: readonly ScopeFreeze[], now: Instant, page: Page): string {
  if (freezes.length === 0) return wordsOf(page.lang).nothingFrozen;
  return freezes.map((one) => freezeLines(one, now, page).join('\n')).join('\n\n');
}

export function freezeLines(freeze: ScopeFreeze, now: Instant, { colour, lang, width }: Page): readonly string[] {
  const words = wordsOf(lang);
  const whose = freeze.incident === null ? freeze.by : `${freeze.by}, ${freeze.incident}`;
  return [
    `${colour.yellow(colour.bold(words.frozen))} ${freeze.scope}  ${words.since} ${span(now - freeze.at)}`,
    ...wrap(`${whose}: ${freeze.why}`, width - 4).map((line) => `    ${line}`),
    `    ${colour.dim(`belay thaw ${freeze.scope} --why "…"`)}`,
  ];
}

export function ledgerText(rows: readonly LedgerRow[], now: Instant, page: Page): string {
  if (rows.length === 0) return wordsOf(page.lang).noContingencies;
  return rows.map((row) => ledgerLines(row, now, page).join('\n')).join('\n\n');
}

function ledgerLines(row: LedgerRow, now: Instant, { colour, lang }: Page): readonly string[] {
  const words = wordsOf(lang);
  const when = {
    open: `${span(row.expiresAt - now)} ${words.left}`,
    overdue: colour.red(colour.bold(`${words.late} ${span(now - row.expiresAt)}`)),
    closed: `${words.ended} ${span(now - (row.closedAt ?? now))} ${words.ago}`,
  }[row.state];
  const end = row.atExpiry === 'undo' ? words.takesItselfBack : words.ownerReminded;
  const undo = row.undo === null ? words.nothingToUndo : `${words.undo}: ${row.undo}`;
  const type = row.state === 'closed' ? [] : [`    ${colour.dim(`belay incident ${row.incident}`)}`];
  return [
    `${colour.bold(pad(row.incident, 7))} ${row.action} ${row.scope}  ${when}`,
    `    ${[`${words.owner} ${row.owner}`, undo, ...(row.state === 'closed' ? [] : [end])].join(', ')}`,
    ...type,
  ];
}
