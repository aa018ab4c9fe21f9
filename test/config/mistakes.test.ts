// The mistakes that authors make: each one is reported exactly once, at its line, and nothing else is.
import { describe, expect, test } from 'vitest';
import { BASE_RUNBOOK, fixture, lineOf, lintFolder, told, workspace } from './workspace.ts';

const RUNBOOK = fixture(`base/${BASE_RUNBOOK}`);
const SYSTEM = fixture('base/belay.yaml');

interface Mistake {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly rule: string;
  /** Stands on the line that is reported, after the change. */
  readonly at: string;
  readonly meant?: string;
}

const PLANTED: readonly Mistake[] = [
  { name: 'a misspelt field', from: 'timeout: 30s\nretry', to: 'timeot: 30s\nretry', rule: 'unknown-key', at: 'timeot', meant: 'timeout' },
  { name: 'a bad duration', from: 'within: 15m', to: 'within: 2 mins', rule: 'duration', at: '2 mins', meant: '2m' },
  { name: 'an unknown action', from: '```belay do deploy.freeze', to: '```belay do deploy.freze', rule: 'unknown-action', at: 'deploy.freze', meant: 'deploy.freeze' },
  { name: 'a missing action input', from: '  org: "{org}"\n  to: stable', to: '  org: "{org}"', rule: 'missing-argument', at: '```belay do flow.set' },
  { name: 'a wrong input name', from: '  switch: checkout\n', to: '  swich: checkout\n', rule: 'unknown-argument', at: 'swich', meant: 'switch' },
  { name: 'an unknown template', from: 'template: initial', to: 'template: inital', rule: 'unknown-template', at: 'template: inital', meant: 'initial' },
  { name: 'an unknown role', from: 'from: [commander]', to: 'from: [comander]', rule: 'unknown-role', at: 'comander', meant: 'commander' },
  { name: 'a duplicate step id', from: '### Watch {#watch}', to: '### Watch {#answers}', rule: 'duplicate-id', at: '### Watch {#answers}' },
  { name: 'a missing undo', from: 'undo: { do: deploy.thaw, with: { target: shop } }\ncontingency', to: 'contingency', rule: 'undo-missing', at: '```belay do deploy.freeze' },
  { name: 'an unknown reference', from: '{incident.id}', to: '{incident.name}', rule: 'unknown-ref', at: '{incident.name}' },
  { name: 'an inline secret', from: 'why: "{incident.id}"', to: 'why: "Bearer abcdefghijklmnopqrstuvwxyz"', rule: 'inline-secret', at: 'Bearer' },
  { name: 'a trigger without a window', from: 'breach: { above: 5%, over: 15m }', to: 'breach: { above: 5% }', rule: 'trigger-window-missing', at: 'breach: { above: 5% }' },
  { name: 'a duplicate key', from: 'onTimeout: escalate\n', to: 'onTimeout: escalate\ntimeout: 20m\n', rule: 'duplicate-key', at: 'timeout: 20m' },
  { name: 'a version that is a number', from: 'version: 1.0.0', to: 'version: 2.0', rule: 'version-number', at: 'version: 2.0' },
  { name: 'an approval by time-out', from: 'onTimeout: escalate', to: 'onTimeout: approve', rule: 'unknown-value', at: 'onTimeout: approve' },
  { name: 'an undo nested under with', from: 'undo:\n  do: flow.set\n  with: { switch: checkout, org: "{org}", to: next }\n', to: '  undo: { do: flow.set }\n', rule: 'misplaced-key', at: '  undo:' },
  { name: 'a fence of two backticks', from: '```belay manual\nwho: commander\nwithin: 15m\nanswers: { goLive: { type: time }, sure: { type: bool } }\nevidence: [cause]\n```', to: '``belay manual\nwho: commander\n``', rule: 'fence-broken', at: '``belay manual' },
  { name: 'a YAML indent that is wrong', from: '  org: "{org}"\n  to: stable', to: '  org: "{org}"\n to: stable', rule: 'yaml', at: '\n to: stable'.slice(1) },
  { name: 'a missing brace', from: 'with: { target: shop, why: "{incident.id}" }', to: 'with: { target: shop, why: "{incident.id}"', rule: 'yaml', at: 'with: { target: shop, why: "{incident.id}"' },
  { name: 'a misspelt fence tag', from: '```belay notify', to: '```beley notify', rule: 'fence-tag', at: '```beley', meant: 'belay' },
  { name: 'a misspelt kind', from: '```belay do flow.set', to: '```belay doo flow.set', rule: 'fence-kind', at: '```belay doo', meant: 'do' },
  { name: 'a heading one level too deep', from: '### Switch {#switch}', to: '#### Switch {#switch}', rule: 'heading-level', at: '#### Switch' },
];

const MORE: readonly Mistake[] = [
  { name: 'a reference without quotes', from: '  org: "{org}"\n  to', to: '  org: {org}\n  to', rule: 'unquoted-ref', at: 'org: {org}' },
  { name: 'an address that begins with a reference without quotes', from: 'why: "{incident.id}" }', to: 'why: {incident.id} now }', rule: 'unquoted-ref', at: 'why: {incident.id} now' },
  { name: 'a fraction compared with a whole number', from: 'expect: value < 0.02', to: 'expect: value == 0', rule: 'condition', at: 'value == 0' },
  { name: 'a condition that is no yes or no', from: 'expect: ok == tried', to: 'expect: ok', rule: 'result-type', at: 'expect: ok }' },
  { name: 'an id with a dash in a condition', from: '### Say what you think {#think}', to: '### Say what you think {#my-view}', rule: 'kebab-id', at: 'my-view.out.goLive' },
  { name: 'matches in a condition', from: 'expect: value == "stable"', to: `expect: value.matches("stable")`, rule: 'matches', at: 'matches(' },
  { name: 'a division of whole numbers', from: 'expect: bad == 0 && all >= 1', to: 'expect: bad / all < 0.02', rule: 'int-division', at: 'bad / all' },
  { name: 'an unknown name in a condition', from: 'expect: value < 0.02', to: 'expect: valeu < 0.02', rule: 'condition', at: 'valeu' },
  { name: 'an answer that nobody gives in a condition', from: 'until: now >= steps.think.out.goLive', to: 'until: now >= steps.think.out.goLiv', rule: 'condition', at: 'until: now' },
  { name: 'a template that lacks one language', from: '```belay template initial pt-BR\n# Há erros\n\n{components} falha para {org}. Próxima atualização em até {promise}.\n```\n', to: '', rule: 'template-language', at: '```belay template initial en' },
  { name: 'a template with a variable that messages lack', from: '{components} is hit', to: '{component} is hit', rule: 'template-variable', at: '{component} is hit', meant: 'components' },
  { name: 'a template with a dotted variable', from: 'falha para {org}', to: 'falha para {org.name}', rule: 'template-variable', at: '{org.name}', meant: 'org' },
  { name: 'a text that promises and a step that does not', from: 'promise: 30m\n', to: '', rule: 'promise-missing', at: 'template: initial' },
  { name: 'an unknown clock', from: 'meets: [mitigate]', to: 'meets: [mitigate, migitate]', rule: 'unknown-clock', at: 'migitate', meant: 'mitigate' },
  { name: 'unknown evidence', from: 'evidence: [cause]', to: 'evidence: [cause, logs]', rule: 'unknown-evidence', at: 'evidence: [cause, logs]', meant: 'log' },
  { name: 'a jump to no step', from: 'fail: goto:think', to: 'fail: goto:thing', rule: 'unknown-step', at: 'goto:thing', meant: 'think' },
  { name: 'an unknown role that confirms the impact', from: 'impact: { who: commander', to: 'impact: { who: support', rule: 'unknown-role', at: 'who: support' },
  { name: 'evidence that no step produces', from: 'evidence: [restored-at]\n', to: '', rule: 'evidence-unproduced', at: 'evidence: [detected-at' },
  { name: 'a clock that no step meets', from: 'meets: [mitigate]\n', to: '', rule: 'clock-unstopped', at: '  mitigate:' },
  { name: 'a way back that passes no person', from: 'fail: goto:think', to: 'fail: goto:switch', rule: 'goto-loop', at: 'goto:switch' },
  { name: 'a target by its place in the past', from: '  to: stable\nundo', to: '  to: previous\nundo', rule: 'relative-undo', at: 'to: previous' },
  { name: 'a threshold to clear above the one to breach', from: 'clear: { below: 1%, for: 10m }', to: 'clear: { below: 5%, for: 10m }', rule: 'clear-not-below-breach', at: 'below: 5%' },
  { name: 'a trigger that never clears', from: '    clear: { below: 1%, for: 10m }\n', to: '', rule: 'never-clears', at: '  slow:' },
  { name: 'a share above one', from: 'above: 5%, over', to: 'above: 5, over', rule: 'limit', at: 'above: 5, over' },
  { name: 'an unknown probe', from: 'probe: release, with: { target: shop }, expect', to: 'probe: releases, with: { target: shop }, expect', rule: 'unknown-probe', at: 'probe: releases', meant: 'release' },
  { name: 'an unknown target', from: 'with: { target: shop, why', to: 'with: { target: shopp, why', rule: 'unknown-target', at: 'shopp', meant: 'shop' },
  { name: 'an unknown switch', from: '  switch: checkout\n', to: '  switch: chekout\n', rule: 'unknown-switch', at: 'chekout', meant: 'checkout' },
  { name: 'an unknown trigger in a check', from: 'trigger: slow', to: 'trigger: slo', rule: 'unknown-trigger', at: 'trigger: slo,' , meant: 'slow' },
  { name: 'an unknown trigger in the front matter', from: '  http-5xx:\n', to: '  http-5x:\n', rule: 'unknown-trigger', at: '  http-5x:', meant: 'http-5xx' },
  { name: 'an unknown audience', from: 'to: [team]', to: 'to: [tean]', rule: 'unknown-audience', at: 'tean', meant: 'team' },
  { name: 'an unknown component', from: 'components: [shop]', to: 'components: [shop, mial]', rule: 'unknown-component', at: 'mial', meant: 'mail' },
  { name: 'an argument of the wrong type', from: 'times: 10 }', to: 'times: ten }', rule: 'wrong-argument', at: 'times: ten' },
  { name: 'a duration among arguments', from: 'over: 5m }', to: 'over: 5 min }', rule: 'duration', at: 'over: 5 min', meant: '5m' },
  { name: 'a reference to no field of organizations', from: '{org.webhookUrl}', to: '{org.webhookUri}', rule: 'unknown-ref', at: 'webhookUri', meant: 'webhookUrl' },
  { name: 'a reference to no component', from: '{component.shop.url}', to: '{component.shpo.url}', rule: 'unknown-ref', at: 'shpo', meant: 'shop' },
  { name: 'a release where no target tells it', from: '  to: stable\nundo', to: '  to: "{release.previous}"\nundo', rule: 'unknown-ref', at: 'release.previous' },
  { name: 'a lock for something that does not exist', from: 'lock: "org/{org}', to: 'lock: "org/{orgg}', rule: 'unknown-ref', at: '{orgg}', meant: 'org' },
  { name: 'taking back a step that is not there', from: 'steps: [switch, freeze]', to: 'steps: [switch, freze]', rule: 'unknown-step', at: 'freze', meant: 'freeze' },
  { name: 'a step that is only prose', from: '### Remember {.note}', to: '### Remember', rule: 'step-empty', at: '### Remember' },
  { name: 'a note that has a block', from: '### Freeze {#freeze}', to: '### Freeze {#freeze .note}', rule: 'note-with-block', at: '```belay do deploy.freeze' },
  { name: 'an attribute without its mark', from: '### Approve {#approve}', to: '### Approve {approve}', rule: 'attribute', at: '{approve}' },
  { name: 'an attribute without its brace', from: '### Approve {#approve}', to: '### Approve {#approve', rule: 'attribute', at: '{#approve' },
  { name: 'a second block in a step', from: 'onTimeout: escalate\n```', to: 'onTimeout: escalate\n```\n\n```belay wait\nfor: 1m\n```', rule: 'second-block', at: '```belay wait\nfor: 1m' },
  { name: 'a block that belongs to no step', from: '# Roll the shop back\n\nRead', to: '# Roll the shop back\n\n```belay wait\nfor: 1m\n```\n\nRead', rule: 'block-outside-step', at: '```belay wait\nfor: 1m' },
  { name: 'a block inside a list', from: '```belay wait\nuntil: now >= steps.think.out.goLive\n```', to: '- Then:\n\n  ```belay wait\n  for: 1m\n  ```', rule: 'fence-broken', at: '  ```belay wait' },
  { name: 'a block indented by four', from: '```belay wait\nuntil: now >= steps.think.out.goLive\n```', to: '    ```belay wait\n    for: 1m\n    ```', rule: 'fence-broken', at: '    ```belay wait' },
  { name: 'a fence that is never closed', from: '{components} falha para {org}. Próxima atualização em até {promise}.\n```\n', to: '{components} falha para {org}. Próxima atualização em até {promise}.\n', rule: 'fence-open', at: '```belay template initial pt-BR' },
  { name: 'a kind that is not available yet', from: '```belay wait\nuntil: now >= steps.think.out.goLive', to: '```belay call other\nwith: {}', rule: 'not-available', at: '```belay call other' },
  { name: 'a key that is not available yet', from: 'until: now >= steps.think.out.goLive', to: 'for: 1m\nwindow: night', rule: 'not-available', at: 'window: night' },
  { name: 'a step before any phase', from: '## Decide\n\n', to: '', rule: 'step-outside-phase', at: '### Say what you think' },
  { name: 'a second title', from: '## Verify', to: '# Verify', rule: 'heading-level', at: '# Verify' },
  { name: 'a day that does not exist', from: 'reviewed: 2026-02-15', to: 'reviewed: 2026-02-30', rule: 'wrong-type', at: '2026-02-30' },
  { name: 'an alias', from: 'timeout: 10m', to: 'timeout: &t 10m', rule: 'yaml', at: '&t 10m' },
  { name: 'an id that is no id', from: 'id: base', to: 'id: Base Rollback', rule: 'wrong-type', at: 'id: Base Rollback' },
  { name: 'a guard that is incomplete', from: 'with: { target: shop }, when: frozen }', to: 'with: { target: shop } }', rule: 'missing-key', at: '- { id: frozen' },
];

const OF_THE_SYSTEM: readonly Mistake[] = [
  { name: 'a misspelt top key', from: 'switches:', to: 'swiches:', rule: 'unknown-key', at: 'swiches:', meant: 'switches' },
  { name: 'a missing variable of the environment', from: 'url: "{env.SHOP_URL}/metrics"', to: 'url: "{env.NO_SUCH_URL}/metrics"', rule: 'env-missing', at: 'NO_SUCH_URL' },
  { name: 'a selector that is not closed', from: `'http_requests_total{code=~"5.."}'`, to: `'http_requests_total{code=~"5.."'`, rule: 'selector', at: 'code=~"5.."' },
  { name: 'a selector with a broken pattern', from: 'code=~"5.."', to: 'code=~"5(."', rule: 'selector', at: 'code=~"5(."' },
  { name: 'a trigger of an unknown signal', from: 'signal: http.errors', to: 'signal: http.error', rule: 'unknown-signal', at: 'signal: http.error\n', meant: 'http.errors' },
  { name: 'a trigger per organization over a signal that is not split', from: '    by: org\n', to: '', rule: 'trigger-scope', at: 'scope: org' },
  { name: 'an unknown source', from: 'sources: [shop]', to: 'sources: [shp]', rule: 'unknown-source', at: 'sources: [shp]', meant: 'shop' },
  { name: 'an unknown driver of a source', from: 'driver: prometheus', to: 'driver: promethues', rule: 'unknown-value', at: 'promethues', meant: 'prometheus' },
  { name: 'an unknown channel of an audience', from: 'channel: file,', to: 'channel: fiel,', rule: 'unknown-channel', at: 'fiel', meant: 'file' },
  { name: 'an unknown role of a person', from: 'roles: [commander] }', to: 'roles: [comander] }', rule: 'unknown-role', at: '[comander]', meant: 'commander' },
  { name: 'an unknown component of a dependency', from: 'dependsOn: [shop]', to: 'dependsOn: [shpo]', rule: 'unknown-component', at: '[shpo]', meant: 'shop' },
  { name: 'an unknown audience of a severity', from: 'updates: { team: 15m }', to: 'updates: { teem: 15m }', rule: 'unknown-audience', at: 'teem', meant: 'team' },
  { name: 'a clock that nothing stops', from: ', until: [phase.closed] }', to: ' }', rule: 'clock-unstopped', at: '  postmortem: {' },
  { name: 'a zone that does not exist', from: 'zone: America/Sao_Paulo', to: 'zone: America/Sampa', rule: 'zone', at: 'America/Sampa' },
  { name: 'a password in the file', from: 'path: messages.ndjson', to: 'path: messages.ndjson, password: hunter2hunter2', rule: 'inline-secret', at: 'hunter2' },
  { name: 'a percentage above one hundred', from: 'above: 2%', to: 'above: 200%', rule: 'wrong-type', at: '200%' },
  { name: 'a signal with two kinds', from: '    by: org\n', to: '    by: org\n    gauge: open_files\n', rule: 'signal-kind', at: '    ratio:' },
  { name: 'a signal of a kind that is not available yet', from: '    ratio: { bad', to: '    fractionAbove: { bad', rule: 'not-available', at: 'fractionAbove' },
  { name: 'evidence levels the wrong way round', from: 'mode: armed', to: 'evidence: { suspect: 1e-5, act: 1e-3 }\n    mode: armed', rule: 'evidence-levels', at: 'evidence: {' },
];

function lintWith(mistake: Mistake, file: string, text: string) {
  const changed = text.replace(mistake.from, () => mistake.to);
  expect(changed, `${mistake.from} stands in the fixture`).not.toBe(text);
  const loaded = lintFolder(workspace({ [file]: changed }));
  const problem = loaded.diagnostics[0];
  const expected = [`${file.split('/').at(-1)}:${lineOf(changed, mistake.at)} ${mistake.rule}`];
  return { loaded, problem, expected };
}

test('the fixture itself has no problems', () => {
  expect(told(lintFolder(workspace()))).toEqual([]);
});

describe('the planted mistakes', () => {
  test.each(PLANTED)('$name is reported once, at its line', (mistake) => {
    const { loaded, problem, expected } = lintWith(mistake, BASE_RUNBOOK, RUNBOOK);
    expect(told(loaded)).toEqual(expected);
    if (mistake.meant !== undefined) expect(problem?.didYouMean).toBe(mistake.meant);
    expect(loaded.runbooks).toEqual({});
    expect(loaded.system).not.toBeNull();
  });
});

describe('more mistakes in runbooks', () => {
  test.each(MORE)('$name: one report, at its line', (mistake) => {
    const withNames = mistake.rule === 'kebab-id' ? RUNBOOK.replaceAll('steps.think', 'steps.my_view').replace('steps.my_view.out.goLive', 'steps.my-view.out.goLive').replace('goto:think', 'goto:my-view') : RUNBOOK;
    const { loaded, problem, expected } = lintWith(mistake, BASE_RUNBOOK, withNames);
    expect(told(loaded)).toEqual(expected);
    if (mistake.meant !== undefined) expect(problem).toMatchObject(problem?.didYouMean === undefined ? { hint: expect.stringContaining(mistake.meant) } : { didYouMean: mistake.meant });
    expect(loaded.runbooks).toEqual({});
  });
});

describe('mistakes in belay.yaml', () => {
  test.each(OF_THE_SYSTEM)('$name', (mistake) => {
    const { loaded, problem, expected } = lintWith(mistake, 'belay.yaml', SYSTEM);
    // A runbook may name what the mistake took away: only what belay.yaml says of itself is compared.
    expect(told(loaded).filter((line) => line.startsWith('belay.yaml'))).toEqual(expected);
    if (mistake.meant !== undefined) expect(problem?.didYouMean).toBe(mistake.meant);
    expect(loaded.system).toBeNull();
  });
});
