// The log source under the contract of all sources, and as its page in docs describes it: read through the real configuration.
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createHttp, createNet } from '../../../src/adapters/http/index.ts';
import { createLogReader } from '../../../src/adapters/log/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { loadSystem } from '../../../src/config/load.ts';
import type { Batch, Samples } from '../../../src/domain/signal.ts';
import { polled } from '../../../src/flows/detect/poll.ts';
import { openSources } from '../../../src/registry.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';
import { LogFolder, START } from './kit.ts';

signalSourceContract('the log adapter', async () => {
  const log = new LogFolder({ everyMs: 20 });
  const reader = createLogReader(log.spec, { time: systemTime, baseDir: log.dir });
  let readings = 0;
  const counting = {
    ...reader,
    read: async (...args: Parameters<typeof reader.read>) => {
      // Each reading has something to tell.
      if (!troubled) log.write('INFO beat\n');
      const batch = await reader.read(...args);
      readings += 1;
      return batch;
    },
  };
  let troubled = false;
  return {
    source: polled(counting, systemTime),
    beat: async (count) => {
      const enough = readings + count + 1;
      for (let waited = 0; readings < enough && waited < 200 + 40 * count; waited += 10) await systemTime.sleep(10);
    },
    trouble: async (on) => {
      troubled = on;
      if (on) {
        renameSync(log.at(), log.at('aside'));
        mkdirSync(log.at());
      } else {
        rmdirSync(log.at());
        renameSync(log.at('aside'), log.at());
      }
    },
    close: async () => log.remove(),
  };
});

test('the example of its page is read by the configuration, opened by the registry, and counts what the page says', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/sources/log.md'), 'utf8');
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const line = /`(\S+ \[WHATSAPP\] ERROR org=acme [^`]*)`/.exec(page)?.[1] ?? '';
  expect(line).not.toBe('');
  const dir = mkdtempSync(join(tmpdir(), 'belay-log-page-'));
  try {
    writeFileSync(join(dir, 'belay.yaml'), example);
    mkdirSync(join(dir, 'logs'));
    const { system, diagnostics, baseDir } = loadSystem(dir, { env: {} });
    expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
    if (system === null) throw new Error('no system');
    const { sources } = openSources(system, {
      http: createHttp({ allow: [] }),
      net: createNet({ allow: [] }),
      expression: createCel(),
      time: systemTime,
      processes: createProcesses(),
      baseDir,
    });
    expect(sources.map((one) => one.id)).toEqual(['app']);
    const abort = new AbortController();
    const batch = await new Promise<Batch<Samples>>((resolve, reject) => {
      const deliver = async (one: Batch<Samples>): Promise<void> => {
        if (one.samples.length === 0) writeFileSync(join(dir, 'logs/app.log'), `${line}\n`);
        else resolve(one);
      };
      sources[0]?.run(deliver, abort.signal).catch(reject);
    });
    abort.abort();
    expect(batch).toMatchObject({ source: 'app', alive: true });
    expect([...batch.samples].map((one) => ({ ...one, labels: 'labels' in one ? { ...one.labels } : {} }))).toEqual([
      { kind: 'delta', name: 'log_lines', labels: { tag: 'WHATSAPP', level: 'ERROR', org: 'acme' }, at: START, delta: 1 },
    ]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
