// The files that `belay init` writes, as text: belay.yaml, runbooks and messages for one service. Windows are those of a real service.
import type { Answers } from './init-answers.ts';
import { proseOf } from './init-prose.ts';

/** Path → text, in the order in which they are written. */
export function initFiles(answers: Answers): ReadonlyMap<string, string> {
  const files = new Map<string, string>([
    ['belay.yaml', systemFile(answers)],
    ['runbooks/deploy-rollback.runbook.md', deployRunbook(answers)],
  ]);
  if (answers.flow !== null) files.set('runbooks/org-rollback.runbook.md', orgRunbook(answers, answers.flow));
  for (const lang of ['en', 'pt-BR'] as const) {
    const { messages } = proseOf(lang);
    for (const id of ['initial', 'stabilised'] as const) files.set(`templates/${id}.${lang}.md`, messages[id]);
    if (answers.flow !== null)
      for (const id of ['org-initial', 'org-stabilised'] as const) files.set(`templates/${id}.${lang}.md`, messages[id]);
  }
  return files;
}

const quoted = (text: string): string => JSON.stringify(text);
const triggerOf = ({ metricsUrl }: Answers): string => (metricsUrl === null ? 'health-down' : 'http-5xx');

function systemFile(answers: Answers): string {
  const { name, id, lang, zone, url, releaseDir, pidFile, signal, orgs, flow, person } = answers;
  const note = proseOf(lang).notes;
  const organizations =
    orgs.length === 0 ? '' : `\norganizations:\n${orgs.map((org) => `  ${org}: { name: ${quoted(org)} }`).join('\n')}\n`;
  const switches =
    flow === null
      ? ''
      : `\n# ${note.switches}\nswitches:\n  flow:\n    component: ${id}\n    driver: flow-file\n    file: ${quoted(flow.file)}\n    values: [${flow.values.map(quoted).join(', ')}]\n`;
  return `# ${note.head}
belay: 1
name: ${quoted(name)}
lang: ${lang}
zone: ${zone}

components:
  ${id}: { title: ${quoted(name)}, criticality: critical, rto: 15m, url: ${quoted(url)} }
${organizations}
people:
  oncall: { name: ${quoted(person)}, roles: [commander] }
roles: [commander]

${watched(answers)}
# ${note.target}
targets:
  ${id}:
    component: ${id}
    driver: release-directory
    root: ${quoted(releaseDir)}
    pidFile: ${quoted(pidFile)}
    signal: ${signal}
${switches}
# ${note.channels}
channels:
  terminal: { driver: console }
  log: { driver: file, path: messages.ndjson }
audiences:
  team: { kind: responders, lang: ${lang}, channels: [{ channel: terminal, to: [oncall] }, { channel: log, to: [oncall] }] }

severities:
  P1: { updates: { team: 30m }, postmortem: true }

# ${note.guards}
guards: { changedWithin: 60m, cooldown: 30m, perScopePerDay: 3, freshData: 30s }
# ${note.network}
network: { allow: [${hostsOf(answers).map(quoted).join(', ')}] }
statusPage: { title: ${quoted(name)} }
`;
}

function hostsOf({ url, metricsUrl, healthUrl }: Answers): readonly string[] {
  const urls = [url, metricsUrl, healthUrl].filter((one) => one !== null);
  return [...new Set(urls.map((one) => new URL(one).hostname))];
}

/** Sources, signals and the trigger: counts where there is a metrics page, else the health page. */
function watched({ id, metricsUrl, healthUrl, orgs, lang }: Answers): string {
  const note = proseOf(lang).notes;
  if (metricsUrl === null) {
    return `sources:
  ${id}: { driver: http, points: [${quoted(healthUrl ?? '')}], every: 10s, timeout: 5s }

signals:
  health:
    probe: { source: ${id}, failing: 1, consecutive: 3 }

# ${note.mode}
triggers:
  health-down:
    signal: health
    scope: all
    clear: { for: 5m }
    mode: shadow
`;
  }
  return `sources:
  ${id}: { driver: prometheus, url: ${quoted(metricsUrl)}, every: 5s }

# ${note.signals}
signals:
  http.errors:
    ratio: { bad: 'http_requests_total{code=~"5.."}', all: http_requests_total }${orgs.length === 0 ? '' : '\n    by: org'}
    sources: [${id}]

# ${note.mode}
triggers:
  http-5xx:
    signal: http.errors
    scope: ${orgs.length === 0 ? 'all' : 'org'}
    breach: { above: 2%, over: 5m, still: 30s, for: 0s }
    clear: { below: 1%, for: 10m }
    mode: shadow
`;
}

interface Head {
  readonly id: string;
  readonly title: string;
  readonly more?: string;
}

function frontMatter(answers: Answers, { id, title, more = '' }: Head): string {
  return `---
belay: 1
id: ${id}
title: ${quoted(title)}
version: 1.0.0
lang: ${answers.lang}
owner: commander
visibility: internal
severity: P1
components: [${answers.id}]
${more}roles:
  commander: { is: commander }
clocks:
  mitigate: { from: detected, budget: 15m }
triggers: [${triggerOf(answers)}]
start: ${answers.metricsUrl === null ? 'ask' : 'auto'}
`;
}

const EVIDENCE = 'evidence: [detected-at, trigger, decision, restored-at]';

function deployRunbook(answers: Answers): string {
  const { id, orgs, metricsUrl, lang } = answers;
  const say = proseOf(lang);
  const text = say.deploy(answers.name);
  const metric = (org: string): string =>
    `  - { probe: metric, with: { trigger: http-5xx${org === '' ? '' : `, org: ${org}`} }, expect: value < 0.02 }`;
  const checks = metricsUrl === null ? [httpCheck(answers, 3)] : (orgs.length === 0 ? [''] : orgs).map(metric);
  return `${frontMatter(answers, { id: 'deploy-rollback', title: text.title })}require:
  - id: fleet-uniform
    text: ${quoted(text.uniform)}
    probe: release
    with: { target: ${id} }
    expect: uniform
${EVIDENCE}
---

# ${text.title}

${text.about}

## ${say.phases.decide}

### ${text.tell} {#tell}
\`\`\`belay notify
template: initial
to: [team]
promise: 30m
\`\`\`

## ${say.phases.act}

### ${text.freeze} {#freeze}
${text.freezeWhy}
\`\`\`belay do deploy.freeze
with: { target: ${id}, why: "{incident.id}" }
undo: { do: deploy.thaw, with: { target: ${id} } }
contingency: { owner: commander, expires: 7d }
\`\`\`

### ${text.back} {#switch}
${text.backWhy}
\`\`\`belay do deploy.rollback
with: { target: ${id}, to: "{release.previous}" }
undo: { do: deploy.activate, with: { target: ${id}, to: "{release.current}" } }
verify:
  - { probe: release, with: { target: ${id} }, expect: uniform }
timeout: 2m
takes: 5s
\`\`\`

${proof({ answers, text, checks, template: 'stabilised' })}`;
}

function httpCheck({ id, healthUrl }: Answers, times: number): string {
  const url = healthUrl ?? `{component.${id}.url}/`;
  return `  - { probe: http, with: { url: ${quoted(url)}, times: ${times} }, expect: ok == tried }`;
}

function orgRunbook(answers: Answers, flow: NonNullable<Answers['flow']>): string {
  const say = proseOf(answers.lang);
  const text = say.org;
  const [safe, other = safe] = flow.values;
  const check =
    answers.metricsUrl === null
      ? httpCheck(answers, 10)
      : `  - { probe: metric, with: { trigger: http-5xx, org: "{org}" }, expect: value < 0.02 }`;
  const inputs = 'inputs:\n  org: { type: org, required: true }\nlock: "org/{org}/flow"\n';
  return `${frontMatter(answers, { id: 'org-rollback', title: text.title, more: inputs })}${EVIDENCE}
---

# ${text.title}

${text.about}

## ${say.phases.decide}

### ${text.tell} {#tell}
\`\`\`belay notify
template: org-initial
to: [team]
promise: 30m
\`\`\`

## ${say.phases.act}

### ${text.back} {#switch}
\`\`\`belay do flow.set
with: { switch: flow, org: "{org}", to: ${safe} }
undo: { do: flow.set, with: { switch: flow, org: "{org}", to: ${other} } }
contingency: { owner: commander, expires: 7d }
verify:
  - { probe: flow, with: { switch: flow, org: "{org}" }, expect: value == ${quoted(safe)} }
timeout: 2m
takes: 1s
\`\`\`

${proof({ answers, text, checks: [check], template: 'org-stabilised' })}`;
}

interface Proof {
  readonly answers: Answers;
  readonly text: Readonly<Record<'answers' | 'watch' | 'stable', string>>;
  readonly checks: readonly string[];
  readonly template: string;
}

/** The end of every runbook: it is proven, watched, and told. */
function proof({ answers, text, checks, template }: Proof): string {
  const say = proseOf(answers.lang);
  return `## ${say.phases.verify}

### ${text.answers} {#answers}
\`\`\`belay verify
all:
${httpCheck(answers, 10)}
every: 5s
timeout: 2m
fail: ask
meets: [mitigate]
evidence: [restored-at]
\`\`\`

### ${text.watch} {#watch}
\`\`\`belay watch
for: 10m
every: 10s
all:
${checks.join('\n')}
fail: ask
\`\`\`

## ${say.phases.tell}

### ${text.stable} {#stable}
\`\`\`belay notify
template: ${template}
to: [team]
\`\`\`
`;
}
