// Commands in runbooks, as the lint sees them: words and no shell, references that are whole arguments, traps that people fell into, and a
// policy that says what to type.
import { describe, expect, test } from 'vitest';
import { lintFolder, told, workspace } from './workspace.ts';

const SYSTEM = (policy = ''): string => `belay: 1
name: App
people: { ana: { name: Ana, roles: [commander] } }
roles: [commander]
components: { app: { title: App } }
targets:
  app: { component: app, driver: release-directory, root: service, reload: ["true"] }
${policy}`;

const RUNBOOK = (block: string): string => `---
belay: 1
id: back
inputs: { ref: { type: string, required: true } }
---

# Back

## Act

### Install {#install}
\`\`\`belay run
${block}
\`\`\`
`;

const lint = (block: string, policy?: string) =>
  lintFolder(workspace({ 'belay.yaml': SYSTEM(policy), 'runbooks/back.runbook.md': RUNBOOK(block), 'runbooks/base.runbook.md': null }));
const errors = (loaded: ReturnType<typeof lint>) => loaded.diagnostics.filter((one) => one.severity === 'error');

const READ = 'effect: read';

describe('a command in a runbook', () => {
  test.each([
    ['a reference within an argument', 'cmd: [git, log, "--since={ref}"]', 'run-argument', 'the whole argument'],
    ['a reference as the program', 'cmd: ["{ref}", log]', 'run-argument', 'the program by its name'],
    ['program text for a shell', 'cmd: [bash, -c, "npm ci && npm test"]', 'run-shell', 'a script of its own'],
    ['a relative undo of pm2', 'cmd: [pm2, deploy, production, revert, "1"]', 'relative-undo', 'Name what must be live'],
    ['a relative downgrade', 'cmd: [alembic, downgrade, "-1"]', 'relative-undo', 'Name what must be live'],
    ['docker service rollback', 'cmd: [docker, service, rollback, web]', 'relative-undo', 'Name what must be live'],
    ['kubectl without a revision', 'cmd: [kubectl, rollout, undo, deployment/web]', 'relative-undo', 'Name what must be live'],
    ['a push that rewrites history', 'cmd: [git, push, --force, origin, main]', 'force-push', 'git revert'],
    ['a migration that empties the database', 'cmd: [supabase, migration, down]', 'destructive-supabase-down', 'Write a migration'],
    ['a reset under another name', 'cmd: [npx, prisma, migrate, reset, --force]', 'destructive-reset', 'db.migrateDown'],
    ['a command that docker lacks', 'cmd: [docker, rollback, web]', 'unknown-command', 'deploy.rollback'],
    ['a command that railway lacks', 'cmd: [railway, service, pause]', 'unknown-command', 'driver railway'],
    ['a save that stops Redis', 'cmd: [redis-cli, -h, cache, SAVE]', 'redis-save-blocks', 'BGSAVE'],
  ])('%s is told, with what to write instead', (_name, cmd, rule, instead) => {
    const [problem, ...more] = errors(lint(`${cmd}\n${READ}`));
    expect(more).toEqual([]);
    expect(problem?.rule).toBe(rule);
    expect(`${problem?.expected ?? ''} ${problem?.hint ?? ''}`).toContain(instead);
    expect(problem?.line).toBe(13);
  });

  test.each([
    ['an effect that is not said', 'cmd: [npm, ci]', 'missing-key', ''],
    ['an effect that is none', 'cmd: [npm, ci]\neffect: sate', 'unknown-value', 'state'],
    ['a text instead of a list', 'cmd: npm ci\neffect: read', 'wrong-type', ''],
    ['a misspelt key', 'cmd: [npm, ci]\neffect: read\ntimeot: 5s', 'unknown-key', 'timeout'],
    ['no way back', 'cmd: [npm, ci]\neffect: state', 'undo-missing', ''],
    ['a reference to nothing', 'cmd: [git, log, "{reff}"]\neffect: read', 'unknown-ref', 'ref'],
    [
      'a probe of when that is none',
      'cmd: [npm, ci]\neffect: read\nwhen: { probe: chnaged, with: { target: app }, expect: changed }',
      'unknown-probe',
      'changed',
    ],
    [
      'a condition of when that is wrong',
      'cmd: [npm, ci]\neffect: read\nwhen: { probe: changed, with: { target: app }, expect: count }',
      'result-type',
      '',
    ],
    ['a place that is none', 'cmd: [npm, ci]\neffect: read\non: web-1', 'wrong-type', ''],
    [
      'a file of SQL of a database that is not there',
      'sql: repair\non: nowhere\neffect: state\nirreversible: rows go',
      'unknown-database',
      '',
    ],
  ])('%s is told once', (_name, block, rule, meant) => {
    const found = errors(lint(block));
    expect(found.map((one) => one.rule)).toEqual([rule]);
    if (meant !== '') expect(found[0]?.didYouMean).toBe(meant);
  });

  test('commands with an explicit target, a lease or no rewriting are none of these traps', () => {
    const good = [
      '[kubectl, rollout, undo, deployment/web, --to-revision=4]',
      '[alembic, downgrade, a1b2c3]',
      '[git, push, "--force-with-lease=main:abc", origin, main]',
      '[redis-cli, BGSAVE]',
      '[heroku, rollback, v42]',
      '[bash, deploy.sh]',
    ];
    for (const cmd of good) expect(told(lint(`cmd: ${cmd}\n${READ}`)), cmd).toEqual(['back.runbook.md:12 run-not-allowed (warning)']);
  });
});

describe('the policy of commands', () => {
  test('says what to type, and what was typed allows exactly that text of the runbook', () => {
    const block = 'cmd: [npm, ci]\ncwd: service/current\neffect: state\nundo: { cmd: [npm, run, back] }';
    const [warning] = lint(block).diagnostics;
    expect(warning).toMatchObject({ rule: 'run-not-allowed', severity: 'warning' });
    const [, hash = ''] = /runbooks: \{ back: ([0-9a-f]{64}) \}/.exec(warning?.hint ?? '') ?? [];
    const policy = `policy: { run: { runbooks: { back: ${hash} } } }\n`;
    expect(told(lint(block, policy))).toEqual([]);
    expect(told(lint(block.replace('ci', 'install'), policy))).toEqual(['back.runbook.md:12 run-not-allowed (warning)']);
  });

  test('allows a command word for word, in its place, with its variables, and its undo beside it', () => {
    const block = 'cmd: [npm, ci, "{ref}"]\ncwd: service/current\nenv: [NPM_TOKEN]\neffect: state\nundo: { cmd: [npm, run, back] }';
    const policy = (commands: string): string => `policy:\n  run:\n    env: { NPM_TOKEN: "{env.SHOP_URL}" }\n    commands:\n${commands}`;
    const install = '      install: { cmd: [npm, ci, "{ref}"], cwd: service/current, env: [NPM_TOKEN] }\n';
    const undo = '      back: { cmd: [npm, run, back], cwd: service/current, env: [NPM_TOKEN] }\n';
    expect(told(lint(block, policy(install + undo)))).toEqual([]);
    for (const commands of [
      install,
      undo,
      (install + undo).replace('service/current', 'other'),
      (install + undo).replace(', env: [NPM_TOKEN]', ''),
    ])
      expect(told(lint(block, policy(commands))), commands).toEqual(['back.runbook.md:12 run-not-allowed (warning)']);
  });

  test('names hosts with their key and variables with their value, and says which is missing', () => {
    const hint = (block: string): string => lint(block).diagnostics[0]?.hint ?? '';
    expect(hint(`cmd: [uptime]\n${READ}\non: ssh:web-1`)).toContain('hosts: { web-1: { address: …');
    expect(hint(`cmd: [uptime]\n${READ}\nenv: [TOKEN]`)).toContain('env: { TOKEN: "{env.TOKEN}" }');
    const odd = `policy:
  run:
    runbooks: { back: 1234 }
    commands: { up: { cmd: [uptime], on: web } }
    env: { "1X": a }
    hosts: { web: { address: "-oProxyCommand=x", user: "a b", hostKey: nothing, key: k, port: 0 } }
`;
    const rules = errors(lint(`cmd: [uptime]\n${READ}`, odd)).map((one) => `${one.line} ${one.rule}`);
    expect(rules.toSorted()).toEqual([
      '10 wrong-type',
      '11 wrong-type',
      '12 id',
      '13 wrong-type',
      '13 wrong-type',
      '13 wrong-type',
      '13 wrong-type',
    ]);
  });
});
