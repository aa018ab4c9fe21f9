// What the command line is given by main: adapters behind functions, loaded only when a command needs them.
import type { ParseSql } from '../config/lint-sql.ts';
import type { LintTools } from '../config/lint-types.ts';
import type { Batch } from '../domain/signal.ts';
import type { PulledSpec } from '../domain/source-catalog.ts';
import type { Lang, System } from '../domain/system.ts';
import type { PlanWorld } from '../flows/plan.ts';
import type { OpenStage } from '../flows/rehearse/stage.ts';
import type { PinnedRunbook } from '../flows/world.ts';
import type { Browsers } from '../ports/browser.ts';
import type { Channel } from '../ports/channel.ts';
import type { DeployTarget } from '../ports/deploy-target.ts';
import type { Digest } from '../ports/digest.ts';
import type { Expression } from '../ports/expression.ts';
import type { FlowSwitch } from '../ports/flow-switch.ts';
import type { Http } from '../ports/http.ts';
import type { PauseSwitch } from '../ports/pause.ts';
import type { RuleFiles } from '../ports/rule-files.ts';
import type { ServiceControl } from '../ports/service-control.ts';
import type { Flag, SettingStore } from '../ports/settings.ts';
import type { TrafficSplit } from '../ports/traffic-split.ts';

export interface OpenOptions {
  readonly dataDir: string;
  readonly system: System;
  readonly runbooks: Readonly<Record<string, PinnedRunbook>>;
  /** Folder that relative paths of the configuration start from. */
  readonly baseDir: string;
  readonly port: number;
  readonly databaseUrl?: string | undefined;
  readonly version: string;
  /** The environment: of what is started beside, each gets what it needs of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One line for people about what is going on. */
  readonly say: (line: string) => void;
}

export interface OpenedBelay {
  readonly url: string;
  readonly port: number;
  readonly loginLink: string;
  close(): Promise<void>;
}

/** Adapters that are only looked through. */
export interface LocalParts {
  readonly http: Http;
  readonly targets: Readonly<Record<string, DeployTarget>>;
  readonly switches: Readonly<Record<string, FlowSwitch>>;
  readonly services: Readonly<Record<string, ServiceControl>>;
  readonly proxies: Readonly<Record<string, TrafficSplit>>;
  readonly flags: Readonly<Record<string, Flag>>;
  readonly configs: Readonly<Record<string, SettingStore>>;
  readonly channels: Readonly<Record<string, Channel>>;
  readonly browsers: Browsers;
  readonly plan: PlanWorld;
  /** One reading of a source that Belay reads, within so much time. @throws BELAY_CONFIG_INVALID for options that mean nothing */
  read(source: PulledSpec, withinMs: number): Promise<Batch>;
}

export interface Rehearsed {
  readonly system: System;
  readonly runbooks: Readonly<Record<string, PinnedRunbook>>;
}

export interface Wiring {
  /** The environment, read once by main. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  openBelay(options: OpenOptions): Promise<OpenedBelay>;
  /** Loopback only: the CLI speaks to nobody else. */
  http(): Promise<Http>;
  /** The pause file of a data directory, for when no server answers: it alone is set, read and cleared; the store's row is not seen. */
  pauseFile(dataDir: string): Promise<PauseSwitch>;
  /** What the lint asks of the expression language and of templates. */
  lintTools(): Promise<LintTools>;
  /** Postgres' own parser; absent: files of SQL are not looked into. */
  readonly sqlParser?: () => Promise<ParseSql>;
  /** The adapters of a configuration, to look through: what `doctor` and a plan without a server read. */
  openParts(o: { readonly system: System; readonly baseDir: string; readonly dataDir: string }): Promise<LocalParts>;
  /** Rules of Prometheus, in and out. */
  ruleFiles(): Promise<RuleFiles>;
  /** The language of conditions, to evaluate them. */
  expression(): Promise<Expression>;
  /** Answers an editor on stdin and stdout, in its own language where none was asked for. Ends with the process. */
  serveEditor(o: { readonly lang: Lang | null }): Promise<void>;
  /** A world that is made up, in which scenes of runbooks are carried out. */
  rehearsal(o: Rehearsed): Promise<OpenStage>;
  /** Hashes without a secret key: enough to verify and to pin runbooks. */
  digest(): Promise<Digest>;
}
