// Every command with its arguments, options and summary. What a command does is loaded when it is asked for, so that help is quick.
import type { CommandSpec, OptionSpec } from './command-spec.ts';
import { TRUST } from './command-table-trust.ts';

const YES: OptionSpec = { flags: '-y, --yes', about: 'answer yes to questions of the command line; it never grants an approval' };
const ORG: OptionSpec = { flags: '--org <id>', about: 'the organization, for a runbook that serves one' };
const INPUT: OptionSpec = { flags: '--input <name=value>', about: 'an input of the runbook; may be repeated', many: true };

const AUTHORS: readonly CommandSpec[] = [
  {
    usage: 'init',
    about: 'write belay.yaml, a runbook and messages for your service',
    options: [
      { flags: '--name <name>', about: 'what the service is called' },
      { flags: '--url <url>', about: 'where it answers' },
      { flags: '--metrics-url <url>', about: 'its Prometheus page' },
      { flags: '--health-url <url>', about: 'a page that answers 200 while it works' },
      { flags: '--release-dir <dir>', about: 'holds releases/<name>/ and current' },
      { flags: '--pid-file <file>', about: 'where the service writes its pid' },
      { flags: '--signal <signal>', about: 'what makes it load the current release (default SIGHUP)' },
      { flags: '--org <ids>', about: 'organizations told apart by a label, such as acme,globex' },
      { flags: '--flow-file <file>', about: 'a JSON file that says which flow each organization uses' },
      { flags: '--flow-values <stable,next>', about: 'the flows it may name, the safe one first' },
      { flags: '--person <name>', about: 'who answers for it' },
      { flags: '--zone <zone>', about: 'time zone (default: that of this machine)' },
      YES,
    ],
    load: () => import('./commands/init.ts'),
    examples: [
      'belay init',
      'belay init --yes --name shop --metrics-url http://127.0.0.1:8080/metrics --release-dir service --pid-file service/run/shop.pid',
    ],
  },
  {
    usage: 'lint [files...]',
    about: 'every problem of the configuration, with its place',
    options: [
      { flags: '--level', about: 'the rung of the adoption ladder that each runbook stands on, and what the next one wants' },
      { flags: '--format <form>', about: 'sarif: for the code scanning of a repository, which shows findings in pull requests' },
    ],
    load: () => import('./commands/lint.ts'),
    examples: [
      'belay lint',
      'belay lint --level',
      'belay lint runbooks/deploy-rollback.runbook.md',
      'belay lint --json | jq .diagnostics',
      'belay lint --format sarif > belay.sarif',
    ],
  },
  {
    usage: 'lsp',
    about: 'speak with an editor: problems, completion and help while you write (language server protocol on stdin and stdout)',
    options: [{ flags: '--stdio', about: 'as editors say it; there is no other way' }],
    load: () => import('./commands/lsp.ts'),
  },
  {
    usage: 'lock',
    about: 'write belay.lock: the steps and the hash of each runbook, so that a step that vanishes shows in review',
    load: () => import('./commands/lock.ts'),
  },
  {
    usage: 'render [runbook]',
    about: 'a runbook for paper, a wiki or the public, with secrets masked; without one: what may be typed, on one sheet',
    options: [
      { flags: '--public', about: 'for everybody: an internal runbook is redacted, addresses and people are masked' },
      { flags: '--md', about: 'Markdown (as without it)' },
      { flags: '--html', about: 'a page for the browser' },
      { flags: '--print', about: 'a page for paper, with room for initials' },
      { flags: '--out <file>', about: 'write it here; a file that is there already is not touched' },
    ],
    load: () => import('./commands/render.ts'),
    examples: ['belay render deploy-rollback --print --out rollback.html', 'belay render --html', 'belay render deploy-rollback --public'],
  },
  { usage: 'doctor', about: 'what is reachable and what is not; changes nothing', load: () => import('./commands/doctor.ts') },
];

const SERVING: readonly CommandSpec[] = [
  {
    usage: 'up',
    about: 'watch the system of this folder, with the war room',
    options: [{ flags: '--port <n>', about: 'port of the war room on 127.0.0.1 (default 7070; 0 picks a free one)' }],
    load: () => import('./commands/up.ts'),
  },
  {
    usage: 'demo',
    about: 'the first-rollback story on real parts, in a minute',
    options: [
      { flags: '--scenario <name>', about: 'deploy: a bad release for everybody; org: a bad flow for one organization' },
      { flags: '--port <n>', about: 'port of the war room (default 7070; 0 picks a free one)' },
      { flags: '--exit', about: 'end when the story ends' },
    ],
    load: () => import('./commands/demo.ts'),
  },
];

const READS: readonly CommandSpec[] = [
  { usage: 'status', about: 'what is open, what waits for whom, what is paused', load: () => import('./commands/status.ts') },
  {
    usage: 'releases <target>',
    about: 'releases of a target: live, stable since when, hotfix or feature, which can be put back',
    load: () => import('./commands/releases.ts'),
    examples: ['belay releases shop', 'belay releases shop --json'],
  },
  {
    usage: 'contingencies',
    about: 'temporary measures of all incidents, what is overdue first: whose, until when, how each ends',
    options: [{ flags: '--all', about: 'those that were lifted, too' }],
    load: () => import('./commands/contingencies.ts'),
  },
  {
    usage: 'watch [incident]',
    about: 'the status, or one incident, live in the terminal',
    load: () => import('./commands/watch.ts'),
    examples: ['belay watch', 'belay watch INC-1', 'belay watch INC-1 | tee incident.log'],
  },
  {
    usage: 'incident <incident>',
    about: 'one incident on one screen, and its timeline',
    options: [{ flags: '--log <n>', about: 'how many lines of the timeline to show (default 10; all)' }],
    load: () => import('./commands/incident.ts'),
  },
  {
    usage: 'triggers [trigger]',
    about: 'where every trigger stands, worst first; with one named, how it stands and why',
    options: [
      { flags: '--org <id>', about: 'one organization' },
      { flags: '--state <state>', about: 'breached, suspect, unknown, warming, cleared or ok' },
      { flags: '--limit <n>', about: 'how many organizations to show (default 20)' },
    ],
    load: () => import('./commands/triggers.ts'),
    examples: ['belay triggers', 'belay triggers http-5xx --org acme', 'belay triggers --state unknown --json'],
  },
  {
    usage: 'explain <what>',
    about: 'why an incident began, or why a trigger fires or does not, in plain sentences',
    options: [{ flags: '--org <id>', about: 'one organization of a trigger' }],
    load: () => import('./commands/explain.ts'),
    examples: ['belay explain INC-1', 'belay explain http-5xx', 'belay explain http-5xx --org acme --lang pt-BR'],
  },
  {
    usage: 'refused [source]',
    about: 'what senders sent and the door refused: why nothing arrives',
    options: [{ flags: '--body', about: 'with the beginning of each body; secrets are masked' }],
    load: () => import('./commands/refused.ts'),
    examples: ['belay refused', 'belay refused whatsapp --body'],
  },
  {
    usage: 'plan <runbook>',
    about: 'what a runbook would do now, and its hash',
    options: [ORG, INPUT],
    load: () => import('./commands/plan.ts'),
    examples: ['belay plan deploy-rollback', 'belay plan org-rollback --org acme'],
  },
];

const WRITES: readonly CommandSpec[] = [
  {
    usage: 'run [runbook]',
    about: 'start a runbook and follow it until it ends or waits; or steer one that runs',
    options: [
      ORG,
      INPUT,
      { flags: '--plan <hash>', about: 'only this plan: its hash, or the first 8 characters' },
      { flags: '--until-end', about: 'keep following while it waits for people' },
      { flags: '--detach', about: 'start it and return' },
      { flags: '--dry-run', about: 'show the plan and its hash, start nothing' },
      { flags: '--until <step>', about: 'rest after this step, until --continue' },
      { flags: '--skip <step>', about: 'do not do this step, and write why into the record; may be repeated', many: true },
      {
        flags: '--override <guard>',
        about: 'act although this guard does not pass, where the runbook lets you; the record wants the --reason; may be repeated',
        many: true,
      },
      { flags: '--reason <text>', about: 'of --skip, --override and --abort' },
      { flags: '--continue <incident>', about: 'let a run that rests go on; with --skip, without these steps' },
      { flags: '--take-over <incident>', about: 'drive a run that somebody else began' },
      { flags: '--abort <incident>', about: 'stop a run where it stands; nothing is taken back, and the incident stays open' },
      YES,
    ],
    load: () => import('./commands/run.ts'),
    examples: [
      'belay run deploy-rollback',
      'belay run org-rollback --org acme --plan 3f2a9c01 --detach',
      'belay run deploy-rollback --until switch',
      'belay run deploy-rollback --override fresh-backup --reason "the old one is good enough"',
      'belay run --continue INC-1',
      'belay run --abort INC-1 --reason "wrong release"',
    ],
  },
  {
    usage: 'approve <incident>',
    about: 'grant or deny the plan that waits, by its hash',
    options: [
      { flags: '--plan <hash>', about: 'the plan that you have read: its hash, or the first 8 characters' },
      { flags: '--deny', about: 'say no' },
      { flags: '--reason <text>', about: 'why not; or why all the same, where the yes overrides a guard' },
      { flags: '-y, --yes', about: 'has no effect here: an approval is for a plan, not for a question' },
    ],
    load: () => import('./commands/approve.ts'),
    examples: [
      'belay approve INC-1',
      'belay approve INC-1 --plan 3f2a9c01',
      'belay approve INC-1 --plan 3f2a9c01 --reason "the old backup is good enough"',
      'belay approve INC-1 --deny --reason "the cause is elsewhere"',
    ],
  },
  {
    usage: 'answer <incident> [step]',
    about: 'answer a step that waits for people',
    options: [
      { flags: '--tick <item>', about: 'a box of the checklist: its text, its number, or all; may be repeated', many: true },
      { flags: '--set <name=value>', about: 'an answer; may be repeated', many: true },
      { flags: '--choose <option>', about: 'one of the choices' },
      { flags: '--refuse <reason>', about: 'it cannot or shall not be done' },
      { flags: '--note <text>', about: 'goes into the log with the ticks' },
    ],
    load: () => import('./commands/answer.ts'),
    examples: ['belay answer INC-1', 'belay answer INC-1 look --tick all --set orders_stuck=3', 'belay answer INC-1 switch --choose undo'],
  },
  { usage: 'note <incident> <text...>', about: 'write a note into the log of an incident', load: () => import('./commands/note.ts') },
  {
    usage: 'pause',
    about: 'stop every new effect; needs no server and no store',
    options: [{ flags: '--reason <text>', about: 'why, for the others' }],
    load: () => import('./commands/pause.ts'),
  },
  { usage: 'resume', about: 'let effects begin again', load: () => import('./commands/resume.ts') },
  {
    usage: 'silence',
    about: 'tell nobody and do nothing about a trigger for a while; without options: what is silenced',
    options: [
      { flags: '--trigger <id>', about: 'the trigger' },
      { flags: '--all', about: 'every trigger' },
      { flags: '--org <id>', about: 'for this organization alone' },
      { flags: '--for <duration>', about: 'how long, such as 30m or 1h; 7d at most' },
      { flags: '--from <time>', about: 'begins then: a maintenance window, such as 2026-12-01T02:00Z (default: now)' },
      { flags: '--why <text>', about: 'the reason, for those who find it' },
      { flags: '--end <id>', about: 'end this one now, or call it off' },
    ],
    load: () => import('./commands/silence.ts'),
    examples: [
      'belay silence --trigger http-5xx --for 1h --why "load test"',
      'belay silence --trigger http-5xx --org acme --from 2026-12-01T02:00Z --for 2h --why "their database moves"',
      'belay silence',
      'belay silence --end SIL-1',
    ],
  },
  {
    usage: 'freeze [scope]',
    about: 'put nothing new live for an organization or on a component; without a scope: what is frozen',
    options: [{ flags: '--why <text>', about: 'the reason, for those whom it stops' }],
    load: () => import('./commands/freeze.ts'),
    examples: ['belay freeze', 'belay freeze org/acme --why "v2 is being repaired"'],
  },
  {
    usage: 'thaw <scope>',
    about: 'let things be put live there again',
    options: [{ flags: '--why <text>', about: 'the reason, for the record' }],
    load: () => import('./commands/thaw.ts'),
    examples: ['belay thaw org/acme --why "the fix is reviewed"'],
  },
  {
    usage: 'report [words...]',
    about: 'report what you see: a trigger and your words, or the words alone where only one may be meant; without: what you may report',
    options: [{ flags: '--org <id>', about: 'the organization that is hit' }],
    load: () => import('./commands/report.ts'),
    examples: ['belay report', 'belay report data-corrupt "orders of yesterday are gone"', 'belay report "no replies" --org acme'],
  },
  {
    usage: 'send <source> <file>',
    about: 'send the rows of a CSV, JSON or NDJSON file to a source of driver push; the same file again counts once',
    options: [
      { flags: '--count <column=name>', about: 'a column of numbers that are counted under this name; may be repeated', many: true },
      { flags: '--mean <column=name>', about: 'a column whose numbers are averaged: counts name_sum and name_count', many: true },
      { flags: '--label <column=label>', about: 'a column that becomes a label; may be repeated', many: true },
      { flags: '--at <column>', about: 'the column with the time (default: at, time or timestamp; else now)' },
      { flags: '--decimal <mark>', about: 'comma or dot (default: comma where columns are separated by ;)' },
      { flags: '--dry-run', about: 'check the file and show the sums, send nothing' },
    ],
    load: () => import('./commands/send.ts'),
    examples: ['belay send product nps.csv --mean nota=nps_score --at data --dry-run', 'belay send product lessons.json'],
  },
  { usage: 'close <incident>', about: 'close a resolved incident', load: () => import('./commands/close.ts') },
];

const EVIDENCE: CommandSpec = {
  usage: 'evidence',
  about: 'export an incident as one file; verify it offline; keep what is missing by hand',
  under: [
    {
      usage: 'export <incident>',
      about: 'the whole record of an incident as one sealed file, on stdout or in --out',
      options: [{ flags: '--out <file>', about: 'write it here; a file that is there already is not touched' }],
      load: () => import('./commands/evidence-export.ts'),
    },
    {
      usage: 'keep <incident> <evidence> [text...]',
      about: 'evidence that no step could capture, by hand: as words, or a file; secrets in it are hidden',
      options: [{ flags: '--file <file>', about: 'what to keep, up to 64 KiB; - reads stdin' }],
      load: () => import('./commands/evidence-keep.ts'),
      examples: ['belay evidence keep INC-1 webhook-log --file excerpt.log', 'belay evidence keep INC-1 go-live 2 December, 10 h'],
    },
    {
      usage: 'verify <file>',
      about: 'prove offline that nothing in the file was changed; - reads stdin',
      options: [{ flags: '--head <hash>', about: 'the hash from the resolve message: finds a log that was rewritten as a whole' }],
      load: () => import('./commands/evidence-verify.ts'),
    },
  ],
};

const OUT_DIR: OptionSpec = { flags: '--out <dir>', about: 'write the files there; files that are there already are not touched' };

const EXCHANGE: readonly CommandSpec[] = [
  {
    usage: 'import [file]',
    about: 'a runbook from any Markdown document, and what became of each part of it; or triggers from rules of another watcher',
    options: [{ flags: '--out <file>', about: 'write it here; a file that is there already is not touched' }],
    load: () => import('./commands/import.ts'),
    examples: ['belay import ROLLBACK.md', 'belay import ROLLBACK.md --out runbooks/rollback.runbook.md'],
    under: [
      {
        usage: 'prometheus <files...>',
        about: 'rule files of Prometheus or vmalert as a part of belay.yaml, and what became of each rule',
        options: [{ flags: '--out <file>', about: 'write it here; a file that is there already is not touched' }],
        load: () => import('./commands/import-prometheus.ts'),
        examples: ['belay import prometheus rules.yml', 'belay import prometheus rules/*.yml --out imported.yaml'],
      },
    ],
  },
  {
    usage: 'export',
    about: 'triggers as rules of another watcher',
    under: [
      {
        usage: 'prometheus',
        about: 'rules of Prometheus that say what can be said of the triggers, with tests for promtool',
        options: [OUT_DIR],
        load: () => import('./commands/export-prometheus.ts'),
        examples: ['belay export prometheus', 'belay export prometheus --out prometheus-rules'],
      },
    ],
  },
];

export const COMMANDS: readonly CommandSpec[] = [...SERVING, ...AUTHORS, ...TRUST, ...READS, ...WRITES, EVIDENCE, ...EXCHANGE];
