// What people will paste and what texts promise: each trap is told at its line, once, and its remedy is quiet.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { draftOf } from '../../src/config/command-drafts.ts';
import { trapOf } from '../../src/config/command-traps.ts';
import { lintAlone } from '../../src/config/lint.ts';
import { compileRunbook } from '../../src/config/runbook.ts';
import { pastedCommands } from '../../src/config/shell-lines.ts';
import { BASE_RUNBOOK, fixture, lineOf, lintFolder, told, workspace } from './workspace.ts';

const RUNBOOK = fixture(`base/${BASE_RUNBOOK}`);
const SYSTEM = fixture('base/belay.yaml');

const TRAPS: readonly (readonly [command: string, rule: string, instead: string])[] = [
  ['docker rollback crm-backend', 'unknown-command', 'docker service update --image app@sha256:abc crm-backend'],
  ['docker compose rollback web', 'unknown-command', 'docker compose up -d web'],
  ['railway service pause julia-api', 'unknown-command', 'railway down'],
  ['kubectl rollback deployment/web', 'unknown-command', 'kubectl rollout undo deployment/web --to-revision=4'],
  ['pm2 rollback api', 'unknown-command', 'pm2 reload api'],
  ['poetry run alembic downgrade -1', 'relative-undo', 'poetry run alembic downgrade a1b2c3'],
  ['pm2 deploy production revert 1', 'relative-undo', 'pm2 reload api'],
  ['docker service rollback web', 'relative-undo', 'docker service update --image app@sha256:abc web'],
  ['docker service update --rollback web', 'relative-undo', 'docker service ps web'],
  ['kubectl rollout undo deployment/web', 'relative-undo', 'kubectl rollout undo deployment/web --to-revision=4'],
  ['heroku rollback --app shop', 'relative-undo', 'heroku rollback v40 --app shop'],
  ['helm rollback shop', 'relative-undo', 'helm rollback shop 12'],
  ['npx knex migrate:rollback', 'relative-undo', 'npx knex migrate:down 20260101_a.js'],
  ['npx sequelize-cli db:migrate:undo', 'relative-undo', 'npx sequelize-cli db:migrate:undo:all --to 20260101-a.js'],
  ['npm run db:migrate:down', 'relative-undo', 'npm run db:migrate:status'],
  ['git reset --hard HEAD~1', 'relative-undo', 'git revert 1a2b3c4'],
  ['git push origin main --force', 'force-push', 'git push origin main'],
  ['git push -f', 'force-push', 'git push --follow-tags'],
  ['git push origin main --force-with-lease', 'force-push', 'git push --force-with-lease=main:1a2b3c4d origin main'],
  ['git push origin +main', 'force-push', 'git push origin main'],
  ['supabase migration down --linked', 'destructive-supabase-down', 'supabase migration list'],
  ['supabase db reset', 'destructive-supabase-down', 'supabase db diff'],
  ['npx supabase@2.1 --debug db reset --linked', 'destructive-supabase-down', 'npx supabase@2.1 --debug db diff --linked'],
  ['supabase projects delete abcd', 'destructive-supabase-down', 'supabase projects list'],
  ['npx prisma migrate reset --force', 'destructive-reset', 'npx prisma migrate status'],
  ['prisma db push --accept-data-loss', 'destructive-reset', 'prisma migrate resolve --rolled-back 20260301_nick'],
  ['npx drizzle-kit push --force', 'destructive-reset', 'npx drizzle-kit check'],
  ['bin/rails db:reset', 'destructive-reset', 'bin/rails db:migrate VERSION=20260301'],
  ['npx sequelize-cli db:drop', 'destructive-reset', 'npx sequelize-cli db:migrate:status'],
  ['npx migrate-mongo down', 'relative-undo', 'npx migrate-mongo status'],
  ['pg_restore --clean --dbname="$DATABASE_URL" a.dump', 'restore-over-live', 'pg_restore --dbname="$NEW_DATABASE_URL" a.dump'],
  ['redis-cli -h cache SAVE', 'redis-save-blocks', 'redis-cli -h cache BGSAVE'],
  ['pg_dump "postgres://db.pooler.supabase.com:6543/postgres"', 'pooler-for-dump', 'pg_dump "$DIRECT_DATABASE_URL"'],
  ['psql $SUPABASE_URL -c "select 1"', 'address-for-dump', 'psql "$DATABASE_URL" -c "select 1"'],
  ['npm test', 'smoke-readonly', 'npm run build'],
  ['npx playwright test', 'smoke-readonly', 'npx playwright show-report'],
];

const document = (command: string, more = ''): string => `# T\n\n### A step\n\n- [ ] Do it\n\n\`\`\`bash\n${command}\n${more}\`\`\`\n`;

function rulesOf(text: string): readonly string[] {
  const { draft } = compileRunbook(text, 'doc.md');
  if (draft === null) throw new Error('no draft');
  return lintAlone(draft, { today: '2026-03-01' }).map((one) => `${one.line} ${one.rule}`);
}

describe('commands in fences', () => {
  test.each(TRAPS)('%s is told as %s, and its remedy is quiet', (command, rule, instead) => {
    expect(rulesOf(document(command)).filter((one) => !one.endsWith('inline-prod-url'))).toEqual([`8 ${rule}`]);
    expect(rulesOf(document(instead))).toEqual([]);
    const { draft } = compileRunbook(document(command), 'doc.md');
    const [first] = draft === null ? [] : lintAlone(draft, { today: '2026-03-01' }).filter((one) => one.rule === rule);
    expect(first).toMatchObject({ severity: 'warning', column: 1, hint: expect.stringMatching(/\S{3}/) });
  });

  test('a comment beside a test suite declares that it only reads', () => {
    expect(rulesOf(document('npm test', '# read-only: the smoke suite changes nothing\n'))).toEqual([]);
    expect(rulesOf(document('npm test', '# somente leitura\n'))).toEqual([]);
  });

  test('wrappers, prompts, continued lines and joined commands hide nothing', () => {
    const pasted = pastedCommands('$ sudo docker \\\n  rollback a && DEBUG=1 npx knex migrate:rollback # back\n# git push -f\n');
    expect(pasted.map((one) => one.text)).toEqual(['docker rollback a', 'knex migrate:rollback']);
    expect(pasted.map((one) => trapOf(one.text)?.rule)).toEqual(['unknown-command', 'relative-undo']);
  });

  test('program text, messages and comments of HTML are pasted by nobody', () => {
    for (const tag of ['python', 'json', 'markdown', 'yaml'])
      expect(rulesOf(document('docker rollback a').replace('bash', tag))).toEqual([]);
    expect(rulesOf('# T\n\n### A\n\n- [ ] x\n\n<!-- a draft\n```bash\ndocker rollback a\n```\n-->\n')).toEqual([]);
  });

  test('fences inside lists and quotes are looked at, each at its line and column', () => {
    const text = '# T\n\n1. Go back:\n   ```bash\n   git status\n   git push -f\n   ```\n';
    const { draft } = compileRunbook(text, 'doc.md');
    expect(
      draft === null ? [] : lintAlone(draft, { today: '2026-03-01' }).map(({ line, column, rule }) => ({ line, column, rule })),
    ).toEqual([{ line: 6, column: 4, rule: 'force-push' }]);
  });
});

describe('addresses and credentials', () => {
  test('an address of production in a command is told; one of this machine, a status page or a variable is not', () => {
    expect(rulesOf(document('curl https://shop.acme.com/health'))).toEqual(['8 inline-prod-url']);
    expect(rulesOf(document('psql "postgres://app@db.acme.com:5432/crm"'))).toEqual(['8 inline-prod-url']);
    for (const quiet of ['http://localhost:8080/x', '"$SHOP_URL/health"', 'https://status.supabase.com', 'http://10.0.0.7/x'])
      expect(rulesOf(document(`curl ${quiet}`))).toEqual([]);
  });

  test('a service key in a fence is told, a placeholder is not', () => {
    expect(rulesOf(document('export SUPABASE_SERVICE_KEY=abcdef123456'))).toEqual(['8 inline-secret']);
    expect(rulesOf(document('export SUPABASE_SERVICE_KEY=[REDACTED]'))).toEqual([]);
    expect(rulesOf(document('pg_dump "postgres://postgres:[password]@localhost:5432/x"'))).toEqual([]);
  });
});

describe('what words promise', () => {
  const withBox = (box: string, title = 'A step'): string => `# T\n\n## ${title}\n\n### Do\n\n- [ ] ${box}\n`;

  test('a recent backup without an age is asked about, in both languages', () => {
    expect(rulesOf(withBox('Backup recente do banco'))).toEqual(['7 backup-age-undeclared']);
    expect(rulesOf(withBox('There is a recent backup'))).toEqual(['7 backup-age-undeclared']);
    expect(rulesOf(withBox('Backup recente, de menos de 24 horas'))).toEqual([]);
    const asked = RUNBOOK.replace('require:\n', 'require:\n  - { id: copy, ask: "Is there a recent backup?" }\n');
    expect(told(lintFolder(workspace({ [BASE_RUNBOOK]: asked })))).toEqual([
      `base.runbook.md:${lineOf(asked, 'id: copy')} backup-age-undeclared (warning)`,
    ]);
  });

  test('a drill that points services of production at staging is told, one on cloned services is not', () => {
    expect(rulesOf(withBox('Apontar os serviços do Railway para staging', 'Drill do trimestre'))).toEqual(['5 drill-touches-prod']);
    expect(rulesOf(withBox('Point the production services at staging', 'Disaster drill'))).toEqual(['5 drill-touches-prod']);
    expect(rulesOf(withBox('Apontar os serviços clonados para staging', 'Drill do trimestre'))).toEqual([]);
    expect(rulesOf(withBox('Apontar os serviços do Railway para staging', 'Migração'))).toEqual([]);
  });

  test('a message that promises what the same runbook says is lost is told', () => {
    const text = (promise: string): string => `# T\n\nENTRADA: as mensagens são perdidas\n\n### Avisar\n\n- [ ] ${promise}\n`;
    expect(rulesOf(text('Nenhum dado será perdido'))).toEqual(['7 claim-vs-mode']);
    expect(rulesOf(text('No message will be lost'))).toEqual(['7 claim-vs-mode']);
    expect(rulesOf(text('Mande de novo o que enviou desde as 10h'))).toEqual([]);
  });
});

describe('what was promised of a component', () => {
  const system = (fields: string): string => SYSTEM.replace(/(\ncomponents:\n {2}shop: \{ )/, `$1${fields}, `);

  test('how soon it is back, how much may be lost and how much it hurts are defined, declared and checked [S5-TG-08]', () => {
    const glossary = readFileSync(new URL('../../docs/reference/glossary.md', import.meta.url), 'utf8');
    for (const word of ['RTO', 'RPO', 'criticality'])
      expect(glossary).toMatch(new RegExp(`^\\| ${word} \\| .*(?:back|lost|business)`, 'm'));
    const loaded = lintFolder(workspace({ 'belay.yaml': system('rpo: 15m') }));
    expect(loaded.system?.components[0]).toMatchObject({ id: 'shop', rtoMs: 900_000, rpoMs: 900_000, criticality: 'critical' });
    const wrong = SYSTEM.replace('criticality: critical', 'criticality: enormous').replace('rto: 15m', 'rto: soon');
    expect(told(lintFolder(workspace({ 'belay.yaml': wrong }))).filter((one) => one.startsWith('belay.yaml'))).toEqual([
      'belay.yaml:6 unknown-value',
      'belay.yaml:6 duration',
    ]);
  });

  test('a backup that is rarer than what may be lost is told, and recovery to a point in time is not', () => {
    const daily = system('rpo: 15m, backup: { every: 1d }');
    expect(daily).not.toBe(SYSTEM);
    expect(told(lintFolder(workspace({ 'belay.yaml': daily })))).toEqual([
      `belay.yaml:${lineOf(daily, 'backup:')} rpo-unreachable (warning)`,
    ]);
    expect(told(lintFolder(workspace({ 'belay.yaml': system('rpo: 15m, backup: { every: 1d, pointInTime: true }') })))).toEqual([]);
    expect(told(lintFolder(workspace({ 'belay.yaml': system('rpo: 15m, backup: { every: 10m }') })))).toEqual([]);
  });

  test('steps that take longer than the component may be away are told, and what only watches does not count', () => {
    const slow = RUNBOOK.replace('timeout: 30s\nretry', 'timeout: 30s\ntakes: 20m\nretry');
    expect(slow).not.toBe(RUNBOOK);
    expect(told(lintFolder(workspace({ [BASE_RUNBOOK]: slow })))).toEqual([
      `base.runbook.md:${lineOf(slow, 'components: [shop]')} rto-unreachable (warning)`,
      `base.runbook.md:${lineOf(slow, 'mitigate: {')} clock-unreachable (warning)`,
    ]);
    expect(
      told(lintFolder(workspace({ [BASE_RUNBOOK]: RUNBOOK.replace('timeout: 30s\nretry', 'timeout: 30s\ntakes: 10m\nretry') }))),
    ).toEqual([]);
  });

  test('a message that promises what a component loses while it is down is told in each language', () => {
    const losing = system('loses: ["orders that arrive meanwhile"]');
    const claims = RUNBOOK.replace('{components} is hit', '{components} is hit, and no order is lost').replace(
      'falha para',
      'falha, nenhum pedido será perdido, para',
    );
    expect(told(lintFolder(workspace({ 'belay.yaml': losing, [BASE_RUNBOOK]: claims })))).toEqual([
      `base.runbook.md:${lineOf(claims, 'no order is lost')} claim-vs-mode (warning)`,
      `base.runbook.md:${lineOf(claims, 'nenhum pedido')} claim-vs-mode (warning)`,
    ]);
    expect(told(lintFolder(workspace({ [BASE_RUNBOOK]: claims })))).toEqual([]);
    expect(told(lintFolder(workspace({ 'belay.yaml': losing })))).toEqual([]);
  });
});

describe('drafts of typed steps', () => {
  const filled = (command: string): string => (draftOf(command) ?? []).join('\n').replaceAll('???', 'shop');

  test.each([
    ['git revert abc1234 --no-edit', 'deploy.revert', 'commit: "abc1234"'],
    ['git checkout v0.9.9', 'deploy.rollback', 'to: "v0.9.9"'],
    ['git push origin main --force', 'deploy.rollback', 'to: "shop"'],
    ['heroku rollback v40', 'deploy.rollback', 'to: "v40"'],
    ['docker run -d --name web web:rollback', 'deploy.rollback', 'driver docker'],
    ['curl https://shop.acme.com/health', 'verify', '{component.shop.url}/health'],
    [`psql "$URL" -c "INSERT INTO julia_status (status) VALUES ('pausado')"`, 'belay.pause', 'why'],
    ["INSERT INTO julia_status (status) VALUES ('ativo')", 'belay.resume', ''],
  ])('%s becomes %s, which the lint accepts once it is filled', (command, action, holds) => {
    const draft = filled(command);
    expect(draft.split('\n')[0]).toContain(action);
    expect(draft).toContain(holds);
    expect(draft).not.toContain('acme.com');
    const text = `---\nbelay: 1\nid: draft\ntitle: Draft\n---\n\n## Do\n\n### It\n\`\`\`${draft}\n\`\`\`\n`;
    const mine = lintFolder(workspace({ 'runbooks/draft.runbook.md': text })).diagnostics.filter((one) =>
      one.file.endsWith('draft.runbook.md'),
    );
    expect(mine.filter((one) => one.severity === 'error')).toEqual([]);
  });

  test('of an unknown command there is none', () => {
    expect(['ls', 'git log', 'pg_dump "$URL"'].map(draftOf)).toEqual([null, null, null]);
  });
});
