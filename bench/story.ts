// Measures the first-rollback story as a user runs it: from an empty data directory and from a used one, by the JSON that it prints.
// It knows the command and nothing of what is behind it.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { loadStory, stopStory } from '../src/cli/demo/story.ts';
import { stopServer } from '../src/cli/server-process.ts';
import type { Figure, Measure } from './measure.ts';
import { makePlace } from './place.ts';
import { memoryMiB } from './process-tree.ts';

interface Story {
  readonly ok: boolean;
  readonly timings: Readonly<Record<'detectMs' | 'decideMs' | 'actMs' | 'proveMs' | 'totalMs', number>>;
}

const root = path.dirname(import.meta.dirname);

async function tell(scenario: string, data: string): Promise<{ readonly story: Story; readonly wallMs: number; readonly peakMiB: number }> {
  const startedAt = performance.now();
  const args = ['bin/bootstrap.mjs', 'start', '--exit', '--json', '--port', '0', '--scenario', scenario, '--data', data];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let said = '';
  let peakMiB = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const sampling = setInterval(() => {
    if (child.pid !== undefined && process.platform === 'linux') peakMiB = Math.max(peakMiB, memoryMiB(child.pid));
  }, 500);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(sampling);
  if (code !== 0)
    throw new Error(`The story "${scenario}" ended with ${String(code)} (by hand: npm start -- --exit --scenario ${scenario}):
${said.slice(-3_000)}`);
  return { story: JSON.parse(out) as Story, wallMs: performance.now() - startedAt, peakMiB };
}

export function storyMeasure(scenario: 'deploy' | 'org', rounds: number): Measure {
  return {
    name: `The first-rollback story, scenario ${scenario}`,
    how: `npm start -- --exit --json --scenario ${scenario}, ${rounds} times in one data directory, the first time empty; seconds as the story's own JSON says.`,
    run: async () => {
      const place = makePlace();
      const data = path.join(place.dir, 'data');
      try {
        const told = [];
        for (let round = 0; round < rounds; round += 1) told.push(await tell(scenario, data));
        return figures(told);
      } finally {
        // A story that failed leaves its processes for the next command to go on with: here there is none.
        await stopServer(data);
        const story = loadStory(data);
        if (story !== null) await stopStory(story);
        await place.remove();
      }
    },
  };
}

function figures(told: readonly Awaited<ReturnType<typeof tell>>[]): readonly Figure[] {
  const seconds = (name: keyof Story['timings']): readonly number[] => told.map(({ story }) => story.timings[name] / 1000);
  return [
    { name: 'detection behind the truth', unit: 's', samples: seconds('detectMs'), aim: 0.65 },
    { name: 'decision', unit: 's', samples: seconds('decideMs') },
    { name: 'decision to the first good answer', unit: 's', samples: seconds('actMs'), aim: 1 },
    { name: 'proof (verify and watch)', unit: 's', samples: seconds('proveMs') },
    { name: 'the whole, as the story says', unit: 's', samples: seconds('totalMs'), aim: 60 },
    { name: 'the whole command, empty directory', unit: 's', samples: told.slice(0, 1).map(({ wallMs }) => wallMs / 1000) },
    { name: 'the whole command, used directory', unit: 's', samples: told.slice(1).map(({ wallMs }) => wallMs / 1000) },
    ...(told.some(({ peakMiB }) => peakMiB > 0)
      ? [{ name: 'peak memory of the tree below the command', unit: 'MiB', samples: told.map(({ peakMiB }) => peakMiB) }]
      : []),
  ].filter((figure) => figure.samples.length > 0);
}
