// A flag together with whoever evaluates it for the applications: it counts as changed only when they would get the new value.
import type { SettingValue } from '../../domain/setting.ts';
import type { Flag } from '../../ports/settings.ts';

export type Evaluate = (org: string | null) => Promise<SettingValue | null>;

export const evaluatedBy = (flag: Flag, evaluate: Evaluate): Flag => ({ ...flag, evaluate });
