// Measures reading and linting a runbook of a thousand steps beside the bare parsers of Markdown and YAML on the same text, and that it grows
// with the steps and no faster.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseDocument } from 'yaml';
import { loadAndLint } from '../../src/config/lint.ts';
import { parseMarkdown } from '../../src/config/markdown.ts';
import { lintTools } from '../../src/local.ts';
import type { Measure } from '../measure.ts';
import { quantile } from '../measure.ts';

const EXAMPLE = path.join(import.meta.dirname, '../../examples/first-rollback');
const STEPS = 1_000;
const ROUNDS = { quick: 5, full: 15 } as const;
const RATIO_AIM = 2;
/** Ten times the steps: so much more than ten times the work is what chance and a larger heap may cost. */
const GROWTH_AIM = 1.3;

export function parse({ full }: { readonly full: boolean }): Measure {
  return {
    name: `Reading and linting a runbook of ${STEPS} steps`,
    how: `One process, CPU time. A folder with belay.yaml and one runbook, read, compiled and linted with every rule as \`belay lint\` does; beside it the same two parsers with the same extensions, and nothing else, over the same text: the Markdown, the front matter, and the YAML of each block. Each side first in turn, after two rounds that are not counted.`,
    run: async () => {
      const dir = mkdtempSync(path.join(tmpdir(), 'belay-bench-parse-'));
      try {
        return await measure(dir, full ? ROUNDS.full : ROUNDS.quick);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
  };
}

async function measure(dir: string, rounds: number): ReturnType<Measure['run']> {
  const tools = await lintTools();
  const folders = [STEPS, STEPS / 10].map((steps) => {
    const folder = path.join(dir, String(steps));
    cpSync(EXAMPLE, folder, { recursive: true });
    const text = runbookOf(steps);
    writeFileSync(path.join(folder, 'runbooks/long.runbook.md'), text);
    return { folder, text };
  });
  const belay = (folder: string) => cpuMs(() => loadAndLint(folder, tools));
  const alone = path.join(dir, 'alone');
  cpSync(EXAMPLE, alone, { recursive: true });
  const [long, short] = folders;
  if (long === undefined || short === undefined) throw new Error('no folder to read');
  demandRead(loadAndLint(long.folder, tools));
  const [ours, theirs, ratios, growth]: number[][] = [[], [], [], []];
  for (let round = -2; round < rounds; round += 1) {
    const base = belay(alone);
    const sides = { ours: 0, theirs: 0 };
    const take = [
      () => {
        sides.ours = belay(long.folder) - base;
      },
      () => {
        sides.theirs = cpuMs(() => bare(long.text));
      },
    ];
    for (const side of round % 2 === 0 ? take : take.toReversed()) side();
    const small = median(Array.from({ length: 5 }, () => belay(short.folder) - base));
    if (round < 0) continue;
    ours?.push(sides.ours);
    theirs?.push(sides.theirs);
    ratios?.push(sides.ours / sides.theirs);
    growth?.push(sides.ours / small / 10);
  }
  return [
    { name: 'read and linted', unit: 'ms', samples: ours ?? [] },
    { name: 'the bare parsers', unit: 'ms', samples: theirs ?? [] },
    { name: 'ratio', unit: '×', samples: ratios ?? [], aim: RATIO_AIM },
    { name: 'a step among 1,000, against one among 100', unit: '×', samples: growth ?? [], aim: GROWTH_AIM },
  ];
}

/** What is refused costs less: the whole runbook must have been understood. */
function demandRead({ drafts }: ReturnType<typeof loadAndLint>): void {
  const long = drafts.runbooks.find((one) => one.runbook.id === 'long');
  if (long?.steps.size !== STEPS) throw new Error(`${String(long?.steps.size)} steps of ${STEPS} were read`);
}

const median = (samples: readonly number[]): number => quantile(samples, 0.5);

function cpuMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** @returns how many blocks there were: what is not used could be left out by the optimizer. */
function bare(text: string): number {
  let blocks = 0;
  for (const node of parseMarkdown(text).children) {
    if (node.type !== 'yaml' && node.type !== 'code') continue;
    parseDocument(node.value, { version: '1.2', schema: 'core', uniqueKeys: true, prettyErrors: false, logLevel: 'silent' });
    blocks += 1;
  }
  return blocks;
}

function runbookOf(steps: number): string {
  const front = `---
belay: 1
id: long
title: A long one
version: 1.0.0
lang: en
owner: commander
visibility: internal
severity: P1
components: [shop]
roles:
  commander: { is: commander }
start: ask
---

# A long one
`;
  return (
    front + Array.from({ length: steps }, (_, index) => (index % 20 === 0 ? `\n## Phase ${index / 20}\n` : '') + stepOf(index)).join('')
  );
}

/** As in the runbooks that people write: acts, checks, and things that people do. */
function stepOf(index: number): string {
  const head = `\n### Step ${index} {#step-${index}}\nWhat it is for, in a sentence with a [link](https://shop.example/docs) and \`a word\`.\n`;
  const blocks = [
    'belay do deploy.freeze\nwith: { target: shop, why: "{incident.id}" }\nundo: { do: deploy.thaw, with: { target: shop } }\ntimeout: 30s',
    'belay verify\nall:\n  - { probe: release, with: { target: shop }, expect: uniform }\nevery: 2s\ntimeout: 1m',
    'belay manual\nwho: commander\ntakes: 5m',
    'belay wait\nfor: 10s',
  ];
  return `${head}\`\`\`${blocks[index % blocks.length]}\n\`\`\`\n`;
}
