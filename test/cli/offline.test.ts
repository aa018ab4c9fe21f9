// What works when nothing runs: the pause file, the proof of evidence, the look at the machine.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sealEvidence } from '../../src/domain/evidence.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { foldLog } from '../../src/domain/incident-fold.ts';
import type { Json } from '../../src/domain/json.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { sealStory, storyDrafts, T0 } from '../world/story-log.ts';
import { belay, temporaryFolder } from './belay.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());
const everything = (): readonly string[] => readdirSync(folder.path, { recursive: true, encoding: 'utf8' }).toSorted();
const at = (...parts: readonly string[]): string => join(folder.path, ...parts);

describe('pause without a server', () => {
  test('writes the file durably and says that it is the file that pauses', async () => {
    mkdirSync(at('.belay'));
    const pause = await belay(['pause', '--reason', 'the disk burns', '--json'], { cwd: folder.path });
    expect(pause.code).toBe(0);
    expect(pause.json()).toMatchObject({
      paused: true,
      by: [{ where: 'file', who: 'operator', reason: 'the disk burns' }],
      server: 'not-running',
    });
    expect(JSON.parse(readFileSync(at('.belay', 'pause'), 'utf8'))).toMatchObject({ who: 'operator', reason: 'the disk burns' });
    expect(pause.err).toContain('belay resume');
  });

  test('resume takes only the file away, and says that the store was not asked', async () => {
    mkdirSync(at('.belay'));
    await belay(['pause'], { cwd: folder.path });
    const resume = await belay(['resume', '--json'], { cwd: folder.path });
    expect({ code: resume.code, ...resume.json<object>() }).toEqual({ code: 0, paused: null, cleared: ['file'], server: 'not-running' });
    expect(resume.err).toContain('its store was not asked');
    expect(existsSync(at('.belay', 'pause'))).toBe(false);
  });

  test('in a folder where no Belay has run it refuses, instead of a yes that stops nothing', async () => {
    const pause = await belay(['pause'], { cwd: folder.path });
    expect(pause.code).toBe(2);
    expect(pause.err).toContain('--data DIR');
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test('a server that is alive and silent is not waited for: the file is set within two seconds', async () => {
    mkdirSync(at('.belay'));
    // This process listens nowhere: the port is closed, and the pid lives.
    writeFileSync(
      at('.belay', 'server.json'),
      JSON.stringify({ pid: process.pid, startedTicks: null, startedAt: 0, port: 1, tokenFile: at('.belay', 'token'), version: '0' }),
    );
    writeFileSync(at('.belay', 'token'), 'bly_none');
    const pause = await belay(['pause', '--json'], { cwd: folder.path });
    expect({ code: pause.code, ...pause.json<object>() }).toMatchObject({ code: 0, paused: true, server: 'silent' });
    expect(existsSync(at('.belay', 'pause'))).toBe(true);
    const resume = await belay(['resume'], { cwd: folder.path });
    expect(resume.code).toBe(7);
    expect(existsSync(at('.belay', 'pause'))).toBe(true);
  });
});

describe('evidence verify', () => {
  const digest = createFakeDigest();
  const documents: Record<string, Json> = {};
  const hashes = { irHash: digest.of('ir'), planHash: digest.of('plan') };
  documents[hashes.irHash] = 'ir';
  documents[hashes.planHash] = 'plan';
  const events = sealStory(storyDrafts(hashes));
  const incident = foldLog(events) as Incident;
  const text = sealEvidence(
    { incident, exportedAt: T0, count: events.length, head: incident.head, events, documents, absent: [], journal: [], deliveries: [] },
    digest,
  );

  test('accepts a good file with 0, and the anchored head in it', async () => {
    writeFileSync(at('good.json'), text);
    const verified = await belay(['evidence', 'verify', 'good.json', '--head', incident.head], { cwd: folder.path });
    expect({ code: verified.code, err: verified.err }).toEqual({ code: 0, err: '' });
    expect(verified.out).toContain(`${events.length} events, nothing was changed`);
    const json = (await belay(['evidence', 'verify', '-', '--json'], { input: text })).json();
    expect(json).toMatchObject({ ok: true, incident: incident.id, events: events.length, head: incident.head, problems: [] });
  });

  test.each([
    ['one byte', (good: string) => good.replace('"severity":"P1"', '"severity":"P2"')],
    ['the end', (good: string) => good.slice(0, -200)],
    ['an event', (good: string) => good.replace(/\n\{[^\n]*"seq":3[^\n]*\n/, '\n')],
  ])('rejects a file without %s as it was, with 4 and the problem', async (_what, damage) => {
    const damaged = damage(text);
    expect(damaged).not.toBe(text);
    writeFileSync(at('bad.json'), damaged);
    const verified = await belay(['evidence', 'verify', 'bad.json'], { cwd: folder.path });
    expect(verified.code).toBe(4);
    expect(verified.out).toContain('does not hold');
    const json = (await belay(['evidence', 'verify', 'bad.json', '--json'], { cwd: folder.path })).json<{
      ok: boolean;
      problems: unknown[];
    }>();
    expect({ ok: json.ok, some: json.problems.length > 0 }).toEqual({ ok: false, some: true });
  });

  test('a head that the log does not contain is a problem, and one that is no hash a mistake of the caller', async () => {
    writeFileSync(at('good.json'), text);
    const other = await belay(['evidence', 'verify', 'good.json', '--head', 'a'.repeat(64)], { cwd: folder.path });
    expect({ code: other.code, names: other.out.includes('anchor-not-found') }).toEqual({ code: 4, names: true });
    expect((await belay(['evidence', 'verify', 'good.json', '--head', 'abc'], { cwd: folder.path })).code).toBe(2);
  });

  test('a file that is not there ends with 2', async () => {
    const verified = await belay(['evidence', 'verify', 'none.json'], { cwd: folder.path });
    expect({ code: verified.code, says: verified.err.includes('There is no file none.json') }).toEqual({ code: 2, says: true });
  });
});

describe('doctor', () => {
  test('looks at everything, names what is wrong with a next step, and leaves every file as it was', async () => {
    await belay(['init', '--yes', '--metrics-url', 'http://127.0.0.1:1/metrics'], { cwd: folder.path });
    const before = everything();
    const doctor = await belay(['doctor', '--json'], { cwd: folder.path });
    const { findings } = doctor.json<{ findings: { what: string; state: string; todo?: string }[] }>();
    const id = findings.find((one) => one.what.startsWith('source '))?.what.slice('source '.length) ?? '';
    expect(doctor.code).toBe(1);
    expect(findings.filter((one) => one.state === 'fail').map((one) => one.what)).toEqual([`source ${id}`, `target ${id}`]);
    expect(findings.filter((one) => one.state === 'fail' && one.todo === undefined)).toEqual([]);
    for (const what of ['versions', 'data directory', 'disk', 'store', 'socket path', 'clock', 'server', 'pause', 'configuration'])
      expect(findings.map((one) => one.what)).toContain(what);
    expect(everything()).toEqual(before);
  });

  test('looks at sources that have no address, and at the disk that one of them reads', async () => {
    const written = (path: string) => `belay: 1\nname: Shop\nsources:\n  machine: { driver: host, every: 5s, path: ${path} }\n`;
    const said = async () => {
      const doctor = await belay(['doctor', '--json'], { cwd: folder.path });
      const { findings } = doctor.json<{ findings: { what: string; state: string; says: string; todo?: string }[] }>();
      return { code: doctor.code, ...findings.find((one) => one.what === 'source machine') };
    };
    writeFileSync(at('belay.yaml'), written('.'));
    expect(await said()).toMatchObject({ code: 0, state: 'ok' });
    writeFileSync(at('belay.yaml'), written('backup'));
    expect(await said()).toMatchObject({ code: 1, state: 'fail', todo: expect.stringContaining('name a folder that is there') });
  });

  test('ends with 0 in a folder without anything', async () => {
    expect((await belay(['doctor'], { cwd: folder.path })).code).toBe(0);
  });
});
