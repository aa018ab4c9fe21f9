// What a format of settings files can do, and how it says that it cannot. It opens no file.
import type { SettingValue } from '../../domain/setting.ts';

export type Changes = Readonly<Record<string, SettingValue | null>>;

export interface Format {
  /** @throws FormatProblem for what it cannot read */
  read(text: string): ReadonlyMap<string, SettingValue>;
  /** Everything that is not named stays as it is written. @throws FormatProblem for what it cannot write */
  write(text: string, changes: Changes): string;
  /** How a value would be held. @throws FormatProblem for what it cannot hold */
  held(key: string, value: SettingValue): SettingValue;
}

/** Words for people; `line` counts from 1. */
export class FormatProblem extends Error {
  constructor(what: string, line?: number) {
    super(line === undefined ? what : `line ${line}: ${what}`);
  }
}

export const lineOf = (text: string, at: number): number => text.slice(0, at).split('\n').length;
