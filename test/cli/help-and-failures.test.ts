import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { belay, temporaryFolder } from './belay.ts';

const names = COMMANDS.map((one) => one.usage.split(' ')[0] ?? '');

describe('help', () => {
  test('lists every command once, on stdout, and ends with 0', async () => {
    const help = await belay(['--help']);
    const listed = [...(help.out.split('Commands:\n')[1] ?? '').matchAll(/^ {2}([a-z-]+)/gm)].map((match) => match[1]);
    expect({ code: help.code, err: help.err, listed }).toEqual({ code: 0, err: '', listed: names });
    expect(Math.max(...help.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test.each(['run', 'approve', 'answer', 'init', 'evidence'])('of %s names its options and stays within 80 columns', async (name) => {
    const help = await belay([name, '--help']);
    expect({ code: help.code, err: help.err }).toEqual({ code: 0, err: '' });
    expect(help.out).toContain(`Usage: belay ${name}`);
    expect(help.out.split('\n').filter((line) => line.length > 80 && !line.startsWith('  $ '))).toEqual([]);
  });

  test('the version is that of the package', async () => {
    expect((await belay(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('what was mistyped', () => {
  test.each([
    [['statsu'], 'Did you mean status?'],
    [[], 'No command was given.'],
    [['run'], 'Which runbook?'],
    [['status', '--bad'], "Unknown option '--bad'"],
    [['evidence'], 'needs a second word'],
    [['incident', 'shop'], '"shop" is not an incident'],
    [['status', '--lang', 'de'], '--lang is en or pt-BR'],
    [['up', '--port', 'high'], '--port is a number from 0 to 65535'],
    [['approve', 'INC-1', '--plan', 'xyz'], '--plan "xyz" is not the hash of a plan'],
    [['lint', 'nowhere.yaml'], 'There is no nowhere.yaml'],
  ])('%j ends with 2, a sentence and a next step', async (args, sentence) => {
    const folder = temporaryFolder();
    const ended = await belay(args, { cwd: folder.path });
    folder.remove();
    expect({ code: ended.code, out: ended.out }).toEqual({ code: 2, out: '' });
    expect(ended.err).toContain(sentence);
    expect(ended.err.trimEnd().split('\n').length).toBeGreaterThanOrEqual(2);
  });

  test('with --json the failure is one JSON document on stdout, and a sentence on stderr', async () => {
    const ended = await belay(['status', '--json', '--bad']);
    expect(ended.code).toBe(2);
    expect(ended.json()).toMatchObject({ ok: false, error: { code: 'BELAY_USAGE', exitCode: 2 } });
    expect(ended.err).toContain("Unknown option '--bad'");
  });
});

describe('without a server', () => {
  test.each([
    [['status']],
    [['incident', '1']],
    [['watch']],
    [['run', 'deploy-rollback']],
    [['approve', '1']],
    [['note', '1', 'x']],
    [['close', '1']],
  ])('%j ends with 7 and says how to start one', async (args) => {
    const folder = temporaryFolder();
    const ended = await belay([...args, '--json'], { cwd: folder.path });
    folder.remove();
    expect(ended.code).toBe(7);
    expect(ended.json()).toMatchObject({ ok: false, error: { code: 'BELAY_SERVER_UNREACHABLE', exitCode: 7 } });
    expect(ended.err).toContain('belay up');
  });
});
