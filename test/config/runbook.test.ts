// Markdown → IR: plain documents, every kind of step, what is prose and what is done, and where it came from.
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { describe, expect, test } from 'vitest';
import { irHash, lockEntry, lockText } from '../../src/config/lock-file.ts';
import { compileRunbook } from '../../src/config/runbook.ts';
import type { Runbook, Step } from '../../src/domain/ir.ts';
import { stepsOf } from '../../src/domain/ir.ts';
import type { Json } from '../../src/domain/json.ts';
import { BASE_RUNBOOK, fixture } from './workspace.ts';

const FRONT = '---\nbelay: 1\nid: x\ntitle: X\nroles: { commander: { is: commander } }\n---\n\n## Do\n\n';

function compiled(text: string, file = 'x.runbook.md'): Runbook {
  const { runbook, diagnostics } = compileRunbook(text, file);
  if (runbook === null) throw new Error(JSON.stringify(diagnostics));
  return runbook;
}

const rules = (text: string): readonly string[] => compileRunbook(text, 'x.runbook.md').diagnostics.map((one) => `${one.line} ${one.rule}`);
const outline = (runbook: Runbook) =>
  runbook.phases.map((phase) => [phase.title, phase.steps.map((step) => [step.id, step.kind === 'manual' ? step.checks : []])]);

function step(block: string, prose = ''): Step {
  const [first] = stepsOf(compiled(`${FRONT}### One {#one}\n${prose}\n\`\`\`belay ${block}\n\`\`\`\n`));
  if (first === undefined) throw new Error('no step');
  return first;
}

describe('a plain Markdown document is a manual runbook', () => {
  test('each ### is a step that people tick, with its boxes', () => {
    const runbook = compiled(
      '# Restart\n\nRead first.\n\n## Prepare\n\nSay so.\n\n### Tell them\n- [ ] the team\n- [x] the **client**\n\n### Look\nAt the graphs.\n\n## Do it\n\n### Restart\n1. stop\n2. start\n',
      'docs/Restart the shop.md',
    );
    expect(runbook).toMatchObject({
      id: 'restart-the-shop',
      title: 'Restart',
      severity: 'P2',
      start: 'ask',
      triggers: [],
      text: 'Read first.',
    });
    expect(outline(runbook)).toEqual([
      [
        'Prepare',
        [
          ['tell-them', ['the team', 'the **client**']],
          ['look', []],
        ],
      ],
      ['Do it', [['restart', ['stop', 'start']]]],
    ]);
    expect(runbook.phases[0]?.text).toBe('Say so.');
    expect(stepsOf(runbook)[1]?.text).toBe('At the graphs.');
  });

  test('without ### the sections with lists are the steps', () => {
    const runbook = compiled('# Restart\n\n## Why\n\nBecause.\n\n## Stop\n\n- [ ] stop it\n\n## Start\n\n1. start it\n', 'restart.md');
    expect(outline(runbook)).toEqual([
      ['Stop', [['stop', ['stop it']]]],
      ['Start', [['start', ['start it']]]],
    ]);
    expect(runbook.text).toBe('Because.');
  });

  test('a list alone is one step', () => {
    expect(outline(compiled('- [ ] a\n- [ ] b', 'todo.md'))).toEqual([['todo', [['todo', ['a', 'b']]]]]);
  });

  test('two headings of one name are two steps, deeper headings are prose, and fences are shown and never run', () => {
    const runbook = compiled('## A\n\n### Stop\n\n#### How\n\n```bash\nrm -rf x\n```\n\n### Stop\n- [ ] again\n', 'x.md');
    expect(stepsOf(runbook).map((one) => one.id)).toEqual(['stop', 'stop-2']);
    expect(stepsOf(runbook)[0]?.text).toBe('#### How\n\n```bash\nrm -rf x\n```');
  });

  test('a document without anything to do is no runbook', () => {
    expect(rules('# Nothing\n\nJust prose.')).toEqual(['1 no-steps']);
    expect(rules('')).toEqual(['1 no-steps']);
  });

  test('one mistyped fence, and it is a plain document no more', () => {
    expect(rules('# X\n\n## Do\n\n### One\n\n```beley do deploy.freeze\n```\n')).toEqual(['1 front-matter', '7 fence-tag']);
  });
});

describe('a runbook', () => {
  test('keeps the order of phases and steps, its prose, and ids that are written', () => {
    const runbook = compiled(fixture(`base/${BASE_RUNBOOK}`));
    expect(runbook.phases.map((phase) => [phase.id, phase.steps.map((one) => one.id)])).toEqual([
      ['decide', ['think', 'logs', 'approve', 'tell']],
      ['roll-back', ['freeze', 'switch']],
      ['verify', ['answers', 'watch']],
      ['roll-forward', ['where', 'window', 'forward']],
    ]);
    expect(runbook.text).toBe('Read this first.');
    expect(runbook.phases[1]?.text).toBe('The order matters.');
    expect(stepsOf(runbook)[0]).toMatchObject({ checks: ['Look at the graphs', 'Ask the team'], text: '' });
    expect(stepsOf(runbook)[5]).toMatchObject({ text: 'Only this organization.' });
    expect(runbook.triggers).toEqual(['http-5xx', 'slow']);
    expect(runbook.templates['initial']?.['pt-BR']).toContain('{components} falha');
  });

  test('line ends of Windows, a byte order mark and other fences change nothing', () => {
    const text = fixture(`base/${BASE_RUNBOOK}`);
    const windows = compileRunbook(`\uFEFF${text.replaceAll('\n', '\r\n')}`, 'x.runbook.md');
    expect(windows.diagnostics).toEqual([]);
    expect(windows.runbook?.phases).toEqual(compiled(text).phases);
    expect(compiled(text.replaceAll('```', '~~~~'), 'x').phases.map((phase) => phase.steps.length)).toEqual([4, 2, 2, 3]);
  });

  test('positions point into the Markdown file, also with Windows line ends', () => {
    const text = fixture(`base/${BASE_RUNBOOK}`).replace('within: 15m', 'within: 2 mins').replaceAll('\n', '\r\n');
    expect(compileRunbook(text, 'x').diagnostics).toMatchObject([{ line: 46, column: 9, length: 6, didYouMean: '2m' }]);
  });

  test('has a title from its front matter or its heading, and phases of one title have two ids', () => {
    const runbook = compiled('---\nbelay: 1\nid: x\n---\n# From here\n\n## Do\n\n### A\n- [ ] a\n\n## Do\n\n### B\n- [ ] b\n');
    expect(runbook.title).toBe('From here');
    expect(runbook.phases.map((phase) => phase.id)).toEqual(['do', 'do-2']);
  });

  test('without front matter or without an id says so', () => {
    expect(rules('## Do\n\n### A\n```belay wait\nfor: 1m\n```\n')).toEqual(['1 front-matter']);
    expect(rules('---\nbelay: 1\n---\n# X\n\n## Do\n\n### A\n- [ ] a\n')).toEqual(['2 missing-key']);
    expect(rules('\n---\nbelay: 1\nid: x\n---\n## Do\n\n### A\n- [ ] a\n').at(0)).toBe('1 front-matter');
    expect(rules('---\nbelay: 2\nid: x\ntitle: X\n---\n## Do\n\n### A\n- [ ] a\n')).toEqual(['2 wrong-type']);
  });

  test('the kinds and keys that are not available yet are told as such', () => {
    expect(
      compileRunbook(`${FRONT}## P\n### S\n\`\`\`belay each other\nover: [a]\nlock: a\n\`\`\`\n`, 'x.md').diagnostics.map(
        (one) => one.rule,
      ),
    ).toEqual(['not-available']);
    expect(compileRunbook(FRONT.replace('id: x', 'id: x\ndrill: { goal: 30m }').concat('### A\n- [ ] a\n'), 'x').diagnostics).toMatchObject(
      [{ rule: 'not-available', severity: 'warning' }],
    );
  });
});

describe('every kind of step', () => {
  const base = { id: 'one', title: 'One', text: '', who: 'commander', fail: { then: 'stop' }, meets: [], evidence: [] };

  test('manual', () => {
    expect(step('manual\ncount: 3\nwithin: 5m\nanswers: { link: { type: url } }', '- [ ] look')).toEqual({
      ...base,
      kind: 'manual',
      checks: ['look'],
      count: 3,
      withinMs: 300_000,
      answers: { link: { type: 'url' } },
    });
  });

  test('approve', () => {
    expect(step('approve\nshow: [plan, guards, impact]\nmin: 2\ntimeout: 10m\nonTimeout: abort')).toEqual({
      ...base,
      kind: 'approve',
      from: ['commander'],
      min: 2,
      fourEyes: false,
      show: ['plan', 'guards', 'impact'],
      onTimeout: 'abort',
      timeoutMs: 600_000,
    });
  });

  test('choose', () => {
    expect(step('choose\nask: Which?\narms:\n  a: { title: A, goto: one }\n  b: { title: B, human: true }')).toEqual({
      ...base,
      kind: 'choose',
      ask: 'Which?',
      arms: { a: { title: 'A', human: false, goto: 'one' }, b: { title: 'B', human: true } },
    });
  });

  test('do', () => {
    expect(
      step(
        'do deploy.freeze\nwith: { target: shop, deep: { list: [1, true, null, "a"] } }\nirreversible: Because.\nretry: { max: 3, every: 1s, backoff: exp, attempt: 5s }\nfail: goto:one\npre: a == 1\nwho: ana',
      ),
    ).toEqual({
      ...base,
      who: 'ana',
      kind: 'do',
      do: 'deploy.freeze',
      with: { target: 'shop', deep: { list: [1, true, null, 'a'] } },
      irreversible: 'Because.',
      verify: [],
      retry: { max: 3, everyMs: 1000, backoff: 'exp', attemptMs: 5000 },
      fail: { then: 'goto', step: 'one' },
      pre: ['a == 1'],
    });
  });

  test('verify and watch', () => {
    const check = { probe: 'http', with: { url: 'https://a.example' }, expect: 'status == 200' };
    expect(step('verify\nany: [{ probe: http, with: { url: "https://a.example" }, expect: status == 200, for: 1m }]')).toEqual({
      ...base,
      kind: 'verify',
      mode: 'any',
      checks: [{ ...check, forMs: 60_000 }],
      everyMs: 5000,
    });
    expect(step('watch\nfor: 2s\nstrict: 0.5\nall: [{ probe: http, with: { url: "https://a.example" }, expect: status == 200 }]')).toEqual({
      ...base,
      kind: 'watch',
      mode: 'all',
      forMs: 2000,
      checks: [check],
      everyMs: 2000,
      strict: 0.5,
    });
  });

  test('wait, notify and collect', () => {
    expect(step('wait\nfor: 3d')).toEqual({ ...base, kind: 'wait', forMs: 259_200_000 });
    expect(step('notify\ntemplate: initial\nto: team')).toEqual({ ...base, kind: 'notify', template: 'initial', to: ['team'] });
    expect(step('collect\nfrom: [{ probe: log, with: { name: web } }]')).toEqual({
      ...base,
      kind: 'collect',
      from: [{ probe: 'log', with: { name: 'web' } }],
    });
  });

  test.each([
    ['approve', 'approve'],
    ['verify', 'verify'],
    ['watch\nfor: 1m', 'watch'],
    ['wait', 'wait'],
    ['notify', 'notify'],
    ['collect', 'collect'],
    ['choose', 'choose'],
  ])('%s without what it needs is told', (block) => {
    const front = FRONT.replace('roles: { commander: { is: commander } }\n', '');
    expect(rules(`${front}### One\n\`\`\`belay ${block}\n\`\`\`\n`).map((one) => one.split(' ')[1])).toContain('missing-key');
  });
});

describe('hash and lock', () => {
  const hashing = {
    of: (value: Json) =>
      createHash('sha256')
        .update(canonicalize(value) ?? '')
        .digest('hex'),
  };
  const text = fixture(`base/${BASE_RUNBOOK}`);

  test('the hash is of what was shown: prose and conditions change it, the order of keys and comments do not', () => {
    const hash = (source: string) => irHash(compiled(source), hashing);
    expect(hash(text)).toMatch(/^[0-9a-f]{64}$/);
    expect(hash(text.replace('Only this organization.', 'Only that one.'))).not.toBe(hash(text));
    expect(hash(text.replace('value < 0.02', 'value < 0.03'))).not.toBe(hash(text));
    expect(hash(text.replace('timeout: 10m\nonTimeout: escalate', 'onTimeout: escalate # later\ntimeout: 10m'))).toBe(hash(text));
    expect(hash(text.replace('timeout: 10m', 'timeout: 600s'))).toBe(hash(text));
  });

  test('the lock names every step, so that one that vanishes shows', () => {
    const entry = lockEntry(compiled(text), hashing);
    expect(entry.runbook).toBe('base');
    expect(entry.steps).toEqual(['think', 'logs', 'approve', 'tell', 'freeze', 'switch', 'answers', 'watch', 'where', 'window', 'forward']);
    expect(JSON.parse(lockText([compiled(text)], hashing))).toEqual([entry]);
  });
});
