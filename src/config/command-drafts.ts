// Commands of known families as typed steps: what a person would write instead, as a draft to be finished. It decides nothing.

/** What is not in the command and a person must say. */
export const OPEN = '???';

interface Family {
  readonly is: RegExp;
  readonly lines: (match: RegExpExecArray) => readonly string[];
}

const rollback = (driver: string, to: string = OPEN): readonly string[] => [
  'belay do deploy.rollback',
  `with: { target: ${OPEN}, to: "${to}" }   # a target of driver ${driver} in belay.yaml`,
  `undo: { do: deploy.activate, with: { target: ${OPEN}, to: "{release.current}" } }`,
];

const named = (text: string | undefined): string => (text === undefined || /^[<[{$]|^HEAD/.test(text) ? OPEN : text.replace(/["'\\]/g, ''));

const FAMILIES: readonly Family[] = [
  {
    is: /^git\s+revert\s+(?:--\S+\s+)*(\S+)/,
    lines: ([, commit]) => [
      'belay do deploy.revert',
      `with: { target: ${OPEN}, commit: "${named(commit)}" }   # a target of driver git in belay.yaml`,
      'irreversible: the commit that takes it back stays in the history',
    ],
  },
  {
    is: /^git\s+(?:(?:checkout|reset\s+--hard)\b(?!\s+-b\b)(?:\s+(?:--\S+\s+)*([\w./<>-]+))?|push\b)/,
    lines: ([, ref]) => rollback('git', named(ref)),
  },
  { is: /^heroku\s+(?:releases:)?rollback\b(?:\s+(v\d+))?/, lines: ([, version]) => rollback('heroku', named(version)) },
  { is: /^railway\s+(?:rollback|redeploy|up)\b/, lines: () => rollback('railway') },
  { is: /^railway\s+(?:service\s+)?(?:pause|stop|down)\b(?:\s+(\S+))?/, lines: ([, name]) => service('stop', name) },
  { is: /^docker\s+(?:rollback|service\s+(?:rollback|update)|run|build)\b/, lines: () => rollback('docker') },
  { is: /^docker\s+stop\s+(\S+)/, lines: ([, name]) => service('stop', name) },
  { is: /^docker(?:-|\s+)compose\s+(?:restart|up\s+-d)\s+(\S+)/, lines: ([, name]) => service('restart', name) },
  { is: /^docker\s+(?:restart|start)\s+(\S+)/, lines: ([, name]) => service('restart', name) },
  { is: /^kubectl\s+rollout\s+undo\b/, lines: () => rollback('kubernetes') },
  { is: /^kubectl\s+rollout\s+restart\s+(?:\w+\/)?(\S+)/, lines: ([, name]) => service('restart', name) },
  { is: /^pm2\s+deploy\b/, lines: () => rollback('pm2') },
  { is: /^(?:pm2|systemctl|supervisorctl)\s+(?:restart|reload)\s+(\S+)/, lines: ([, name]) => service('restart', name) },
  { is: /^npm\s+run\s+deploy:(?:revert|rollback)\b/, lines: () => rollback(OPEN) },
  {
    is: /^(?:alembic\s+downgrade|knex\s+migrate:(?:down|rollback)|sequelize(?:-cli)?\s+db:migrate:undo|npm\s+run\s+\S*migrat\S*down)/,
    lines: () => ['belay do db.migrateDown', `with: { database: ${OPEN}, to: "${OPEN}" }`, `irreversible: ${OPEN}`],
  },
  {
    is: /^(?:curl|wget|http)\b.*?(https?:\/\/[^\s"'>]+)/,
    lines: ([, address]) => [
      'belay verify',
      'all:',
      `  - { probe: http, with: { url: "${pathOf(address)}" }, expect: status == 200 }`,
      'timeout: 2m',
    ],
  },
  {
    is: /^(?:psql\b.*-c\s+["'])?INSERT\s+INTO\s+\w*status\w*\b.*?(paus|ativ|activ|resum)/i,
    lines: ([, word]) => (/^paus/i.test(word ?? '') ? ['belay do belay.pause', `with: { why: "${OPEN}" }`] : ['belay do belay.resume']),
  },
];

function service(verb: 'stop' | 'restart', name: string | undefined): readonly string[] {
  const undo =
    verb === 'stop' ? [`undo: { do: service.start, with: { service: ${named(name)} } }`] : ['irreversible: what ran in it has ended'];
  return [`belay do service.${verb}`, `with: { service: ${named(name)} }   # a service of belay.yaml`, ...undo];
}

/** The host belongs into belay.yaml; the path is the runbook's. */
function pathOf(address: string | undefined): string {
  const [, path = ''] = /^https?:\/\/[^/]+(\/[^?#]*)?/.exec(address ?? '') ?? [];
  return `{component.${OPEN}.url}${path.replace(/["\\]/g, '')}`;
}

/** The lines of a block to be finished; null for a command of no known family. */
export function draftOf(command: string): readonly string[] | null {
  for (const { is, lines } of FAMILIES) {
    const match = is.exec(command.slice(0, 2_000));
    if (match !== null) return lines(match);
  }
  return null;
}
