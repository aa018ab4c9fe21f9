// Commands that do something else than people think when they paste them: which rule each breaks, why, and what to type instead.
// Facts about programs, tried out or documented by their makers. It reads one command; where it stands is the caller's.

export interface Trap {
  readonly rule: TrapRule;
  readonly message: string;
  readonly hint: string;
}

export type TrapRule =
  | 'unknown-command'
  | 'relative-undo'
  | 'force-push'
  | 'destructive-supabase-down'
  | 'destructive-reset'
  | 'restore-over-live'
  | 'redis-save-blocks'
  | 'pooler-for-dump'
  | 'address-for-dump'
  | 'smoke-readonly';

interface Pattern {
  readonly is: RegExp;
  readonly not?: RegExp;
  readonly rule: TrapRule;
  readonly message: string;
  readonly hint: string;
}

/** Words that people write after a program and that it does not have. */
const UNKNOWN: readonly (readonly [program: string, words: string, instead: string])[] = [
  [
    'docker',
    'rollback|revert|undo',
    'docker service update --image <name>@sha256:<digest> <service>, or a step "belay do deploy.rollback".',
  ],
  [
    'docker(?:-| )compose',
    'rollback|revert|undo',
    'set the image in the compose file to the release that you want, then docker compose up -d, or a step "belay do deploy.rollback".',
  ],
  [
    'railway',
    'rollback|pause|resume|unpause|service +(?:pause|resume|unpause|stop)',
    'railway down for one service, or a step "belay do deploy.rollback" with a target of driver railway.',
  ],
  ['kubectl', 'rollback|revert|undo', 'kubectl rollout undo deployment/<name> --to-revision=<n>.'],
  ['git', 'rollback|undo', 'git revert <commit>.'],
  ['pm2', 'rollback|undo', 'check the release out by its name and pm2 reload <app>.'],
  ['npm', 'rollback|revert', 'the version by its name: npm install <package>@<version>.'],
  ['helm', 'undo|revert', 'helm rollback <release> <revision>.'],
  ['heroku', 'revert|undo', 'heroku rollback v<number>.'],
  ['supabase', 'rollback|migration +rollback', 'a migration that takes it back, written and reviewed as any other.'],
  ['alembic', 'rollback|undo|revert', 'alembic downgrade <revision>.'],
  ['prisma', 'rollback|migrate +(?:down|rollback)', 'a migration that takes it back: Prisma has no way down.'],
];

const AGAIN = 'is relative: the same command once more goes one further back';

const RELATIVE: readonly Pattern[] = [
  relative(/^(?:alembic|flask\s+db)\s+downgrade\s+-\d/, 'alembic downgrade <revision>: the one that must be there afterwards.'),
  relative(/^pm2\s+deploy\b.*\brevert\b/, 'the release by its name; a second pm2 revert brings the broken one back.'),
  relative(
    /^docker\s+service\s+(?:rollback\b|update\b.*\s--rollback\b)/,
    'docker service update --image <name>@sha256:<digest> <service>; service rollback swaps the last two, configuration included.',
  ),
  relative(/^kubectl\s+rollout\s+undo\b/, 'kubectl rollout undo … --to-revision=<n>.', /--to-revision[= ]\d/),
  relative(/^heroku\s+(?:releases:)?rollback\b/, 'heroku rollback v<number>.', /\bv\d+\b/),
  relative(/^helm\s+rollback\s+\S+(?:\s+(?:0|-\S+).*)?$/, 'helm rollback <release> <revision>.'),
  relative(/^vercel\s+rollback\s*(?:-.*)?$/, 'vercel rollback <deployment URL>.'),
  relative(/^kamal\s+rollback\s*(?:-.*)?$/, 'kamal rollback <version>.'),
  relative(
    /^cap\b.*\bdeploy:rollback\b/,
    'the release by its name: ROLLBACK_RELEASE=<release> cap … deploy:rollback.',
    /ROLLBACK_RELEASE=/,
  ),
  relative(/^knex\s+migrate:rollback\b/, 'knex migrate:down <file>, one named migration at a time.'),
  relative(/^sequelize(?:-cli)?\s+db:migrate:undo(?::all)?\b/, 'sequelize-cli db:migrate:undo:all --to <file>.', /--(?:to|name)\b/),
  relative(/^migrate-mongo\s+down\b/, 'a step "belay do db.migrateDown": migrate-mongo takes back whatever its files say is last.'),
  relative(/^(?:rails|rake)\s+db:rollback\b/, 'rails db:migrate VERSION=<version>.'),
  relative(/^flyway\b.*\bundo\b/, 'flyway undo -target=<version>.', /-target=/),
  relative(/^(?:node-pg-migrate|umzug)\b.*\bdown\b/, 'down to a migration that is named.', /--(?:to|name)\b|\bdown\s+\d{5,}/),
  relative(
    /^(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?\S*(?:migrat\S*[:_-](?:down|undo|rollback|revert)|(?:down|undo|rollback)[:_-]?migrat)/,
    'the migration that must be the last one afterwards, by its name.',
  ),
  relative(/^git\s+(?:checkout|reset(?:\s+--\w+)?|revert)\b.*\bHEAD(?:[~^]\d*|@\{\d+\})/, 'the commit by its hash or tag.'),
];

function relative(is: RegExp, hint: string, not?: RegExp): Pattern {
  return { is, rule: 'relative-undo', message: AGAIN, hint: `Name what must be live: ${hint}`, ...(not === undefined ? {} : { not }) };
}

const OTHERS: readonly Pattern[] = [
  {
    is: /^git\s+push\b.*(?:\s(?:--force(?:-with-lease)?(?!=)\b|-[a-z]*f[a-z]*\b)|\s\+\S+)/,
    not: /--force-with-lease=\S+:\S+/,
    rule: 'force-push',
    message: 'rewrites history: commits that others have built on vanish from the branch',
    hint: 'git revert <commit> adds a commit instead. If it must be: --force-with-lease=<branch>:<commit that you saw>, after an approval.',
  },
  {
    is: /^supabase(?:@\S+)?\s+(?:-\S+\s+)*(?:migration\s+down|db\s+reset)\b/,
    rule: 'destructive-supabase-down',
    message: 'empties the database and plays every migration again: all data is lost',
    hint: 'Write a migration that takes the change back. Belay never runs this one.',
  },
  {
    is: /^supabase(?:@\S+)?\s+(?:-\S+\s+)*(?:projects|branches)\s+delete\b/,
    rule: 'destructive-supabase-down',
    message: 'deletes the database with all its backups',
    hint: 'Pause the project in place of it: a project that is deleted does not come back. Belay never runs this one.',
  },
  {
    is: /^(?:prisma(?:@\S+)?\s+(?:migrate\s+reset\b|db\s+push\b.*\s--(?:force-reset|accept-data-loss)\b)|(?:bin\/)?(?:rails|rake)\s+db:(?:reset|drop|schema:load|migrate:reset)\b|sequelize(?:-cli)?\s+db:drop\b|typeorm\s+schema:drop\b|drizzle-kit\s+push\b.*\s--force\b|(?:python3?\s+)?manage\.py\s+(?:flush|reset_db)\b)/,
    rule: 'destructive-reset',
    message: 'empties the database, or drops whatever its schema does not name: data is lost',
    hint: 'Take the change back by a migration or by a file of SQL: a step "belay do db.migrateDown" or "belay do db.apply".',
  },
  {
    is: /^pg_restore\b.*\s(?:--clean|-[a-bd-z]*c[a-z]*)\b/,
    rule: 'restore-over-live',
    message: 'drops what is there before it restores: over production that is a second disaster',
    hint: 'Restore into a new database, check it, then switch: pg_restore --dbname="$NEW_DATABASE_URL", without --clean.',
  },
  {
    is: /^redis-cli\b.*\sSAVE\b/i,
    not: /\sBGSAVE\b/i,
    rule: 'redis-save-blocks',
    message: 'stops Redis for everybody until the snapshot is written',
    hint: 'redis-cli BGSAVE writes it in the background; redis-cli LASTSAVE says when it is done.',
  },
  {
    is: /^(?:pg_dump|pg_dumpall|pg_restore)\b.*(?::6543\b|\bpooler\b|pgbouncer|POOLE?R?_?(?:URL|DATABASE)|\bpgpool\b)/i,
    rule: 'pooler-for-dump',
    message: 'goes through the connection pooler, which breaks long sessions and session settings of a dump',
    hint: 'Use the direct connection, port 5432: pg_dump "$DIRECT_DATABASE_URL".',
  },
  {
    is: /^(?:psql|pg_dump|pg_restore)\b.*(?:\$\{?SUPABASE_URL\b|["'\s=]https?:\/\/)/,
    rule: 'address-for-dump',
    message: 'is given an address of the web: that is no database, so the command fails when it is needed',
    hint: 'Give it the connection string, which begins with postgres://: "$DATABASE_URL".',
  },
  {
    is: /^(?:(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?(?:\S*:)?(?:test|e2e|smoke)(?:[:\w-]*)|pytest|vitest|jest|mocha|cypress\s+run|playwright\s+test|newman\s+run|rspec|phpunit|go\s+test|cargo\s+test)\b/,
    not: /read-?only|readonly/i,
    rule: 'smoke-readonly',
    message: 'is a test suite, and nothing says that it changes nothing where it runs',
    hint: 'Run tests that only read, and say so beside the command: # read-only. Or write a step "belay verify".',
  },
];

const PATTERNS: readonly Pattern[] = [...RELATIVE, ...OTHERS];
const MISSING = UNKNOWN.map(([program, words, instead]) => ({ is: new RegExp(`^(${program})\\s+(${words})(?=\\s|$)`), instead }));
const LONGEST = 4_000;

/** @example trapOf('docker rollback crm')?.rule // 'unknown-command' */
export function trapOf(command: string): Trap | null {
  const text = command.slice(0, LONGEST);
  for (const { is, instead } of MISSING) {
    const [, program, word] = is.exec(text) ?? [];
    if (program !== undefined && word !== undefined)
      return {
        rule: 'unknown-command',
        message: `${program} has no command "${word}": it fails when it is needed`,
        hint: `Type instead: ${instead}`,
      };
  }
  const found = PATTERNS.find((one) => one.is.test(text) && one.not?.test(text) !== true);
  return found === undefined ? null : { rule: found.rule, message: `"${shortOf(text)}" ${found.message}`, hint: found.hint };
}

function shortOf(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
